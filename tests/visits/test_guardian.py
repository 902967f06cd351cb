"""Young people: from fourteen on with a guardian beside them, whom a clerk attests; children not at all."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import REASONS, Decision, Outcome, Reason, Stage, reasons
from tests.visits.drive import GOOD_CARD, LIMITS, NUMBER
from tests.visits.review_drive import CLERK, DESK, StaffedDrive

YOUNG = replace(GOOD_CARD, age=16)


def with_card(facts, **more) -> StaffedDrive:
    drive = StaffedDrive(**more)
    drive.feed(e.Began(NUMBER, "zh-Hans", 1_700_000_000.0))
    drive.feed(e.Agreed("zh-Hans", "00", picture=True))
    drive.feed(e.CardRead(facts))
    return drive


def attested(reason: Reason = Reason.GUARDIAN) -> StaffedDrive:
    drive = with_card(YOUNG).sign(CLERK.number)
    drive.feed(e.Decided(Decision.APPROVE, reason))
    return drive


@pytest.mark.parametrize("age", [14, 15, 16, 17])
def test_a_clerk_is_asked_whether_a_guardian_is_there(age):
    drive = with_card(replace(GOOD_CARD, age=age))
    assert drive.visit.stage is Stage.REVIEW
    assert drive.all(e.Show)[-1].code is Code.CARD_UNDER_AGE


def test_attested_the_card_is_read_again_and_the_visit_goes_on():
    drive = attested()
    assert drive.visit.stage is Stage.CARD
    drive.feed(e.CardRead(YOUNG))
    assert drive.visit.stage is Stage.PHONE
    [review] = drive.visit.reviews
    assert (review.code, review.reason) == (Code.CARD_UNDER_AGE, Reason.GUARDIAN)


@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.GUARDIAN])
def test_no_other_reason_lets_a_young_person_through(reason):
    assert attested(reason).visit.stage is Stage.REVIEW


def test_a_guardian_is_a_reason_for_nothing_else():
    assert all(Reason.GUARDIAN not in known for known in REASONS.values())
    for code in Code:
        expected = (Reason.GUARDIAN,) if code is Code.CARD_UNDER_AGE else REASONS[Decision.APPROVE]
        assert reasons(Decision.APPROVE, code) == expected


def test_another_persons_card_after_that_is_judged_anew():
    drive = attested()
    drive.feed(e.CardRead(replace(YOUNG, days_valid=-1)))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFUSED, Code.CARD_EXPIRED)
    drive = attested()
    drive.feed(e.CardRead(replace(YOUNG, age=9)))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CARD_CHILD)


@pytest.mark.parametrize("age", [0, 9, 13])
def test_for_a_child_no_clerk_can_decide_here(age):
    drive = with_card(replace(GOOD_CARD, age=age))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CARD_CHILD)
    assert Code.CARD_CHILD not in DESK.may_overrule


def test_without_a_clerk_nobody_young_is_served():
    drive = with_card(YOUNG, staff=None)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CARD_UNDER_AGE)


def test_a_missing_birth_counts_as_a_child():
    assert with_card(replace(GOOD_CARD, age=0)).visit.stage is Stage.OUTCOME
    assert LIMITS.min_age_guarded == 14
