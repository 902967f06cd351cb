"""What a visit with a terminal's own settings hands in, judged by central's own rules in production.

Everything in between is real: the visit, the request's body, what central reads and what it requires. No
network, no devices; a clerk decides where the visit asks for one.
"""

from pathlib import Path

import pytest
from msgspec.structs import replace

from central.activation import evidence
from central.activation.activations import sealed_part_refusal
from central.activation.evidence import ChallengeFacts
from central.codes import Code as CentralCode
from central.fleet.clerk_keys import COST
from central.fleet.clerks import StaffPeriod
from central.fleet.readers import ReaderPeriod
from central.protocol.messages import ActivationRequest, Person, Reader
from central.settings import Settings
from kiosk import events as e
from kiosk import settings
from kiosk.activation.messages import RequestOrigin, Sealed, personal_bytes, request_body
from kiosk.card.person_commitment import new_salt, person_commitment
from kiosk.codes import Code
from kiosk.model import (
    Check,
    Clerk,
    Decision,
    Purpose,
    ReviewReason,
    Role,
    Stage,
    VerdictAnswer,
    Way,
)
from kiosk.phrases import load as load_phrases
from kiosk.settings import VisitSettings
from kiosk.simulators.card_reader import READER
from kiosk.staff.review_key import UNKNOWN, ReviewKey
from kiosk.visit.visit import Visit
from tests.kiosk.visit.review_drive import DESK
from tests.kiosk.visit.test_light_in_every_way import LitVisitDriver
from tests.support.activation_terminal import PASSWORD
from tests.support.made_up_cards import date, person
from tests.support.review_signer import key_of, public_key
from tests.support.visit_driver import DIGITS, GOOD_CARD, NUMBER, challenge, changed, policy, scores

OURS = settings.load().visit
"""What a terminal has whose site changes nothing."""
CENTRAL = Settings(data=Path())
STAFF = {
    clerk: [StaffPeriod(role=role, public_key=public_key(clerk), from_unix=0.0, until_unix=None)]
    for clerk, role in (("7001", "clerk"), ("7002", "supervisor"))
}
TEXTS = load_phrases("zh-Hans")
PINNED = [ReaderPeriod(Reader(sam=READER.sam, socket=READER.socket), 0.0, None)]
BEGAN, ENDED = 1_700_000_000.0, 1_700_000_150.0
FACTS = ChallengeFacts(terminal="GZ-009", used_by=NUMBER, issued_unix=BEGAN - 60, expires_unix=BEGAN + 86_400)
ADULT, YOUNG, CHILD = date(1958, 3, 14), date(2007, 6, 1), date(2015, 6, 1)
UNEVEN = (1.3, 0.9, 1.5, 1.0, 1.4, 1.1)
"""As central makes them: a mouth in step with even digits would be in step with the next digit too."""


class Customer(LitVisitDriver):
    """Whom the light falls on, at a terminal with `limits`; reads whatever is shown at uneven pauses."""

    def __init__(self, limits: VisitSettings = OURS) -> None:
        super().__init__(gain=0.15)
        self.visit = Visit(policy(limits, DESK), terminal="T", place="P")

    def feed(self, event, after=0.1):
        if isinstance(event, e.ChallengeTaken):
            event = e.ChallengeTaken(replace(event.challenge, gaps_s=UNEVEN))
        return super().feed(event, after)

    def signature(self) -> e.Event:
        """Sign as the terminal does, with the key of who was attested last."""
        order, who = self.all(e.SignReview)[-1], self.attested
        key = ReviewKey(Clerk(who.clerk, who.role), "GZ-009", key_of(who.clerk))
        return e.ReviewSigned(key.sign(order, who.at_unix + 1.0))

    def time_out(self):
        """Keep looking at the screen, with closed lips, until the time is over."""
        while self.visit.stage is Stage.DIGITS and self.at < self.visit.deadline - 0.1:
            self.see(mouth=0.02)
        return super().time_out()


