"""A decision counts only with the signature of a clerk's own key: a terminal's key alone makes none."""

import time
from typing import Any

import pytest

from central.activation import reviews
from central.codes import Code
from central.fleet import alarms
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest, Person
from central.storage.tables import Challenge, ClerkKey, ClerkPost, ReaderPin
from tests.central.test_guardians import CONSENT
from tests.central.test_reviews import (
    AT,
    BEGAN,
    CHALLENGE,
    CLERK,
    STAFF,
    STRICT,
    SUPERVISOR,
    TOUCH,
    body,
    fault,
    fault_as_it_is,
    period,
    review,
    signature,
    uncertain_face,
)
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, person
from tests.support.review_signer import commitment, key_of, signed

DAY_S = 86_400.0
LATE_S = STRICT.clerks.late_s


def fault_of(one: dict[str, Any], **other: Any) -> Code | None:
    """Return why a request with this review of an uncertain face, as it is signed, is refused."""
    return fault_as_it_is(verdicts=uncertain_face(), reviews=[one], **other)


def test_a_signed_review_counts() -> None:
    assert fault_of(signed(review())) is None


@pytest.mark.parametrize("bad", ["", "A" * 86, signed(review(reason="light"))["first"]["signature"]])
def test_a_review_without_its_signature_is_refused(bad: str) -> None:
    one = signed(review())
    one["first"]["signature"] = bad
    assert fault_of(one) is Code.EVIDENCE_SIGNATURE


def test_a_terminal_that_omits_signatures_is_refused() -> None:
    one = review()
    assert "signature" not in one["first"]
    assert fault_of(one) is Code.EVIDENCE_SIGNATURE


@pytest.mark.parametrize(
    "moved",
    [
        signed(review(), visit="7K2M-Q4XR-09TB-HC5E"),
        signed(review(), terminal="GZ-010"),
        signed(review(), keys={"700124": key_of("700200")}),
        signed(review(reason="looks_changed")) | {"reason": "same_person"},
        signed(review(decision="again", overruled=[])) | {"decision": "approve"},
        signed(review(overruled=[])) | {"overruled": ["face.uncertain"]},
        signed(review("face.not_live")) | {"code": "face.uncertain", "overruled": ["face.uncertain"]},
        signed(review()) | {"challenge": "0f2d6a4be1c84b7f9a3b5c6d7e8f9012"},
        signed(review(challenge="another")) | {"challenge": None},
        signed(review(persons=["5a" * 32])) | {"persons": ["a5" * 32]},
    ],
    ids=[
        "visit",
        "terminal",
        "clerk",
        "reason",
        "decision",
        "overruled",
        "code",
        "added",
        "challenge",
        "for",
    ],
)
def test_a_signature_is_of_one_decision_in_one_visit(moved: dict[str, Any]) -> None:
    assert fault_of(moved) is Code.EVIDENCE_SIGNATURE


@pytest.mark.parametrize(
    "change", [{"at_unix": BEGAN + 41}, {"clerk": "700125"}, {"role": "supervisor"}], ids=str
)
def test_a_signature_names_its_signer_and_its_time(change: dict[str, Any]) -> None:
    """Clerk 700125 has the same key here: only the number differs."""
    staff = STAFF | {
        "700125": [period("700124")],
        "700124": [period("700124"), period("700124", "supervisor")],
    }
    one = signed(review())
    one["first"].update(change)
    assert fault_of(one, staff=staff) is Code.EVIDENCE_SIGNATURE


def test_the_second_signature_must_be_genuine_too() -> None:
    both = signed(review("way.clerk", reason="own_wish", second=SUPERVISOR))
    assert fault_as_it_is(way="clerk", verdicts=CLERK, reviews=[both]) is None
    both["second"]["signature"] = both["first"]["signature"]
    assert fault_as_it_is(way="clerk", verdicts=CLERK, reviews=[both]) is Code.EVIDENCE_SIGNATURE


def test_a_first_signature_is_no_second_one() -> None:
    """A supervisor who signed alone has not confirmed what somebody else decided."""
    alone = signed(review("way.clerk", reason="own_wish", first=SUPERVISOR))
    both = signed(review("way.clerk", reason="own_wish")) | {"second": alone["first"]}
    assert fault_as_it_is(way="clerk", verdicts=CLERK, reviews=[both]) is Code.EVIDENCE_SIGNATURE


