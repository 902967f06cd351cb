"""More time on a screen: touches extend it, a question comes before the end, and both are bounded."""

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Outcome, Stage
from kiosk.visit import replay
from kiosk.visit.stages.timing import UNSEEN
from kiosk.visit.state import ASKED
from tests.kiosk.visit.review_drive import DESK
from tests.kiosk.visit.test_stage_events import at, ended
from tests.support.visit_driver import LIMITS, changed, policy

EXTENDED = [*sorted(ASKED), Stage.OUTCOME]
CHALLENGES = [Stage.DIGITS, Stage.HEAD, Stage.TOUCH]
ASK_S = LIMITS.time.ask_s


def to_the_question(stage):
    drive = at(stage)
    drive.feed(e.TimePassed(), drive.visit.deadline - drive.at)
    return drive


@pytest.mark.parametrize("stage", EXTENDED)
def test_a_touch_gives_the_whole_time_again(stage):
    drive = at(stage)
    whole = drive.visit.limit_s
    drive.feed(e.Touched(), 0.4 * whole)
    assert drive.visit.ends == pytest.approx(drive.at + whole)
    assert drive.all(e.TimeLeft)[-1].until == drive.visit.ends
    assert drive.visit.stage is stage


@pytest.mark.parametrize("stage", EXTENDED)
def test_a_panel_that_never_stops_touching_keeps_no_visit(stage):
    drive = at(stage)
    began, whole = drive.at, drive.visit.limit_s
    while drive.visit.stage is stage and not drive.visit.over and drive.at < began + 20 * whole:
        drive.feed(e.Touched(), 0.3)
        drive.feed(e.TimePassed(), 0.3)
        if drive.visit.tries_spent(stage):
            break  # another try is another time
    assert drive.at <= began + LIMITS.time.most_factor * whole + 1.0


@pytest.mark.parametrize("stage", [*CHALLENGES, Stage.SUBMIT])
def test_no_touch_extends_a_challenge(stage):
    drive = at(stage)
    before = drive.visit.deadline
    assert drive.feed(e.Touched(), 2.0) == []
    assert drive.visit.deadline == before


def test_no_touch_extends_the_wait_for_the_clerk():
    drive = at(Stage.PHONE)
    drive.feed(e.HelpWanted())
    before = drive.visit.deadline
    assert drive.feed(e.Touched(), 2.0) == []
    assert drive.visit.deadline == before


@pytest.mark.parametrize("stage", sorted(ASKED))
def test_before_the_end_the_person_is_asked_aloud(stage):
    drive = at(stage)
    ends = drive.visit.ends
    orders = drive.feed(e.TimePassed(), drive.visit.deadline - drive.at)
    assert orders == [e.AskTime(ends, UNSEEN.get(stage, Code.OK)), e.Say("more_time")]
    assert drive.at == pytest.approx(ends - ASK_S)
    assert drive.visit.deadline == drive.visit.ends == ends
    assert drive.visit.stage is stage


@pytest.mark.parametrize("stage", sorted(ASKED))
def test_a_touch_answers_that_more_time_is_needed(stage):
    drive = to_the_question(stage)
    orders = drive.feed(e.Touched(), 5.0)
    assert orders == [e.TimeLeft(drive.visit.ends)]
    assert drive.visit.ends == pytest.approx(drive.at + drive.visit.limit_s)
    assert drive.visit.will_ask, "and is asked again, when that time is over"


@pytest.mark.parametrize("stage", sorted(ASKED - {Stage.REVIEW, *UNSEEN}))
def test_without_an_answer_the_stage_ends_when_it_always_did(stage):
    drive = to_the_question(stage)
    ends = drive.visit.ends
    assert drive.feed(e.TimePassed(), ASK_S - 0.1) == []
    drive.feed(e.TimePassed(), 0.2)
    assert ended(drive) == (Outcome.ABANDONED, Code.VISIT_TIMEOUT)
    assert drive.at == pytest.approx(ends, abs=0.2)


def test_the_last_touch_of_the_bound_takes_the_question_away_all_the_same():
    drive = at(Stage.PHONE)
    most = drive.at + LIMITS.time.most_factor * drive.visit.limit_s
    while drive.visit.ends < most - 0.5:
        drive.feed(e.Touched(), 10.0)
    drive.feed(e.TimePassed(), drive.visit.deadline - drive.at)
    assert drive.all(e.AskTime)
    assert drive.feed(e.Touched(), 1.0) == [e.TimeLeft(drive.visit.ends)]
    drive.time_out()
    assert ended(drive) == (Outcome.ABANDONED, Code.VISIT_TIMEOUT)