def begun(
    way: Way = Way.VOICE,
    purpose: Purpose = Purpose.OPEN,
    age: int = 65,
    unhurried: bool = False,
    limits: VisitSettings = OURS,
) -> Customer:
    drive = Customer(limits)
    drive.feed(
        e.Began(
            visit=NUMBER, language="zh-Hans", at_unix=BEGAN, way=way, purpose=purpose, unhurried=unhurried
        )
    )
    text = (TEXTS.clerk_consent_sha256 if way is Way.CLERK else TEXTS.consent_sha256)(purpose)
    drive.feed(e.Agreed("zh-Hans", text, picture=purpose.has_password))
    drive.feed(card_read(age))
    return drive


def card_read(age: int = 65) -> e.CardRead:
    card = person(ADULT if age >= 18 else YOUNG if age >= 14 else CHILD)
    card = replace(card, salt=new_salt())
    facts = replace(GOOD_CARD, age=age)
    return e.CardRead(facts, card=card, reader=READER, person=person_commitment(card))


def typed(drive: Customer) -> Customer:
    """Give what the purpose needs: number and password, the number, or a confirmation."""
    purpose = drive.visit.purpose
    password = "31415926" if purpose.has_password else None
    drive.feed(e.Typed(phone="19900000000", password=password) if purpose.has_phone else e.Confirmed())
    return drive


def matched(drive: Customer, **seen) -> Customer:
    drive.match(**{"live_median": 0.9} | seen)
    return drive


def signed(
    drive: Customer,
    decision: Decision = Decision.APPROVE,
    reason: ReviewReason = ReviewReason.SAME_PERSON,
) -> Customer:
    assert drive.visit.stage is Stage.REVIEW
    drive.sign("7001").decide(decision, reason)
    if drive.visit.stage is Stage.REVIEW and decision is Decision.APPROVE:
        drive.sign("7002", Role.SUPERVISOR)
    return drive


# ── both ends ────────────────────────────────────────────────────────────────────────────────────


def handed_in(drive: Customer) -> e.Evidence:
    (order,) = drive.all(e.Submit)
    return order.evidence


def at_central(found: e.Evidence, simulation: bool = False) -> CentralCode | None:
    """Return why central refuses, or None: first the open part, then the one that was sealed."""
    raw = request_body(
        NUMBER,
        found,
        origin=RequestOrigin("GZ-009", simulation, {"kiosk": "0.1.0"}),
        sealed=Sealed("k", "HPKE-X25519-SHA256-AES256GCM", "AAAA"),
        at_unix=ENDED,
    )
    request = ActivationRequest.model_validate_json(raw)
    rules = CENTRAL.model_copy(update={"simulation": simulation})
    code = evidence.refusal(request, FACTS, ENDED + 60, rules, STAFF, PINNED)
    assert found.card is not None
    password = PASSWORD if found.purpose.has_password else None
    inside = Person.model_validate_json(personal_bytes(found.card, found, b"JPEG", password))
    return code or sealed_part_refusal(request, inside)


def changed_verdict(found: e.Evidence, check: Check, part: str, **numbers) -> e.Evidence:
    """Return the evidence with other numbers in the verdicts of one check; None removes a number."""

    def change(verdict):
        if verdict.check is not check:
            return verdict
        table = {**getattr(verdict, part), **numbers}
        return replace(verdict, **{part: {k: v for k, v in table.items() if v is not None}})

    return replace(found, verdicts=tuple(map(change, found.verdicts)))


# ── what is honest is accepted ───────────────────────────────────────────────────────────────────


def by_voice() -> Customer:
    drive = matched(typed(begun()))
    return drive.read()


def by_head() -> Customer:
    return matched(typed(begun(Way.HEAD))).answer(Way.HEAD)


def by_touch() -> Customer:
    drive = matched(typed(begun(Way.TOUCH))).answer(Way.TOUCH)
    return signed(drive, reason=ReviewReason.CANNOT_SPEAK)


def by_clerk() -> Customer:
    drive = typed(begun(Way.CLERK))
    drive.feed(e.ChallengeTaken(challenge()))
    return signed(drive, reason=ReviewReason.OWN_WISH)


