"""Young people: from fourteen on with a guardian beside them; for children the guardian applies."""

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
    Stage,
    VerdictAnswer,
    Way,
    allowed_reasons,
)
from kiosk.visit import replay
from tests.kiosk.visit.review_drive import CLERK, DESK, StaffedVisitDriver
from tests.kiosk.visit.test_properties import anything
from tests.support.visit_driver import GOOD_CARD, LIMITS, NUMBER, SENSOR, challenge, policy, shown_stages

YOUNG = replace(GOOD_CARD, age=16)
CHILD = replace(GOOD_CARD, age=8)
PAPERS = (ReviewReason.HOUSEHOLD_REGISTER, ReviewReason.BIRTH_CERTIFICATE, ReviewReason.GUARDIANSHIP_PAPER)
AGREED = e.GuardianAgreed("zh-Hans", "11" * 32)
NO_CHILDREN = replace(DESK, may_overrule=tuple(c for c in DESK.may_overrule if c is not Code.CARD_CHILD))


def with_card(facts, way=Way.VOICE, **more) -> StaffedVisitDriver:
    drive = StaffedVisitDriver(**more)
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0, way=way))
    drive.feed(e.Agreed("zh-Hans", "00", picture=True))
    drive.feed(e.CardRead(facts))
    return drive


def attested(reason: ReviewReason = ReviewReason.GUARDIAN) -> StaffedVisitDriver:
    drive = with_card(YOUNG).sign(CLERK.number)
    drive.feed(e.Decided(Decision.APPROVE, reason))
    return drive


def ended(drive):
    return drive.slip.outcome, drive.slip.code


# ── from fourteen to seventeen ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("age", [14, 15, 16, 17])
def test_a_clerk_is_asked_whether_a_guardian_is_there(age):
    drive = with_card(replace(GOOD_CARD, age=age))
    assert drive.visit.stage is Stage.REVIEW
    assert drive.all(e.Show)[-1].code is Code.CARD_UNDER_AGE


def test_attested_the_visit_goes_on_with_the_card_that_was_read():
    drive = attested()
    assert drive.visit.stage is Stage.PHONE
    [review] = drive.visit.reviews
    assert (review.code, review.reason) == (Code.CARD_UNDER_AGE, ReviewReason.GUARDIAN)


def test_the_approval_is_for_no_other_card():
    drive = attested()
    drive.feed(e.CardRead(replace(YOUNG, age=15)))
    assert drive.visit.card.facts == YOUNG
    drive.feed(e.HelpWanted())
    drive.feed(e.ReviewWanted())
    drive.sign(CLERK.number)
    drive.feed(e.Decided(Decision.AGAIN, ReviewReason.NOT_READY))
    assert drive.visit.stage is Stage.PHONE  # a card is not asked for any more


@pytest.mark.parametrize("reason", [r for r in ReviewReason if r is not ReviewReason.GUARDIAN])
def test_no_other_reason_lets_a_young_person_through(reason):
    assert attested(reason).visit.stage is Stage.REVIEW


def test_each_reason_has_its_place():
    of_a_card = {ReviewReason.GUARDIAN, ReviewReason.NO_PROOF, ReviewReason.CARD_AND_PAPER, *PAPERS}
    assert all(not of_a_card & set(known) for known in REVIEW_REASONS.values())
    for code in Code:
        expected = {
            Code.CARD_UNDER_AGE: (ReviewReason.GUARDIAN,),
            Code.CARD_CHILD: PAPERS,
            Code.CARD_NUMBER_IRREGULAR: (ReviewReason.CARD_AND_PAPER,),
        }
        assert allowed_reasons(Decision.APPROVE, code) == expected.get(code, REVIEW_REASONS[Decision.APPROVE])


def test_without_a_clerk_nobody_young_is_served():
    assert ended(with_card(YOUNG, staff=None)) == (Outcome.REFERRED, Code.CARD_UNDER_AGE)
    assert ended(with_card(CHILD, staff=None)) == (Outcome.REFERRED, Code.CARD_CHILD)


# ── children ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("age", [0, 9, 13])
def test_the_guardian_is_asked_before_a_card_or_a_face_of_theirs_is_looked_at(age):
    drive = with_card(replace(GOOD_CARD, age=age))
    assert drive.visit.stage is Stage.GUARDIAN
    assert not drive.all(e.Watch)
    assert drive.all(e.AwaitCard) == [e.AwaitCard()]  # the child's; not again before consent
    assert LIMITS.card.min_age_guarded == 14