def test_a_short_time_has_no_question():
    drive = at(Stage.PHONE)
    drive.visit.limits = changed(LIMITS, time={"ask_s": 100.0})
    drive.feed(e.Touched())
    assert not drive.visit.will_ask


def test_the_question_goes_with_the_stage():
    drive = to_the_question(Stage.PHONE)
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    assert drive.visit.stage is Stage.FACE
    assert not drive.visit.asked


def test_a_visit_with_touches_is_replayed_as_it_was():
    drive = to_the_question(Stage.PHONE)
    drive.feed(e.Touched(), 3.3)
    drive.feed(e.Cancelled(), 7.0)
    lines = [
        replay.encode_policy(policy(review=DESK)),
        *(replay.encode_event(at, ev) for at, ev in drive.log),
    ]
    _, orders = replay.replay(lines)
    again = [o for group in orders for o in group if isinstance(o, e.TimeLeft | e.AskTime)]
    mine = [o for o in drive.orders if isinstance(o, e.TimeLeft | e.AskTime)]
    assert [type(o) for o in again] == [type(o) for o in mine]
    assert [o.until for o in again] == pytest.approx([o.until for o in mine], abs=0.01)


@pytest.mark.parametrize("stage", [Stage.CONSENT, Stage.GUARDIAN])
def test_the_time_to_read_begins_again_when_the_text_was_read_aloud_but_not_for_ever(stage):
    drive = at(stage)
    began, whole = drive.at, drive.visit.limit_s
    drive.feed(e.PromptEnded(e.READ_ALOUD, drive.at), 0.4 * whole)
    assert drive.visit.ends == pytest.approx(drive.at + whole)
    while drive.visit.stage is stage and drive.at < began + 20 * whole:
        drive.feed(e.PromptEnded(e.READ_ALOUD, drive.at), 5.0)
        drive.feed(e.TimePassed(), 0.1)
    assert drive.at <= began + LIMITS.time.most_factor * whole + 10.0


def look(drive, *, seen):
    """Let the camera see somebody, or their card, or nothing."""
    if drive.visit.stage is Stage.PORTRAIT:
        drive.feed(e.CardSeen(drive.at, Code.CARD_PICTURE_FAR if seen else Code.CARD_PICTURE_NONE))
    elif seen:
        drive.see(good=False, hint=Code.FACE_TOO_FAR)
    else:
        drive.see(faces=0, good=False, hint=Code.FACE_NONE)


@pytest.mark.parametrize("stage", sorted(UNSEEN))
def test_a_person_before_the_camera_is_not_asked(stage):
    drive = at(stage)
    while drive.at < drive.visit.ends - ASK_S - 1.0:
        look(drive, seen=True)
    assert drive.feed(e.TimePassed(), drive.visit.deadline - drive.at) == []
    assert not drive.all(e.AskTime)
    assert drive.visit.deadline == drive.visit.ends


@pytest.mark.parametrize("stage", sorted(UNSEEN))
def test_an_empty_picture_asks_with_the_reason_and_being_seen_answers(stage):
    drive = at(stage)
    while drive.at < drive.visit.ends - ASK_S - 1.0:
        look(drive, seen=False)
    drive.feed(e.TimePassed(), drive.visit.deadline - drive.at)
    assert drive.all(e.AskTime) == [e.AskTime(drive.visit.ends, UNSEEN[stage])]
    look(drive, seen=False)
    assert not drive.all(e.TimeLeft)
    look(drive, seen=True)
    assert drive.all(e.TimeLeft) == [e.TimeLeft(drive.visit.ends)]
    assert drive.visit.ends == pytest.approx(drive.at + drive.visit.limit_s)


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [
        (Stage.PORTRAIT, (Outcome.REFERRED, Code.CARD_PICTURE_NONE)),
        (Stage.FACE, (Outcome.ABANDONED, Code.VISIT_ABANDONED)),
    ],
)
def test_nobody_before_the_camera_and_no_answer_end_with_what_was_not_seen(stage, outcome):
    drive = at(stage)
    while drive.visit.stage is stage:
        drive.time_out()
    assert ended(drive) == outcome