def uncertain_and_approved() -> Customer:
    drive = typed(begun())
    drive.face = {"likeness_mean": 0.42}
    matched(drive, likeness_mean=0.42).read()
    return signed(drive)


def uncertain_and_tried_again() -> Customer:
    """The clerk only gave another try, in which everything passed."""
    drive = typed(begun())
    drive.face = {"likeness_mean": 0.42}
    matched(drive, likeness_mean=0.42).read()
    signed(drive, Decision.AGAIN, ReviewReason.LIGHT)
    drive.face = {}
    return matched(drive).read()


def not_live_and_approved() -> Customer:
    drive = typed(begun())
    for _ in range(3):
        matched(drive, live_median=0.06)
    signed(drive, reason=ReviewReason.LIGHT)
    matched(drive, live_median=0.06, likeness_reviewed=0.8)
    return drive.read()


def light_declined_and_approved() -> Customer:
    drive = matched(typed(begun()))
    drive.feed(e.LightDeclined())
    drive.read()
    signed(drive, reason=ReviewReason.LIGHT)
    matched(drive, likeness_reviewed=0.8)
    return drive.read()


def photographed_and_approved() -> Customer:
    drive = typed(begun())
    drive.feed(e.ReferenceFailed(Code.CARD_PORTRAIT_PHOTOGRAPHED))
    drive.feed(e.ReferenceReady(photographed=True))
    matched(drive, likeness_mean=0.7)
    signed(drive)
    matched(drive, likeness_mean=0.7, likeness_reviewed=0.8)
    return drive.read()


def young_and_accompanied() -> Customer:
    drive = signed(begun(age=16), reason=ReviewReason.GUARDIAN)
    typed(drive)
    return matched(drive).read()


def for_a_child(purpose: Purpose = Purpose.OPEN) -> Customer:
    drive = begun(age=8, purpose=purpose)
    drive.feed(e.GuardianAgreed("zh-Hans", TEXTS.guardian_consent_sha256(purpose)))
    drive.feed(card_read())
    typed(drive)
    matched(drive).read()
    return signed(drive, reason=ReviewReason.HOUSEHOLD_REGISTER)


def another_voice_first() -> Customer:
    """A reading that failed, then one that passed."""
    drive = matched(typed(begun()))
    drive.read((7, 7, 7, 7, 7, 7))
    return drive.read()


def voice_then_head() -> Customer:
    drive = matched(typed(begun()))
    drive.read((7, 7, 7, 7, 7, 7))
    drive.feed(e.WayChosen(Way.HEAD))
    return drive.answer(Way.HEAD)


HONEST = [
    by_voice,
    by_head,
    by_touch,
    by_clerk,
    uncertain_and_approved,
    uncertain_and_tried_again,
    not_live_and_approved,
    light_declined_and_approved,
    photographed_and_approved,
    young_and_accompanied,
    for_a_child,
    another_voice_first,
    voice_then_head,
]


@pytest.mark.parametrize("visit", HONEST, ids=lambda visit: visit.__name__)
def test_what_an_honest_visit_hands_in_is_accepted(visit):
    assert at_central(handed_in(visit())) is None


@pytest.mark.parametrize("way", [Way.VOICE, Way.CLERK])
@pytest.mark.parametrize("purpose", Purpose)
def test_whatever_the_visit_was_begun_for(purpose, way):
    drive = typed(begun(way, purpose=purpose))
    if way is Way.CLERK:
        drive.feed(e.ChallengeTaken(challenge()))
        signed(drive, reason=ReviewReason.OWN_WISH)
    else:
        matched(drive).read()
    assert handed_in(drive).purpose is purpose
    assert at_central(handed_in(drive)) is None


@pytest.mark.parametrize("purpose", [Purpose.NEW_PHONE, Purpose.END, Purpose.ERASE])
def test_a_guardian_asks_for_a_child(purpose):
    found = handed_in(for_a_child(purpose))
    assert found.guardian is not None
    assert at_central(found) is None


def test_a_slow_reader_is_accepted():
    assert at_central(handed_in(matched(typed(begun(unhurried=True))).read())) is None


