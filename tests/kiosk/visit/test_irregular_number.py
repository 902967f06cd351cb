"""An ID number that breaks the rules of its making: a clerk and a supervisor decide, no machine.

It is an adult's, a young person's, a child's or a guardian's.
"""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Check, Decision, Outcome, ReviewReason, Role, Stage, VerdictAnswer, Way
from tests.kiosk.visit.review_drive import CLERK, DESK, SUPERVISOR, StaffedVisitDriver
from tests.support.visit_driver import GOOD_CARD, NUMBER

IRREGULAR = replace(GOOD_CARD, number_valid=False, number_formed=True)
CODE = Code.CARD_NUMBER_IRREGULAR


def laid_down(facts=IRREGULAR, way: Way = Way.VOICE, **more) -> StaffedVisitDriver:
    drive = StaffedVisitDriver(**more)
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0, way=way))
    drive.feed(e.Agreed("zh-Hans", "00", picture=True))
    drive.feed(e.CardRead(facts))
    return drive


def approved(reason: ReviewReason = ReviewReason.CARD_AND_PAPER) -> StaffedVisitDriver:
    return laid_down().sign(CLERK.number).decide(reason=reason)


def test_a_clerk_alone_lets_nobody_through():
    drive = approved()
    assert drive.visit.stage is Stage.REVIEW
    assert drive.all(e.AskSignature)[-1].role is Role.SUPERVISOR


def test_with_the_supervisor_the_visit_goes_on_to_every_other_check():
    drive = approved().sign(SUPERVISOR.number, Role.SUPERVISOR)
    assert drive.visit.stage is Stage.PHONE
    [review] = drive.visit.reviews
    assert (review.code, review.reason, review.overruled) == (CODE, ReviewReason.CARD_AND_PAPER, (CODE,))
    assert review.second is not None


def test_the_evidence_says_what_was_irregular_and_who_signed():
    drive = approved().sign(SUPERVISOR.number, Role.SUPERVISOR)
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    drive.match().read()
    [submit] = drive.all(e.Submit)
    card = next(v for v in submit.evidence.verdicts if v.check is Check.CARD)
    assert (card.answer, card.code, card.measured["number_valid"]) == (VerdictAnswer.REVIEW, CODE, False)
    assert [r.second is not None for r in submit.evidence.reviews] == [True]


@pytest.mark.parametrize("reason", [r for r in ReviewReason if r is not ReviewReason.CARD_AND_PAPER])
def test_no_other_reason_counts(reason):
    drive = approved(reason)
    assert not drive.visit.reviews
    assert drive.all(e.AskSignature)[-1].role is Role.CLERK


def test_another_try_would_read_the_same_number():
    drive = laid_down().sign(CLERK.number)
    assert not drive.all(e.ShowCase)[-1].may_retry
    assert drive.decide(Decision.AGAIN, ReviewReason.NOT_READY).visit.stage is Stage.REVIEW


@pytest.mark.parametrize(
    "more", [{"staff": None}, {"desk": replace(DESK, may_overrule=(Code.FACE_UNCERTAIN,))}]
)
def test_without_staff_who_may_decide_the_clerks_help_is_offered(more):
    drive = laid_down(**more)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, CODE)


def test_the_clerks_way_asks_for_both_signatures_too():
    drive = laid_down(way=Way.CLERK)
    assert drive.visit.stage is Stage.REVIEW
    assert CODE in DESK.second_signature


# ── young people, children and guardians ─────────────────────────────────────────────────────────

GUARDIAN_AGREED = e.GuardianAgreed("zh-Hans", "11" * 32)
PAPER = ReviewReason.CARD_AND_PAPER


def attest(drive: StaffedVisitDriver, reason: ReviewReason = PAPER) -> StaffedVisitDriver:
    """Clerk and supervisor approve what they are asked."""
    drive.sign(CLERK.number).decide(reason=reason)
    return drive.sign(SUPERVISOR.number, Role.SUPERVISOR)


