"""The clerk's review: what it may do, what it may never do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    REVIEW_REASONS,
    Check,
    Decision,
    Outcome,
    ReviewReason,
    Role,
    Signature,
    Stage,
    VerdictAnswer,
    Way,
)
from kiosk.settings import ReviewSettings
from kiosk.visit import replay
from kiosk.visit.stages.conclusion import conclude
from tests.kiosk.visit.review_drive import DESK, PERSON, StaffedVisitDriver
from tests.kiosk.visit.test_properties import anything
from tests.support.visit_driver import LIMITS, NUMBER, VisitDriver, challenge, changed, policy

NEEDED = {
    Way.VOICE: {Check.FACE, Check.LIVENESS, Check.DIGITS, Check.LIPS, Check.CONTINUITY},
    Way.HEAD: {Check.FACE, Check.LIVENESS, Check.HEAD, Check.CONTINUITY},
    Way.TOUCH: {Check.FACE, Check.LIVENESS, Check.TOUCH, Check.CONTINUITY},
    Way.CLERK: set(),
}


def ended(drive):
    return drive.slip.outcome, drive.slip.code


# ── when a clerk is asked ────────────────────────────────────────────────────────────────────────


def test_a_grey_face_is_shown_to_the_clerk():
    drive = StaffedVisitDriver().grey()
    assert drive.visit.stage is Stage.REVIEW
    assert drive.all(e.Show)[-1].code is Code.FACE_UNCERTAIN
    assert drive.all(e.AskSignature) == [e.AskSignature(Role.CLERK, clerk="7001")]
    assert not drive.all(e.ShowCase)  # no picture before the PIN


def test_nobody_signed_in_is_referred_as_ever():
    drive = StaffedVisitDriver(staff=None).grey()
    assert ended(drive) == (Outcome.REFERRED, Code.FACE_UNCERTAIN)
    assert Stage.REVIEW not in [s.stage for s in drive.all(e.Show)]


def test_a_table_that_is_empty_overrules_nothing():
    assert ended(StaffedVisitDriver(desk=ReviewSettings()).grey()) == (Outcome.REFERRED, Code.FACE_UNCERTAIN)


def test_a_clear_mismatch_is_never_asked_about():
    drive = StaffedVisitDriver().agree_and_type()
    for _ in range(3):
        drive.match(likeness_mean=0.1)
    assert ended(drive) == (Outcome.REFUSED, Code.FACE_MISMATCH)


def test_the_clerk_does_not_come_in_time():
    drive = StaffedVisitDriver().grey()
    drive.time_out()
    assert ended(drive) == (Outcome.REFERRED, Code.FACE_UNCERTAIN)


# ── what a decision does ─────────────────────────────────────────────────────────────────────────


def test_no_clerk_is_called_for_a_grey_face_before_it_has_read():
    drive = StaffedVisitDriver().agree_and_type().match(likeness_mean=0.42)
    assert drive.visit.stage is Stage.DIGITS
    assert not drive.all(e.CallClerk)


def test_a_grey_face_that_varied_frames_make_alike_needs_no_clerk():
    drive = StaffedVisitDriver().agree_and_type().match(likeness_mean=0.42)
    drive.read()  # its mean is 0.62 by then
    (submit,) = drive.all(e.Submit)
    assert not submit.evidence.reviews
    faces = [v.answer for v in submit.evidence.verdicts if v.check is Check.FACE]
    assert faces == [VerdictAnswer.REVIEW, VerdictAnswer.PASS]


def test_an_approved_grey_face_has_read_already_and_is_submitted():
    drive = StaffedVisitDriver().grey()
    assert not drive.all(e.Submit)
    drive.sign("7001").decide()
    (submit,) = drive.all(e.Submit)
    last = {v.check: v for v in submit.evidence.verdicts}
    assert last[Check.FACE].code is Code.FACE_UNCERTAIN
    assert all(last[check].answer is VerdictAnswer.PASS for check in (Check.DIGITS, Check.CONTINUITY))
    (review,) = submit.evidence.reviews
    assert (review.code, review.overruled, review.reason) == (
        Code.FACE_UNCERTAIN,
        (Code.FACE_UNCERTAIN,),
        ReviewReason.SAME_PERSON,
    )
    assert (review.first.clerk, review.first.role, review.second) == ("7001", Role.CLERK, None)


def test_a_grey_face_that_turns_out_another_spends_tries_and_is_refused():
    drive = StaffedVisitDriver().agree_and_type()
    for _ in range(3):
        drive.match(likeness_mean=0.42)
        drive.face = {"likeness_mean": 0.3}
        drive.read()
        drive.face = {}
    assert ended(drive) == (Outcome.REFUSED, Code.FACE_MISMATCH)
    assert not drive.all(e.CallClerk)


def test_the_face_that_is_judged_last_is_the_track_that_read():
    drive = StaffedVisitDriver().agree_and_type().match(likeness_mean=0.42)
    drive.visit.compared = replace(drive.visit.compared, track=2, likeness_mean=0.9)
    orders = conclude(drive.visit, challenge())
    assert not any(isinstance(order, e.Submit) for order in orders)
    assert drive.visit.stage is Stage.FACE


def grey_touch() -> StaffedVisitDriver:
    """Type the digits with a grey face, which a clerk approves; who types is not attested yet."""
    drive = StaffedVisitDriver()
    drive.face = {"likeness_mean": 0.42}
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0, way=Way.TOUCH))
    type_digits(drive.agree_and_type().match())
    assert drive.visit.review_case.code is Code.FACE_UNCERTAIN
    drive.sign("7001").decide()
    assert drive.visit.review_case.code is Code.WAY_ATTEST
    assert not drive.all(e.Submit)
    return drive


def type_digits(drive: StaffedVisitDriver) -> None:
    drive.feed(e.ChallengeTaken(challenge()))
    until = drive.at + 7.0
    while drive.at < until:
        drive.see()
    drive.feed(e.DigitsTyped(tuple(challenge().digits)))


def test_a_grey_face_that_typed_takes_the_clerk_for_the_face_and_two_people_for_the_typing():
    drive = grey_touch()
    drive.sign("7001").decide().sign("7002", Role.SUPERVISOR)
    (submit,) = drive.all(e.Submit)
    assert [r.code for r in submit.evidence.reviews] == [Code.FACE_UNCERTAIN, Code.WAY_ATTEST]


def test_an_approval_of_a_grey_face_is_none_of_another_face():
    drive = grey_touch()
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.NOT_READY)
    for _ in range(3):
        drive.match(likeness_mean=0.1)
    assert ended(drive) == (Outcome.REFUSED, Code.FACE_MISMATCH)


@pytest.mark.parametrize("alike", [None, 0.1, 0.44, float("nan")])
def test_an_approval_is_for_the_face_that_the_clerk_saw(alike):
    """A second grey face steps in beside the clerk: it is asked about anew."""
    drive = grey_touch()
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.NOT_READY)
    drive.face = {"likeness_mean": 0.40, "likeness_reviewed": alike}
    type_digits(drive.match())
    assert drive.visit.review_case.code is Code.FACE_UNCERTAIN
    assert not drive.all(e.Submit)


def test_the_face_that_the_clerk_saw_is_not_asked_about_again():
    drive = grey_touch()
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.NOT_READY)
    drive.face = {"likeness_mean": 0.40, "likeness_reviewed": 0.9}
    type_digits(drive.match())
    assert drive.visit.review_case.code is Code.WAY_ATTEST


def test_the_face_is_kept_when_the_clerk_is_asked_and_after_it_is_looked_at_no_more():
    drive = StaffedVisitDriver().grey()
    kept, quiet = (
        drive.orders.index(e.KeepFace()),
        [i for i, order in enumerate(drive.orders) if order == e.Unwatch()],
    )
    assert kept - 1 in quiet


def approved_not_live(**seen: float) -> StaffedVisitDriver:
    """Liveness was overruled for the first face; then a grey one is `seen`."""
    drive = not_live()
    drive.sign("7001").decide(reason=ReviewReason.LIGHT)
    drive.sign("7002", Role.SUPERVISOR)
    drive.face = {"likeness_mean": 0.40, **seen}
    return drive.match()


def test_what_was_approved_for_one_face_does_not_add_up_with_another():
    """Not live, approved for the first; the second must be live to come as far as a review of its own."""
    drive = approved_not_live(live_median=0.05, likeness_reviewed=0.2)
    assert drive.visit.stage is not Stage.DIGITS
    drive = approved_not_live(live_median=0.9, likeness_reviewed=0.2).read()
    assert drive.visit.review_case.code is Code.FACE_UNCERTAIN
    drive.sign("7001").decide()
    assert drive.visit.overruled == {Code.FACE_UNCERTAIN}


def test_what_was_approved_for_one_face_adds_up_for_the_same():
    drive = approved_not_live(live_median=0.05, likeness_reviewed=0.9).read()
    assert drive.visit.review_case.code is Code.FACE_UNCERTAIN
    drive.sign("7001").decide()
    assert len(drive.all(e.Submit)) == 1


def test_a_face_that_changes_after_the_approval_is_nobodys():
    drive = approved_not_live(live_median=0.05, likeness_reviewed=0.8)
    assert drive.visit.stage is Stage.DIGITS
    drive.see(track=2, likeness_reviewed=None)
    assert ended(drive) == (Outcome.REFERRED, Code.FACE_CHANGED)


def test_the_clerk_refuses():
    drive = StaffedVisitDriver().grey()
    drive.sign("7001").decide(Decision.REFUSE, ReviewReason.OTHER_PERSON)
    assert ended(drive) == (Outcome.REFUSED, Code.REVIEW_REFUSED)


def test_the_clerk_gives_one_more_try_and_only_one():
    drive = StaffedVisitDriver().grey()
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.LIGHT)
    assert drive.visit.stage is Stage.FACE
    drive.match().read()
    assert drive.visit.stage is Stage.REVIEW
    drive.sign("7001")
    assert not drive.all(e.ShowCase)[-1].may_retry
    assert drive.feed(e.Decided(Decision.AGAIN, ReviewReason.LIGHT)) == []


def not_live(**options):
    drive = StaffedVisitDriver(changed(LIMITS, liveness={"required": True}), **options).agree_and_type()
    for _ in range(3):
        drive.match(live_median=0.05)
    assert drive.visit.stage is Stage.REVIEW
    return drive


def test_where_the_table_says_so_two_people_sign():
    drive = not_live()
    drive.sign("7001").decide(reason=ReviewReason.LIGHT)
    assert drive.visit.stage is Stage.REVIEW
    assert drive.all(e.AskSignature)[-1].role is Role.SUPERVISOR
    drive.sign("7003", Role.CLERK)
    assert drive.all(e.AskSignature)[-1].code is Code.STAFF_ROLE
    drive.sign("7002", Role.SUPERVISOR)
    assert drive.visit.stage is Stage.FACE


def test_a_supervisor_is_not_two_people():
    drive = not_live()
    drive.sign("7002", Role.SUPERVISOR).decide(reason=ReviewReason.LIGHT)
    drive.sign("7002", Role.SUPERVISOR)
    assert drive.all(e.AskSignature)[-1].code is Code.STAFF_SAME_PERSON
    assert drive.visit.stage is Stage.REVIEW


def test_wrong_pins_end_it():
    drive = StaffedVisitDriver().grey()
    for _ in range(5):
        drive.sign("7001", known=False)
    assert ended(drive) == (Outcome.REFERRED, Code.FACE_UNCERTAIN)


def test_nothing_is_decided_without_a_signature():
    drive = StaffedVisitDriver().grey()
    assert drive.decide().visit.stage is Stage.REVIEW
    assert drive.feed(e.Attested("7001", Role.CLERK, 1.0)) == []  # nobody asked whose PIN that is
    drive.sign("7001")
    assert drive.feed(e.Decided(Decision.APPROVE, ReviewReason.OTHER_PERSON)) == []  # a reason to refuse


def test_the_clerk_sees_words_and_no_thresholds():
    drive = StaffedVisitDriver().grey()
    drive.sign("7001")
    (case,) = drive.all(e.ShowCase)
    bands = {finding.check: finding.band for finding in case.findings}
    assert bands[Check.FACE] == "just_below"
    assert bands[Check.CARD] == "passed"
    assert "0.4" not in repr(case)
    assert "0.42" not in repr(case)


def test_every_decision_goes_along_with_the_request():
    drive = StaffedVisitDriver().grey()
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.NOT_READY)
    drive.match().read()
    drive.sign("7001").decide()
    (submit,) = drive.all(e.Submit)
    assert [r.decision for r in submit.evidence.reviews] == [Decision.AGAIN, Decision.APPROVE]


def test_what_is_signed_is_what_was_decided():
    drive = StaffedVisitDriver().grey()
    drive.sign("7001").decide()
    (order,) = drive.all(e.SignReview)
    assert order == e.SignReview(
        visit=NUMBER,
        challenge="c1",  # which this face has answered
        persons=(PERSON,),
        code=Code.FACE_UNCERTAIN,
        decision=Decision.APPROVE,
        reason=ReviewReason.SAME_PERSON,
        overruled=(Code.FACE_UNCERTAIN,),
        second=False,
    )
    (review,) = drive.visit.reviews
    assert review.first.signature == "by 7001"


def test_the_supervisor_signs_the_same_decision_after_the_clerk():
    drive = not_live()
    drive.sign("7001").decide(reason=ReviewReason.LIGHT)
    drive.sign("7002", Role.SUPERVISOR)
    first, second = drive.all(e.SignReview)
    assert replace(second, second=False) == first
    (review,) = drive.visit.reviews
    assert (review.first.signature, review.second.signature) == ("by 7001", "by 7002")


@pytest.mark.parametrize(
    ("decision", "reason"),
    [(Decision.AGAIN, ReviewReason.LIGHT), (Decision.REFUSE, ReviewReason.OTHER_PERSON)],
)
def test_every_decision_is_signed(decision, reason):
    drive = StaffedVisitDriver().grey()
    drive.sign("7001").decide(decision, reason)
    (review,) = drive.visit.reviews
    assert (review.decision, review.overruled, review.first.signature) == (decision, (), "by 7001")


def test_a_decision_that_could_not_be_signed_is_none():
    """The key is gone: the clerk signs in again and decides again."""
    drive = StaffedVisitDriver().grey()
    drive.signature = lambda: e.NotAttested(Code.STAFF_REFUSED)
    drive.sign("7001").decide()
    assert (drive.visit.stage, drive.visit.reviews, drive.visit.overruled) == (Stage.REVIEW, [], set())
    assert drive.all(e.AskSignature)[-1] == e.AskSignature(Role.CLERK, Code.STAFF_REFUSED)
    del drive.signature
    drive.sign("7001").decide()
    assert drive.visit.stage is Stage.SUBMIT


def test_a_signature_of_somebody_else_does_not_carry_a_decision():
    drive = StaffedVisitDriver().grey()
    other = Signature(clerk="7009", role=Role.SUPERVISOR, at_unix=1.0, signature="x")
    drive.signature = lambda: e.ReviewSigned(other)
    drive.sign("7001").decide()
    assert drive.visit.reviews == []
    assert drive.visit.stage is Stage.REVIEW


def test_a_review_that_ends_undecided_drops_the_key():
    drive = StaffedVisitDriver().grey()
    drive.sign("7001")
    assert not drive.all(e.DropKey)
    drive.time_out()
    assert len(drive.all(e.DropKey)) == 1


def test_an_attestation_names_the_challenge_that_the_request_names():
    drive = StaffedVisitDriver()
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0, way=Way.CLERK))
    drive.agree_and_type()
    drive.feed(e.ChallengeTaken(challenge()))
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    drive.sign("7002", Role.SUPERVISOR)
    (submit,) = drive.all(e.Submit)
    (review,) = submit.evidence.reviews
    assert review.challenge == submit.evidence.challenge == challenge().id


def test_a_pin_is_in_no_log():
    assert b"2468" not in replay.encode_event(0.0, e.Signs("7001", "2468"))
    signature = Signature(clerk="7001", role=Role.CLERK, at_unix=1.0, signature="c2lnbmVk")
    assert b"c2lnbmVk" not in replay.encode_event(0.0, e.ReviewSigned(signature))
    assert "2468" not in repr(e.Signs("7001", "2468"))
    assert "2468" not in repr(e.Attest("7001", "2468", Role.CLERK))


# ── never a way round ────────────────────────────────────────────────────────────────────────────

staffing = st.one_of(
    st.builds(e.WayChosen, st.sampled_from(Way)),
    st.builds(e.HeadMoveShown, st.integers(0, 5), st.floats(100, 130)),
    st.builds(e.DigitsTyped, st.just(tuple(challenge().digits)) | st.just((1, 2, 3, 4, 5, 6))),
    st.builds(e.ClerkPresent, st.sampled_from(["7001", "7002"]), st.sampled_from(Role), st.just(1.0)),
    st.just(e.ClerkAbsent()),
    st.builds(e.Signs, st.sampled_from(["7001", "7002", ""]), st.just("2468")),
    st.builds(e.Attested, st.sampled_from(["7001", "7002", ""]), st.sampled_from(Role), st.just(2.0)),
    st.just(e.NotAttested(Code.STAFF_REFUSED)),
    st.builds(e.Decided, st.sampled_from(Decision), st.sampled_from(ReviewReason)),
    st.builds(e.PromptEnded, st.sampled_from(["head", "head_retry", "touch"]), st.floats(0, 1)),
)
OVERRULABLE = [Code.FACE_UNCERTAIN, Code.FACE_NOT_LIVE, Code.WAY_ATTEST, Code.WAY_CLERK]
desks = st.builds(
    ReviewSettings,
    may_overrule=st.lists(st.sampled_from(OVERRULABLE), unique=True).map(tuple),
    second_signature=st.lists(
        st.sampled_from([Code.FACE_UNCERTAIN, Code.WAY_CLERK, Code.WAY_ATTEST]), unique=True
    ).map(tuple),
    help=st.booleans(),
)


def check_submit(submit, desk):
    """Everything passed by the rules, or was overruled by somebody who may, twice where twice is asked."""
    evidence = submit.evidence
    overruled = set()
    for review in evidence.reviews:
        assert review.reason in REVIEW_REASONS[review.decision]
        assert review.first.signature == f"by {review.first.clerk}"
        if review.decision is Decision.APPROVE:
            assert set(review.overruled) <= set(desk.may_overrule)
            if review.code in desk.second_signature:
                assert review.second.role is Role.SUPERVISOR
                assert review.second.clerk != review.first.clerk
                assert review.second.signature == f"by {review.second.clerk}"
            overruled |= set(review.overruled)
    last = {v.check: v for v in evidence.verdicts}
    assert last[Check.CARD].answer is VerdictAnswer.PASS
    assert last[Check.PHONE].answer is VerdictAnswer.PASS
    for check in NEEDED[evidence.way]:
        unasked = check is Check.LIVENESS and last[check].code is Code.FACE_LIVENESS_UNKNOWN
        assert last[check].answer is VerdictAnswer.PASS or last[check].code in overruled or unasked, check
    if evidence.way is Way.TOUCH:
        assert Code.WAY_ATTEST in overruled
    if evidence.way is Way.CLERK:
        assert Code.WAY_CLERK in overruled
    assert evidence.challenge


@given(st.data(), desks, st.sampled_from(Way), st.booleans())
@settings(max_examples=400, deadline=None)
def test_no_order_of_events_submits_what_was_neither_passed_nor_rightly_overruled(data, desk, way, staffed):
    drive = StaffedVisitDriver(desk=desk)
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0, way=way))
    if not staffed:
        drive.staff = None
    elif drive.visit.stage is Stage.CONSENT:
        drive.agree_and_type()
    for _ in range(data.draw(st.integers(0, 12))):
        event = data.draw(st.one_of(anything, staffing, st.sampled_from(["match", "grey", "look"])))
        if not isinstance(event, str):
            drive.feed(event, 0.5)
        elif drive.visit.stage is Stage.FACE and event != "look":
            alike = data.draw(st.sampled_from([None, 0.3, 0.9]))
            drive.match(likeness_mean=0.38 if event == "grey" else 0.6, likeness_reviewed=alike)
        elif drive.visit.stage in (Stage.HEAD, Stage.TOUCH, Stage.DIGITS):
            drive.see(yaw=0.0, pitch=0.0)
    for submit in drive.all(e.Submit):
        check_submit(submit, desk)


@given(desks, st.lists(st.sampled_from(["7001", "7002"]), min_size=2, max_size=2), st.sampled_from(Role))
@settings(max_examples=60, deadline=None)
def test_whoever_signs_the_clerks_way_counts_only_as_the_table_says(desk, numbers, role):
    """Led to the end, so that many of these really submit."""
    drive = StaffedVisitDriver(desk=desk)
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0, way=Way.CLERK))
    drive.agree_and_type()
    drive.feed(e.ChallengeTaken(challenge()))
    drive.sign(numbers[0]).decide(reason=ReviewReason.OWN_WISH)
    drive.sign(numbers[1], role)
    for submit in drive.all(e.Submit):
        check_submit(submit, desk)
    twice = Code.WAY_CLERK in desk.second_signature
    allowed = Code.WAY_CLERK in desk.may_overrule
    signed = not twice or (role is Role.SUPERVISOR and numbers[0] != numbers[1])
    assert bool(drive.all(e.Submit)) is (allowed and signed)


@pytest.mark.parametrize("way", Way)
def test_a_log_with_a_review_fed_back_is_the_same_visit(way):
    drive = StaffedVisitDriver()
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0, way=way))
    drive.agree_and_type()
    if way is not Way.CLERK:
        for _ in range(3):
            drive.match(live_median=0.05)
    drive.sign("7001").decide(Decision.REFUSE, ReviewReason.OTHER_PERSON)
    lines = [replay.encode_policy(policy(LIMITS, DESK))]
    lines += [replay.encode_event(at, event) for at, event in drive.log]
    again, _ = replay.replay(lines)
    unsigned = [replace(r, first=replace(r.first, signature="")) for r in drive.visit.reviews]
    assert unsigned != drive.visit.reviews, "signatures are not in the log"
    assert (again.outcome, again.code, again.reviews) == (drive.visit.outcome, drive.visit.code, unsigned)
    assert VisitDriver().visit.review_settings == ReviewSettings()