def test_five_right_digits_are_accepted_however_the_sixth_sounded():
    """As many right as cannot be guessed: the likelihood ratio over all digits is not asked for then."""
    drive = matched(typed(begun()))
    hardly = tuple(0.0 if d == 0 else -0.01 for d in range(11))  # ten digits, nearly as likely
    read_with(drive, [scores(d, 0.02) for d in DIGITS[:5]] + [hardly])
    found = handed_in(drive)
    (digits,) = [v for v in found.verdicts if v.check is Check.DIGITS]
    assert digits.measured["right"] == digits.required["right"] == 5
    assert digits.measured["llr"] < digits.required["llr"]
    assert at_central(found) is None


def read_with(drive: Customer, heard: list[tuple[float, ...]]) -> None:
    """Let the driver read, with these scores in the place of its own."""
    wanted = iter(heard)

    def given(event, after=0.1, feed=drive.feed):
        return feed(replace(event, scores=next(wanted)) if hasattr(event, "scores") else event, after)

    drive.feed = given
    drive.read()


# ── what is missing or too little is refused ─────────────────────────────────────────────────────


MEASURED = [
    (by_voice, Check.FACE, "likeness_mean"),
    (by_voice, Check.FACE, "frames_good"),
    (by_voice, Check.LIVENESS, "live_median"),
    (by_voice, Check.DIGITS, "right"),
    (by_voice, Check.DIGITS, "of"),
    (by_voice, Check.LIPS, "moved"),
    (by_voice, Check.LIPS, "chance"),
    (by_voice, Check.LIGHT, "gain"),
    (by_voice, Check.LIGHT, "fit"),
    (by_voice, Check.LIGHT, "steps"),
    (by_voice, Check.LIGHT, "beaten"),
    (by_voice, Check.CONTINUITY, "longest_gap_s"),
    (by_voice, Check.CONTINUITY, "compared"),
    (by_head, Check.HEAD, "right"),
    (by_touch, Check.TOUCH, "right"),
]
REQUIRED = [
    (by_voice, Check.CARD, "min_age"),
    (by_voice, Check.CARD, "min_age_guarded"),
    (by_voice, Check.FACE, "accept"),
    (by_voice, Check.FACE, "min_frames"),
    (by_voice, Check.LIVENESS, "min_live"),
    (by_voice, Check.DIGITS, "right"),
    (by_voice, Check.DIGITS, "llr"),
    (by_voice, Check.LIPS, "moved"),
    (by_voice, Check.LIPS, "rise"),
    (by_voice, Check.LIPS, "chance"),
    (by_voice, Check.LIGHT, "gain"),
    (by_voice, Check.LIGHT, "fit"),
    (by_voice, Check.LIGHT, "steps"),
    (by_voice, Check.LIGHT, "beaten"),
    (by_voice, Check.CONTINUITY, "max_gap_s"),
    (by_voice, Check.CONTINUITY, "compared"),
    (by_voice, Check.STREAM, "max_repeats"),
    (by_head, Check.HEAD, "right"),
    (by_head, Check.HEAD, "early_s"),
    (by_touch, Check.TOUCH, "right"),
]


@pytest.mark.parametrize(
    ("visit", "check", "part", "name"),
    [(visit, check, "measured", name) for visit, check, name in MEASURED]
    + [(visit, check, "required", name) for visit, check, name in REQUIRED],
)
def test_no_number_may_be_missing(visit, check, part, name):
    """Each name is written by the terminal and read by central, and neither imports the other."""
    found = handed_in(visit())
    written = [v for v in found.verdicts if v.check is check]
    assert written
    assert all(getattr(v, part).get(name) is not None for v in written)
    assert at_central(changed_verdict(found, check, part, **{name: None})) is CentralCode.EVIDENCE_LOWERED


@pytest.mark.parametrize("check", [v for v in Check if v not in (Check.GUARDIAN, Check.HEAD, Check.TOUCH)])
def test_no_verdict_may_be_missing(check):
    found = handed_in(by_voice())
    rest = tuple(v for v in found.verdicts if v.check is not check)
    assert len(rest) < len(found.verdicts)
    assert at_central(replace(found, verdicts=rest)) is CentralCode.EVIDENCE_INCOMPLETE