def card_codes(drive: StaffedVisitDriver) -> list[Code]:
    return [v.code for v in drive.visit.verdicts if v.check is Check.CARD]


@pytest.mark.parametrize("age", [14, 17])
def test_a_young_persons_number_is_attested_before_the_guardian_beside_them(age):
    drive = laid_down(replace(IRREGULAR, age=age))
    assert drive.all(e.Show)[-1].code is CODE
    attest(drive)
    assert drive.all(e.Show)[-1].code is Code.CARD_UNDER_AGE
    drive.sign(CLERK.number).decide(reason=ReviewReason.GUARDIAN)
    assert drive.visit.stage is Stage.PHONE
    assert card_codes(drive) == [CODE, Code.CARD_UNDER_AGE]
    assert [review.code for review in drive.visit.reviews] == [CODE, Code.CARD_UNDER_AGE]


def test_another_try_for_a_young_person_begins_with_the_card():
    drive = attest(laid_down(replace(IRREGULAR, age=16)))
    drive.sign(CLERK.number).decide(Decision.AGAIN, ReviewReason.NOT_READY)
    assert drive.visit.stage is Stage.CARD


def test_for_a_child_the_guardian_goes_on_once_the_childs_number_is_attested():
    drive = attest(laid_down(replace(IRREGULAR, age=8)))
    assert drive.visit.stage is Stage.GUARDIAN
    assert card_codes(drive) == [CODE, Code.CARD_CHILD]
    drive.feed(GUARDIAN_AGREED)
    drive.feed(e.CardRead(GOOD_CARD))
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    drive.match().read()
    attest(drive, ReviewReason.HOUSEHOLD_REGISTER)
    [submit] = drive.all(e.Submit)
    assert [review.code for review in submit.evidence.reviews] == [CODE, Code.CARD_CHILD]
    assert submit.evidence.guardian is not None


def with_guardians_card(child) -> StaffedVisitDriver:
    drive = laid_down(child)
    if not child.number_valid:
        attest(drive)
    drive.feed(GUARDIAN_AGREED)
    drive.feed(e.CardRead(IRREGULAR))
    return drive


@pytest.mark.parametrize("childs_too", [False, True])
def test_a_guardians_number_is_attested_whatever_was_attested_of_the_childs(childs_too):
    child = replace(IRREGULAR if childs_too else GOOD_CARD, age=8)
    drive = with_guardians_card(child)
    assert drive.visit.stage is Stage.REVIEW
    assert drive.all(e.Show)[-1].code is CODE
    attest(drive)
    assert drive.visit.stage is Stage.PHONE
    last = [v for v in drive.visit.verdicts if v.check is Check.GUARDIAN][-1]
    assert (last.answer, last.code) == (VerdictAnswer.REVIEW, CODE)
    assert [review.code for review in drive.visit.reviews] == [CODE] * (2 if childs_too else 1)


def test_a_guardian_whose_number_is_not_attested_applies_for_nobody():
    drive = with_guardians_card(replace(GOOD_CARD, age=8))
    drive.sign(CLERK.number).decide(Decision.REFUSE, ReviewReason.CARD_DOUBTFUL)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFUSED, Code.REVIEW_REFUSED)


def test_a_child_with_an_irregular_number_is_no_guardian():
    drive = laid_down(replace(GOOD_CARD, age=8))
    drive.feed(GUARDIAN_AGREED)
    drive.feed(e.CardRead(replace(IRREGULAR, age=16)))
    assert drive.all(e.Show)[-1].code is Code.GUARDIAN_UNDER_AGE


def test_where_the_table_has_no_children_the_visit_ends_after_the_number():
    no_children = tuple(code for code in DESK.may_overrule if code is not Code.CARD_CHILD)
    drive = attest(laid_down(replace(IRREGULAR, age=8), desk=replace(DESK, may_overrule=no_children)))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CARD_CHILD)
