"""A visit that waits for the clerk who was called: nothing is lost, and nothing counts meanwhile."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import ClerkCallState, Decision, Device, DigitHeard, Outcome, ReviewReason, Role, Stage
from kiosk.visit import replay
from tests.kiosk.visit.review_drive import DESK
from tests.kiosk.visit.test_stage_events import BEFORE_A_CAMERA, at, ended
from tests.support.visit_driver import DIGITS, GOOD_CARD, LIMITS, challenge, policy

HELPED = [s for s in Stage if s not in
          (Stage.OUT_OF_SERVICE, Stage.IDLE, Stage.REVIEW, Stage.SUBMIT, Stage.OUTCOME)]  # fmt: skip
PLAIN = [s for s in HELPED if s not in (*BEFORE_A_CAMERA, Stage.PORTRAIT)]
CHALLENGES = [Stage.DIGITS, Stage.HEAD, Stage.TOUCH]


def helped(stage):
    drive = at(stage)
    drive.feed(e.HelpWanted())
    return drive


@pytest.mark.parametrize("stage", HELPED)
def test_help_waits_on_every_stage_and_rings(stage):
    drive = at(stage)
    orders = drive.feed(e.HelpWanted())
    assert e.RingClerk() in orders
    assert drive.visit.stage is stage
    assert drive.visit.deadline == drive.at + LIMITS.help.limit_s
    assert drive.all(e.ShowHelp)[-1].until == drive.visit.deadline


@pytest.mark.parametrize("stage", HELPED)
def test_nothing_counts_while_it_waits(stage):
    drive = helped(stage)
    before = len(drive.visit.verdicts), drive.visit.deadline
    for event in (
        e.Agreed("zh-Hans", "00", picture=True), e.Declined(), e.GuardianAgreed("zh-Hans", "00"),
        e.CardRead(GOOD_CARD), e.CardFailed(Code.CARD_MOVED), e.ReferenceReady(),
        e.Typed(phone="19900000000", password="31415926"),
        e.ChallengeTaken(challenge()), e.DigitsTyped(DIGITS), e.PromptEnded("digits", drive.at),
        DigitHeard(at=drive.at, window=0), e.DeviceFailed(Device.CAMERA, Code.CAMERA_LOST),
    ):  # fmt: skip
        assert drive.feed(event) == []
    for _ in range(14):
        assert drive.see() == []
    assert drive.visit.stage is stage
    assert (len(drive.visit.verdicts), drive.visit.deadline) == before


@pytest.mark.parametrize("stage", BEFORE_A_CAMERA)
def test_nobody_is_watched_or_heard_while_it_waits(stage):
    orders = at(stage).feed(e.HelpWanted())
    assert {e.Unwatch(), e.StopListening()} <= set(orders)


@pytest.mark.parametrize("stage", PLAIN)
def test_the_stage_goes_on_with_its_whole_time(stage):
    drive = at(stage)
    shows, whole = len(drive.all(e.Show)), drive.visit.ends - drive.at
    drive.feed(e.HelpWanted(), whole - 1.0)
    drive.feed(e.HelpEnded(), 100.0)
    assert len(drive.all(e.Show)) == shows, "shown again, the screen would forget what was typed"
    assert drive.visit.ends == pytest.approx(drive.at + whole)
    assert drive.all(e.TimeLeft)[-1].until == drive.visit.ends
    assert drive.all(e.HelpOver)


def test_a_card_is_read_only_after_it_goes_on():
    drive = at(Stage.CARD)
    assert e.IgnoreCard() in drive.feed(e.HelpWanted())
    assert e.AwaitCard() in drive.feed(e.HelpEnded())
    drive.feed(e.CardRead(GOOD_CARD))
    assert drive.visit.stage is Stage.PHONE


def test_a_reader_that_failed_meanwhile_is_told():
    drive = helped(Stage.CARD)
    drive.feed(e.DeviceFailed(Device.READER, Code.READER_LOST))
    drive.feed(e.HelpEnded())
    assert drive.all(e.Show)[-1].code is Code.READER_LOST


@pytest.mark.parametrize("code", [Code.READER_CHANGED, Code.INTERNAL])
def test_what_could_not_go_on_ends(code):
    drive = helped(Stage.CARD)
    drive.feed(e.DeviceFailed(Device.READER if code is Code.READER_CHANGED else Device.MODELS, code))
    assert ended(drive) == (Outcome.REFERRED, code)


@pytest.mark.parametrize("stage", CHALLENGES)
def test_a_challenge_begins_again_at_the_face_and_costs_nothing_the_first_time(stage):
    drive = at(stage)
    drive.feed(e.ChallengeTaken(challenge()))
    drive.feed(e.HelpWanted())
    drive.feed(e.HelpEnded())
    assert drive.visit.stage is Stage.FACE
    assert drive.visit.tries_spent(stage) == drive.visit.tries_spent(Stage.FACE) == 0
    drive.match()
    assert drive.visit.stage is stage
    assert len(drive.all(e.TakeChallenge)) == 2, "the first one was seen"


def test_help_is_no_source_of_challenges():
    drive = at(Stage.DIGITS)
    while drive.visit.stage is Stage.DIGITS:
        drive.feed(e.ChallengeTaken(challenge()))
        drive.feed(e.HelpWanted())
        drive.feed(e.HelpEnded())
        drive.match()
    assert len(drive.all(e.TakeChallenge)) == LIMITS.digits.tries + 1
    assert drive.visit.stage is Stage.REVIEW
    assert drive.visit.review_case.code is Code.VISIT_NEEDS_CLERK


def test_what_was_seen_before_does_not_count_after():
    drive = at(Stage.FACE)
    drive.feed(e.ReferenceReady())
    drive.see()
    drive.feed(e.HelpWanted())
    drive.feed(e.HelpEnded())
    drive.feed(e.HelpWanted())  # costs a try: the second face that was given up
    assert drive.visit.compared is None or not drive.visit.reference
    assert drive.visit.tries_spent(Stage.FACE) == 1


def test_the_number_of_waits_is_bounded():
    drive = at(Stage.PHONE)
    for _ in range(LIMITS.help.most):
        drive.feed(e.HelpWanted())
        drive.feed(e.HelpEnded())
    drive.feed(e.HelpWanted())
    assert drive.visit.stage is Stage.REVIEW


@pytest.mark.parametrize("stage", HELPED)
def test_a_visit_that_nobody_comes_back_to_ends_and_says_why(stage):
    drive = helped(stage)
    drive.feed(e.HelpWanted(), 100.0)  # calling again is no more time
    drive.time_out()
    assert ended(drive) == (Outcome.ABANDONED, Code.VISIT_HELP_TIMEOUT)
    assert drive.visit.typed is None
    drive.feed(e.Dismissed())
    assert e.Forget() in drive.orders


@pytest.mark.parametrize("last", [e.HelpEnded(), e.Cancelled(), e.TimePassed()])
def test_the_call_ends_with_the_waiting(last):
    drive = helped(Stage.PHONE)
    assert not drive.all(e.EndClerkCall)
    drive.feed(last, 1000.0)
    assert len(drive.all(e.EndClerkCall)) == 1
    drive.feed(e.Cancelled())
    assert len(drive.all(e.EndClerkCall)) == 1


def test_the_screen_is_told_what_became_of_the_call():
    drive = helped(Stage.PHONE)
    until = drive.visit.deadline
    drive.feed(e.ClerkCallChanged(ClerkCallState.FAILED, staffed=False))
    assert drive.all(e.ShowHelp)[-1] == e.ShowHelp(call=ClerkCallState.FAILED, until=until, review=False)


def test_an_answer_that_comes_late_changes_nothing():
    drive = helped(Stage.PHONE)
    drive.feed(e.HelpEnded())
    assert drive.feed(e.ClerkCallChanged(ClerkCallState.CALLED, staffed=True)) == []


def test_nobody_opens_a_review_where_no_clerk_is_signed_in():
    drive = at(Stage.PHONE)
    drive.staff = None
    drive.feed(e.HelpWanted())
    assert drive.feed(e.ReviewWanted()) == []
    drive.feed(e.HelpEnded())
    assert drive.visit.stage is Stage.PHONE


def test_help_stops_the_clock_of_a_review_and_gives_it_back_whole():
    drive = at(Stage.REVIEW)
    ends, shows = drive.visit.ends, len(drive.all(e.Show))
    orders = drive.feed(e.HelpWanted(), 100.0)
    assert e.RingClerk() in orders
    assert drive.all(e.ShowHelp)[-1].until == drive.visit.deadline == drive.at + LIMITS.help.limit_s
    assert not drive.all(e.ShowHelp)[-1].review, "a review is open already"
    assert e.Say("help.wave") in drive.orders
    drive.feed(e.TimePassed(), ends - drive.at)
    assert drive.visit.stage is Stage.REVIEW
    drive.feed(e.HelpEnded())
    assert drive.visit.ends == pytest.approx(drive.at + LIMITS.review_s)
    assert len(drive.all(e.Show)) == shows, "shown again, the page would forget what the clerk did"
    assert drive.all(e.TimeLeft)[-1].until == drive.visit.ends
    assert e.HelpOver() in drive.orders
    drive.feed(e.ChallengeTaken(challenge()))
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    drive.sign("7002", Role.SUPERVISOR)
    assert drive.visit.stage is Stage.SUBMIT


def test_help_keeps_the_clerk_who_signed_in_to_a_review_and_its_challenge():
    drive = at(Stage.REVIEW).sign("7001")
    drive.feed(e.HelpWanted())
    drive.feed(e.ChallengeTaken(challenge()))
    assert drive.feed(e.Decided(Decision.REFUSE, ReviewReason.OTHER_PERSON)) == []
    assert drive.feed(e.ReviewWanted()) == []
    drive.feed(e.HelpEnded())
    assert (drive.visit.review_case.clerk, drive.visit.challenge) == ("7001", challenge())
    drive.decide(Decision.REFUSE, ReviewReason.OTHER_PERSON)
    assert ended(drive) == (Outcome.REFUSED, Code.REVIEW_REFUSED)


def test_an_answer_under_way_is_not_lost_in_a_review_that_calls():
    drive = at(Stage.REVIEW)
    drive.feed(e.Signs("7001", "2468"))
    assert e.RingClerk() in drive.feed(e.HelpWanted())
    assert drive.visit.help is None
    drive.feed(e.Attested("7001", Role.CLERK, 1_700_000_111.0))
    assert drive.all(e.ShowCase)


def test_a_review_that_nobody_comes_to_after_a_call_is_referred():
    drive = at(Stage.REVIEW)
    drive.feed(e.HelpWanted())
    drive.time_out()
    assert ended(drive) == (Outcome.REFERRED, Code.WAY_CLERK)
    assert drive.all(e.EndClerkCall)


def test_a_review_waits_for_help_a_bounded_number_of_times():
    drive = at(Stage.REVIEW)
    for _ in range(LIMITS.help.most):
        drive.feed(e.HelpWanted())
        assert drive.visit.help is not None
        drive.feed(e.HelpEnded())
    ends = drive.visit.ends
    assert e.RingClerk() in drive.feed(e.HelpWanted(), 60.0)
    assert drive.visit.help is None
    assert drive.visit.ends == ends
    assert drive.all(e.ShowHelp)[-1].until is None
    drive.time_out()
    assert ended(drive) == (Outcome.REFERRED, Code.WAY_CLERK)


def test_the_call_ends_when_the_clerk_gives_the_pin():
    drive = at(Stage.REVIEW)
    drive.feed(e.HelpWanted())
    drive.feed(e.HelpEnded())
    assert not drive.all(e.EndClerkCall), "the review waits for them still"
    drive.sign("7001")
    assert drive.all(e.EndClerkCall)
    drive.decide(Decision.REFUSE, ReviewReason.OTHER_PERSON)
    assert len(drive.all(e.EndClerkCall)) == 1


@pytest.mark.parametrize("stage", HELPED)
def test_a_visit_that_waited_is_replayed_as_it_was(stage):
    drive = helped(stage)
    drive.feed(e.HelpEnded(), 42.0)
    drive.feed(e.Cancelled(), 7.0)
    lines = [
        replay.encode_policy(policy(drive.visit.limits, review=DESK)),
        *(replay.encode_event(at, ev) for at, ev in drive.log),
    ]
    again, orders = replay.replay(lines)
    flat = [order for group in orders for order in group]
    assert [o for o in flat if isinstance(o, e.ShowHelp | e.TimeLeft | e.RingClerk)] == [
        replace(o, until=round(o.until, 4)) if getattr(o, "until", None) else o
        for o in drive.orders if isinstance(o, e.ShowHelp | e.TimeLeft | e.RingClerk)
    ]  # fmt: skip
    assert (again.outcome, again.code) == (drive.visit.outcome, drive.visit.code)


def test_the_last_screen_calls_too_until_it_is_left():
    drive = at(Stage.OUTCOME)
    assert drive.feed(e.HelpWanted())[0] == e.RingClerk()
    assert drive.feed(e.ClerkCallChanged(ClerkCallState.CALLED, staffed=False)) == [
        e.ShowHelp(call=ClerkCallState.CALLED)
    ]
    assert drive.visit.stage is Stage.OUTCOME
    assert e.EndClerkCall() in drive.feed(e.Dismissed())


def test_a_call_ends_with_the_visit_that_waited_for_it():
    drive = helped(Stage.PHONE)
    assert e.EndClerkCall() in drive.time_out()
    assert drive.visit.stage is Stage.OUTCOME


@pytest.mark.parametrize("call", list(ClerkCallState))
def test_what_became_of_the_call_is_spoken_once_it_is_known(call):
    drive = helped(Stage.CARD)
    said = [
        order.prompt for order in drive.feed(e.ClerkCallChanged(call, staffed=False)) if type(order) is e.Say
    ]
    assert said == ([] if call is ClerkCallState.CALLING else [f"help.{call.value}"])