@pytest.mark.parametrize("visit", [by_voice, by_head, by_touch])
def test_the_light_is_the_challenges_own(visit):
    """Central derives the colours again; those of another challenge, or none, do not count."""
    found = handed_in(visit())
    other = CentralCode.EVIDENCE_REVIEW if found.way is Way.TOUCH else CentralCode.EVIDENCE_INCOMPLETE
    assert at_central(replace(found, challenge="c2")) is other
    dark = changed_verdict(found, Check.LIGHT, "measured", colours="")
    assert at_central(dark) is CentralCode.EVIDENCE_INCOMPLETE
    absent = changed_verdict(found, Check.LIGHT, "measured", colours=None)
    assert at_central(absent) is CentralCode.EVIDENCE_INCOMPLETE


def test_an_approval_without_its_second_signature_is_refused():
    found = handed_in(not_live_and_approved())
    (one,) = found.reviews
    assert one.second is not None
    alone = replace(found, reviews=(replace(one, second=None),))
    assert at_central(alone) is CentralCode.EVIDENCE_REVIEW


@pytest.mark.parametrize(
    "change",
    [
        {"reason": ReviewReason.SAME_PERSON},
        {"code": Code.FACE_UNCERTAIN, "overruled": (Code.FACE_UNCERTAIN,)},
        {"challenge": "c9"},
        {"decision": Decision.AGAIN, "overruled": ()},
    ],
    ids=lambda change: " ".join(change),
)
def test_a_decision_that_was_changed_after_it_was_signed_is_refused(change):
    """Both ends write down what is signed, each by itself."""
    found = handed_in(not_live_and_approved())
    (one,) = found.reviews
    changed_review = replace(found, reviews=(replace(one, **change),))
    assert at_central(changed_review) is CentralCode.EVIDENCE_SIGNATURE


@pytest.mark.parametrize("place", ["first", "second"])
@pytest.mark.parametrize("change", [{"at_unix": BEGAN + 113.0}, {"signature": "A" * 86}, {"signature": ""}])
def test_a_signature_that_is_not_the_clerks_is_refused(place, change):
    found = handed_in(not_live_and_approved())
    (one,) = found.reviews
    forged = replace(one, **{place: replace(getattr(one, place), **change)})
    assert at_central(replace(found, reviews=(forged,))) is CentralCode.EVIDENCE_SIGNATURE


def test_an_unknown_number_costs_as_much_as_a_known_one():
    """The terminal tries a PIN against a key that nothing opens, so the time does not tell who is a clerk."""
    ours = (UNKNOWN.memory_kib, UNKNOWN.passes, UNKNOWN.lanes)
    assert ours == (COST.memory_kib, COST.passes, COST.lanes) == (65_536, 2, 1)


def test_a_clerk_who_only_gave_another_try_overruled_nothing():
    found = handed_in(uncertain_and_tried_again())
    (one,) = found.reviews
    assert (one.decision, one.overruled) == (Decision.AGAIN, ())
    assert at_central(replace(found, reviews=(replace(one, overruled=(one.code,)),))) is not None


def test_without_a_liveness_model_central_accepts_in_simulation_only():
    """A terminal in simulation goes on with `live_median` unknown, and says so."""
    drive = typed(begun(limits=changed(OURS, liveness={"required": False})))
    drive.match().read()
    found = handed_in(drive)
    (live,) = [v for v in found.verdicts if v.check is Check.LIVENESS]
    assert (live.answer, live.measured) == (VerdictAnswer.REVIEW, {"live_median": None})
    assert at_central(found) is CentralCode.EVIDENCE_INCOMPLETE
    assert at_central(found, simulation=True) is None


def test_what_a_request_tells_of_its_visit():
    found = handed_in(voice_then_head())
    assert (found.way, found.challenge, found.began_unix) == (Way.HEAD, "c1", BEGAN)
    assert found.phone == "19900000000"
    assert (found.consent.text_sha256, found.consent.picture) == (TEXTS.consent_sha256(), True)
    assert found.guardian is None
