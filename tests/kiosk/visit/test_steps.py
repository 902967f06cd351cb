"""The line of steps follows the way and the purpose, and never ticks what did not happen."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import ActivationReceipt, Outcome, Purpose, RequestStatus, Stage, Step, Way
from kiosk.visit.steps import StepState, next_step, progress, steps
from tests.kiosk.visit.whole_visits import WholeVisit, failed_by_events, failed_by_rules
from tests.support.visit_driver import GOOD_CARD, NUMBER

S = Step
WAYS = {
    Way.VOICE: (S.CARD, S.PHONE, S.FACE, S.CHALLENGE, S.DONE),
    Way.HEAD: (S.CARD, S.PHONE, S.FACE, S.CHALLENGE, S.DONE),
    Way.TOUCH: (S.CARD, S.PHONE, S.FACE, S.CHALLENGE, S.CLERK, S.DONE),
    Way.CLERK: (S.CARD, S.PHONE, S.CLERK, S.DONE),
}


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("way", Way)
def test_each_way_has_its_own_steps(way, purpose):
    details = S.PHONE if purpose.has_phone else S.CONFIRM
    expected = tuple(details if step is S.PHONE else step for step in WAYS[way])
    assert steps(way, purpose) == expected
    child = steps(way, purpose, child=True)
    assert set(child) - set(expected) <= {S.GUARDIAN, S.CLERK}
    assert child.index(S.GUARDIAN) == 1
    assert S.CLERK in child


def last(visit):
    return visit.all(e.Show)[-1]


def ticked(visit):
    return [step for step, state in progress(last(visit)) if state is StepState.PASSED]


def marked(visit):
    """The step where the visit is, or ended."""
    found = [
        (step, state) for step, state in progress(last(visit)) if state in (StepState.HERE, StepState.ENDED)
    ]
    return found[0] if found else None


def to(stage, way=Way.VOICE, **options):
    visit = WholeVisit(way, Purpose.OPEN, **options)
    assert visit.lead_to(stage)
    return visit


def expired(visit):
    visit.feed(e.CardRead(replace(GOOD_CARD, days_valid=-1)))


def cancelled(visit):
    visit.feed(e.Cancelled())


@pytest.mark.parametrize(
    ("stage", "happens", "done", "at"),
    [
        (Stage.CONSENT, cancelled, [], None),
        (Stage.CONSENT, WholeVisit.time_out, [], None),
        (Stage.CARD, expired, [], S.CARD),
        (Stage.CARD, cancelled, [], S.CARD),
        (Stage.CARD, WholeVisit.time_out, [], S.CARD),
        (Stage.PHONE, WholeVisit.time_out, [S.CARD], S.PHONE),
        (Stage.FACE, cancelled, [S.CARD, S.PHONE], S.FACE),
        (Stage.FACE, WholeVisit.time_out, [S.CARD, S.PHONE], S.FACE),
        (Stage.DIGITS, cancelled, [S.CARD, S.PHONE, S.FACE], S.CHALLENGE),
    ],
)
def test_an_early_end_ticks_what_passed_and_marks_where_it_ended(stage, happens, done, at):
    visit = to(stage)
    happens(visit)
    assert last(visit).stage is Stage.OUTCOME
    assert ticked(visit) == done
    assert marked(visit) == ((at, StepState.ENDED) if at else None)


@pytest.mark.parametrize(
    ("receipt", "done", "at"),
    [
        (RequestStatus.ACTIVATED, list(WAYS[Way.VOICE]), None),
        (RequestStatus.PENDING, list(WAYS[Way.VOICE][:-1]), (S.DONE, StepState.HERE)),
        (RequestStatus.REFUSED, list(WAYS[Way.VOICE][:-1]), (S.DONE, StepState.ENDED)),
        (None, list(WAYS[Way.VOICE][:-1]), (S.DONE, StepState.HERE)),  # stored, and central is not heard of
    ],
)
def test_only_what_central_activated_is_done(receipt, done, at):
    visit = to(Stage.SUBMIT)
    assert marked(visit) == (S.DONE, StepState.HERE)
    visit.feed(e.Stored(NUMBER))
    if receipt is None:
        visit.time_out()
    else:
        visit.feed(e.ReceiptArrived(ActivationReceipt(id=NUMBER, status=receipt)))
    assert ticked(visit) == done
    assert marked(visit) == at


def test_a_person_who_has_a_credential_already_sees_no_failure():
    visit = to(Stage.SUBMIT)
    visit.feed(e.Stored(NUMBER))
    refused = ActivationReceipt(id=NUMBER, status=RequestStatus.REFUSED, code=Code.PERSON_ALREADY_OPEN)
    visit.feed(e.ReceiptArrived(refused))
    assert last(visit).outcome is Outcome.REFUSED
    assert marked(visit) == (S.DONE, StepState.HERE)


def test_a_face_that_was_lost_is_ticked_no_more():
    visit = to(Stage.DIGITS)
    assert ticked(visit) == [S.CARD, S.PHONE, S.FACE]
    visit.see(track=2)
    assert last(visit).code is Code.FACE_CHANGED
    assert ticked(visit) == [S.CARD, S.PHONE]


def test_the_clerk_is_a_step_only_of_who_needs_one():
    visit = to(Stage.DIGITS)
    visit.face = {"likeness_mean": 0.42}
    visit.see()
    assert S.CLERK not in dict(progress(last(visit)))
    uncertain = WholeVisit(Way.VOICE, Purpose.OPEN)
    uncertain.face = {"likeness_mean": 0.42}
    assert uncertain.lead_to(Stage.REVIEW)
    assert marked(uncertain) == (S.CLERK, StepState.HERE)
    asked = to(Stage.REVIEW, Way.CLERK)
    assert ticked(asked) == [S.CARD, S.PHONE]
    asked.feed(e.Cancelled())
    assert marked(asked) == (S.CLERK, StepState.ENDED)


def test_a_guardian_is_the_second_step():
    visit = to(Stage.GUARDIAN, child=True)
    assert ticked(visit) == [S.CARD]
    visit.go_on()
    assert last(visit).stage is Stage.CARD
    assert marked(visit) == (S.GUARDIAN, StepState.HERE)
    visit.go_on()
    assert ticked(visit) == [S.CARD, S.GUARDIAN]


def test_a_change_to_the_clerk_keeps_what_passed():
    visit = to(Stage.DIGITS)
    visit.feed(e.WayChosen(Way.CLERK))
    assert last(visit).stage is Stage.CONSENT
    assert next_step(last(visit)) is S.CLERK
    assert ticked(visit) == [S.CARD, S.PHONE]
    visit.feed(e.Cancelled())
    assert marked(visit) == (S.CLERK, StepState.ENDED)


def test_what_comes_next_is_the_next_step():
    seen = [(last(v).stage, next_step(last(v))) for v in map(to, (Stage.CONSENT, Stage.CARD, Stage.PHONE))]
    assert seen == [(Stage.CONSENT, S.CARD), (Stage.CARD, S.PHONE), (Stage.PHONE, S.FACE)]
    assert next_step(last(to(Stage.PHONE, Way.CLERK))) is S.CLERK
    assert next_step(last(to(Stage.TOUCH, Way.TOUCH))) is S.CLERK
    assert next_step(last(to(Stage.SUBMIT))) is S.DONE


@pytest.mark.parametrize("child", [False, True])
@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("led", [failed_by_rules, failed_by_events])
def test_no_visit_ticks_a_step_that_it_did_not_leave_forwards(led, way, child):
    """Held against the stages that were shown: what is ticked was shown, and something behind it after it."""
    for visit in led(way, Purpose.OPEN, child=child):
        shows = [show for show in visit.all(e.Show) if show.step is not None]
        for index, show in enumerate(shows):
            been = [s.step for s in shows[: index + 1]]
            passed = [step for step, state in progress(show) if state is StepState.PASSED]
            for step in passed:
                assert step in been or show.way is not way, (show, step)
                assert step is not been[-1] or show.outcome is Outcome.ACTIVATED
        for before, after in pairwise(shows):
            ended = after.stage is Stage.OUTCOME and after.outcome is not Outcome.ACTIVATED
            if ended and before.stage not in (Stage.OUTCOME, Stage.SUBMIT, Stage.REVIEW):
                assert after.step in (before.step, Step.CLERK)