def test_where_the_table_has_no_children_nothing_begins():
    drive = with_card(CHILD, desk=NO_CHILDREN)
    assert ended(drive) == (Outcome.REFERRED, Code.CARD_CHILD)
    assert not drive.all(e.CallClerk)


def test_a_guardian_who_does_not_agree():
    drive = with_card(CHILD)
    drive.feed(e.GuardianDeclined())
    assert ended(drive) == (Outcome.REFERRED, Code.GUARDIAN_DECLINED)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (CHILD, Code.GUARDIAN_UNDER_AGE),
        (YOUNG, Code.GUARDIAN_UNDER_AGE),
        (replace(GOOD_CARD, number_valid=False), Code.CARD_NUMBER_INVALID),
        (replace(GOOD_CARD, birth_agrees=False), Code.CARD_NUMBER_INVALID),
        (replace(CHILD, number_valid=False, number_formed=True), Code.GUARDIAN_UNDER_AGE),
        (replace(GOOD_CARD, days_valid=-1), Code.CARD_EXPIRED),
        (replace(GOOD_CARD, days_since_issue=-1), Code.CARD_NOT_YET_VALID),
    ],
)
def test_a_card_that_is_no_guardians_is_told_and_another_one_may_come(facts, code):
    drive = with_card(CHILD)
    drive.feed(AGREED)
    drive.feed(e.CardRead(facts))
    assert drive.visit.stage is Stage.CARD
    assert (drive.all(e.Show)[-1].code, drive.all(e.Show)[-1].guardian) == (code, True)
    drive.feed(e.CardRead(GOOD_CARD))
    assert drive.visit.stage is Stage.PHONE


def test_no_guardians_card_in_time():
    drive = with_card(CHILD)
    drive.feed(AGREED)
    drive.feed(e.CardRead(CHILD), 30.0)
    drive.feed(e.CardRead(YOUNG), 29.0)
    drive.time_out()
    assert ended(drive) == (Outcome.ABANDONED, Code.VISIT_TIMEOUT)


def to_attest(**more) -> StaffedVisitDriver:
    """The guardian is known to be who the card says; now the clerk."""
    drive = with_card(CHILD, **more)
    drive.feed(AGREED)
    drive.feed(e.CardRead(GOOD_CARD))
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    drive.match()
    drive.read()
    return drive


def test_nothing_is_sent_before_the_clerk_saw_a_proof():
    drive = to_attest()
    assert drive.visit.stage is Stage.REVIEW
    assert drive.all(e.Show)[-1].code is Code.CARD_CHILD
    assert not drive.all(e.Submit)
    assert all(show.guardian for show in drive.all(e.Show)[4:])


@pytest.mark.parametrize("reason", PAPERS)
def test_the_request_is_the_childs_and_names_the_guardian(reason):
    drive = to_attest().sign("7001")
    [case] = drive.all(e.ShowCase)
    assert (case.may_approve, case.may_retry, case.pictures) == (True, False, True)
    drive.decide(reason=reason)
    assert not drive.all(e.Submit)  # a clerk alone makes nobody a guardian
    drive.sign("7002", Role.SUPERVISOR)
    assert drive.visit.stage is Stage.SUBMIT
    [submit] = drive.all(e.Submit)
    evidence = submit.evidence
    assert evidence.guardian.consent == AGREED
    assert evidence.challenge == challenge().id
    [review] = evidence.reviews
    assert (review.code, review.reason, review.overruled) == (Code.CARD_CHILD, reason, (Code.CARD_CHILD,))
    last = {v.check: v for v in evidence.verdicts}
    assert (last[Check.CARD].answer, last[Check.CARD].code) == (VerdictAnswer.REVIEW, Code.CARD_CHILD)
    assert all(
        last[c].answer is VerdictAnswer.PASS for c in (Check.GUARDIAN, Check.FACE, Check.DIGITS, Check.LIPS)
    )


@pytest.mark.parametrize("reason", [r for r in ReviewReason if r not in PAPERS])
def test_no_other_reason_makes_somebody_a_guardian(reason):
    drive = to_attest().sign("7001").decide(reason=reason)
    assert not drive.all(e.Submit)
    assert drive.visit.stage is Stage.REVIEW