def test_a_known_clerk_is_no_supervisor() -> None:
    staff = STAFF | {"700125": [period("700125")]}
    for role in ("clerk", "supervisor"):
        second = signature("700125", role, BEGAN + 45)
        both = review("way.clerk", reason="own_wish", second=second)
        assert fault(way="clerk", verdicts=CLERK, staff=staff, reviews=[both]) is Code.EVIDENCE_REVIEW


def test_an_attestation_is_of_the_challenge_that_the_request_names() -> None:
    other, without, good = (
        review("way.attest", second=SUPERVISOR, challenge=challenge)
        for challenge in ("another", None, CHALLENGE)
    )
    for given, code in (
        ([other], Code.EVIDENCE_REVIEW),
        ([without], Code.EVIDENCE_REVIEW),
        ([other, good], None),
    ):
        assert fault(way="touch", verdicts=TOUCH, reviews=given) is code


# ── periods ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("at", "code"), [(BEGAN + 40, None), (BEGAN + 70, Code.EVIDENCE_SIGNATURE)])
def test_after_a_new_pin_the_old_key_signs_for_its_period_only(at: float, code: Code | None) -> None:
    """The PIN was changed at BEGAN - 20; what the old key signed before counts, within the clocks' slack."""
    changed = BEGAN - 20
    staff = {
        "700124": [period("700124", until_unix=changed), period("other", from_unix=changed)],
    }
    assert fault_of(signed(review(first=signature(at=at))), staff=staff) is code


def test_after_a_new_pin_the_new_key_signs() -> None:
    changed = BEGAN - 20
    staff = {"700124": [period("700124", until_unix=changed), period("other", from_unix=changed)]}
    late = review(first=signature(at=BEGAN + 50))
    assert fault_of(signed(late, keys={"700124": key_of("other")}), staff=staff) is None
    assert fault_of(signed(late, keys={"700124": key_of("nobody")}), staff=staff) is Code.EVIDENCE_SIGNATURE


def test_what_a_disabled_clerk_signs_does_not_count() -> None:
    gone = {"700124": [period("700124", until_unix=BEGAN - 3600)]}
    assert fault(staff=gone, verdicts=uncertain_face(), reviews=[review()]) is Code.EVIDENCE_REVIEW


@pytest.mark.parametrize(("delay_s", "held"), [(LATE_S - 60, False), (LATE_S + 60, True)])
def test_what_was_signed_before_the_end_is_held_if_it_comes_late(delay_s: float, held: bool) -> None:
    ended = AT + 5
    staff = {"700124": [period("700124", until_unix=ended)]}
    request = ActivationRequest.model_validate(ALL["activation-request"] | {"reviews": [signed(review())]})
    late = reviews.late_signer(request, staff, ended + delay_s, STRICT)
    assert late == ("700124" if held else None)


def test_a_signer_who_has_not_gone_is_never_late() -> None:
    request = ActivationRequest.model_validate(ALL["activation-request"] | {"reviews": [signed(review())]})
    assert reviews.late_signer(request, STAFF, AT + 300 * DAY_S, STRICT) is None


# ── for whom ─────────────────────────────────────────────────────────────────────────────────────

CHILD, PARENT, STRANGER = person(), person(), person()


@pytest.mark.parametrize(
    ("signed_for", "counts"),
    [
        ([CHILD], True),
        ([PARENT, CHILD], True),
        ([], False),
        ([PARENT], False),
        ([STRANGER], False),
        ([CHILD, STRANGER], False),
        ([CHILD | {"salt": "bm90IHRoZSBzYW1lIHNhbA"}], False),
        ([CHILD | {"name": "试测"}], False),
    ],
)
def test_an_approval_counts_for_the_persons_it_was_signed_for(signed_for: list[Any], counts: bool) -> None:
    adult = {name: PARENT[name] for name in ("number", "name", "salt")} | {"consent": CONSENT}
    inside = Person.model_validate(CHILD | {"guardian": adult})
    given = review(persons=[commitment(who) for who in signed_for])
    request = ActivationRequest.model_validate(ALL["activation-request"] | {"reviews": [given]})
    assert reviews.are_for(request, inside) is counts