def test_no_proof():
    drive = to_attest().sign("7001").decide(Decision.REFUSE, ReviewReason.NO_PROOF)
    assert ended(drive) == (Outcome.REFUSED, Code.REVIEW_REFUSED)


def test_somebody_elses_face_is_not_the_guardians():
    drive = with_card(CHILD)
    drive.feed(AGREED)
    drive.feed(e.CardRead(GOOD_CARD))
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    for _ in range(3):
        drive.match(likeness_mean=0.1)
    assert ended(drive) == (Outcome.REFUSED, Code.FACE_MISMATCH)


def test_the_clerks_way_asks_two_questions():
    """Is the guardian who the card says; and is it the guardian?"""
    drive = with_card(CHILD, way=Way.CLERK)
    drive.feed(AGREED)
    drive.feed(e.CardRead(GOOD_CARD))
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    drive.feed(e.ChallengeTaken(challenge()))
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    drive.sign("7002", Role.SUPERVISOR)
    assert drive.all(e.Show)[-1].code is Code.CARD_CHILD
    drive.sign("7001").decide(reason=ReviewReason.BIRTH_CERTIFICATE)
    drive.sign("7002", Role.SUPERVISOR)
    [submit] = drive.all(e.Submit)
    assert [r.code for r in submit.evidence.reviews] == [Code.WAY_CLERK, Code.CARD_CHILD]


def test_help_on_the_guardians_page_comes_back_to_it():
    drive = with_card(CHILD)
    drive.feed(e.HelpWanted())
    drive.feed(e.ReviewWanted())
    assert drive.visit.stage is Stage.REVIEW
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.NOT_READY)
    assert drive.visit.stage is Stage.GUARDIAN


def test_a_log_of_it_fed_back_is_the_same_visit():
    drive = to_attest().sign("7001").decide(reason=ReviewReason.BIRTH_CERTIFICATE)
    drive.sign("7002", Role.SUPERVISOR)
    drive.receipt()
    lines = [replay.encode_policy(policy(LIMITS, DESK))]
    lines += [replay.encode_event(at, event) for at, event in drive.log]
    again, orders = replay.replay(lines)
    shown = [(s.stage, s.code, s.guardian) for s in shown_stages(orders)]
    assert shown == [(s.stage, s.code, s.guardian) for s in drive.all(e.Show)]
    assert (again.outcome, again.code) == (Outcome.ACTIVATED, Code.OK)


cards = st.sampled_from([GOOD_CARD, YOUNG, CHILD, replace(GOOD_CARD, days_valid=-1)])
coming = st.one_of(
    anything,
    st.builds(e.CardRead, cards),
    st.just(AGREED),
    st.just(e.GuardianDeclined()),
    st.builds(e.WayChosen, st.sampled_from(Way)),
    st.builds(e.Signs, st.sampled_from(["7001", "7002"]), st.just("2468")),
    st.builds(e.Attested, st.sampled_from(["7001", "7002"]), st.sampled_from(Role), st.just(2.0)),
    st.builds(e.Decided, st.sampled_from(Decision), st.sampled_from(ReviewReason)),
)


@given(st.booleans(), st.sampled_from(Way), st.lists(coming, max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_order_of_events_opens_anything_for_a_child_without_all_of_it(far, way, events):
    drive = to_attest() if far else with_card(CHILD, way=way)
    for event in events:
        drive.feed(event, 0.5)
    for submit in drive.all(e.Submit):
        evidence = submit.evidence
        last = {v.check: v for v in evidence.verdicts}
        assert evidence.guardian.consent == AGREED
        assert last[Check.CARD].code is Code.CARD_CHILD
        assert last[Check.GUARDIAN].answer is VerdictAnswer.PASS
        approved = [r for r in evidence.reviews if r.overruled == (Code.CARD_CHILD,)]
        assert [r.reason in PAPERS for r in approved] == [True]


def test_the_stream_is_looked_at_for_a_guardian_too():
    drive = with_card(CHILD)
    drive.feed(AGREED)
    drive.feed(e.CardRead(GOOD_CARD))
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    drive.match(stream=replace(SENSOR, repeated=50))
    assert drive.visit.stage is Stage.OUTCOME
    assert drive.slip.code is Code.STREAM_REPEATED