def test_another_try_may_have_been_granted_over_another_card() -> None:
    """The wrong card was laid down first; nothing was approved for it."""
    given = review(decision="again", overruled=[], persons=[commitment(STRANGER)])
    request = ActivationRequest.model_validate(ALL["activation-request"] | {"reviews": [given]})
    assert reviews.are_for(request, Person.model_validate(CHILD))


# ── by the server ────────────────────────────────────────────────────────────────────────────────


def test_a_terminals_own_key_makes_no_review(terminal: ProtocolTerminal) -> None:
    """The clerk is known and entitled; the terminal signs in the clerk's name with the key that it has."""
    number, _ = terminal.add_clerk()
    answer = terminal.activate(body(terminal, (number, terminal.key))).json()
    assert (answer["status"], answer["code"]) == ("REFUSED", "evidence.signature")


def test_a_decision_cannot_be_moved_to_another_person(terminal: ProtocolTerminal) -> None:
    """Stolen were the terminal's key and a request with a decision; the sealed person is exchanged."""
    sent = body(terminal, terminal.add_clerk())
    moved = person(reviews=sent["reviews"])
    answer = terminal.activate(sent | {"sealed": terminal.seal(moved, sent["id"])}).json()
    assert (answer["status"], answer["code"]) == ("REFUSED", "evidence.signature")


def test_a_signature_made_before_a_new_pin_counts_and_none_made_after(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    number, old = terminal.add_clerk()
    before = body(terminal, (number, old))
    pin = central.command("clerk", "reset-pin", number).split()[1]
    assert terminal.activate(before).json()["status"] == "ACTIVATED"
    new = terminal.clerk_key(number, pin)
    assert terminal.activate(body(terminal, (number, new))).json()["status"] == "ACTIVATED"
    # Two minutes later by the terminal's clock the old key is over; its request is not from the future.
    later = body(terminal, (number, old), at=time.time() + 120.0)
    assert terminal.activate(later).json()["code"] == "evidence.signature"


@pytest.fixture
def late(central: RunningCentral, terminal: ProtocolTerminal) -> dict[str, Any]:
    """Return a request with a decision of ten days ago; its clerk was disabled nine days ago."""
    account, ago = terminal.add_clerk(), time.time() - 10 * DAY_S
    request = body(terminal, account, at=ago)
    central.command("clerk", "disable", account[0])
    database = central.open_database()
    with database.write() as session:
        (key,) = session.query(ClerkKey).where(ClerkKey.clerk == account[0])
        (post,) = session.query(ClerkPost).where(ClerkPost.clerk == account[0])
        key.from_unix = post.from_unix = session.get_one(Challenge, request["challenge"]).issued_unix = ago
        key.until_unix = ago + DAY_S
        (reader,) = session.query(ReaderPin).where(ReaderPin.terminal == terminal.name)
        reader.from_unix = ago - DAY_S
    database.close()
    return request


def test_a_late_decision_of_a_disabled_clerk_waits_until_it_is_accepted(
    central: RunningCentral, terminal: ProtocolTerminal, late: dict[str, Any]
) -> None:
    answer = terminal.activate(late).json()
    assert (answer["status"], answer["code"]) == ("PENDING", "review.held")
    time.sleep(1.0)  # it is looked at again meanwhile
    assert terminal.look_up(late["id"]).json()["status"] == "PENDING"
    assert f"{late['id']}, clerk {late['reviews'][0]['first']['clerk']}" in _alarms(central)
    central.command("alarms", "accept", terminal.name, "--by", "2001")
    assert terminal.until_settled(late["id"])["status"] == "ACTIVATED"
    assert late["id"] not in _alarms(central)


def test_a_late_decision_can_be_refused(
    central: RunningCentral, terminal: ProtocolTerminal, late: dict[str, Any]
) -> None:
    assert terminal.activate(late).json()["code"] == "review.held"
    assert terminal.name in central.command("alarms", "refuse", terminal.name, "--by", "2001")
    receipt = terminal.until_settled(late["id"])
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "evidence.review")
    assert late["id"] not in _alarms(central)


def _alarms(central: RunningCentral) -> str:
    database = central.open_database()
    with database.read() as session:
        found = "\n".join(alarm.detail for alarm in alarms.open_alarms(session))
    database.close()
    return found
