"""The other ways: head movements, typed digits, the clerk's way; and changing between them."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    Challenge,
    Check,
    Decision,
    Device,
    FaceSeen,
    HeadMove,
    Outcome,
    ReviewReason,
    Role,
    Stage,
    VerdictAnswer,
    Way,
)
from kiosk.visit import head_turns
from tests.kiosk.visit.review_drive import DESK, StaffedVisitDriver
from tests.support.visit_driver import DIGITS, LIMITS, NUMBER, challenge

OTHER = {
    HeadMove.LEFT: HeadMove.RIGHT,
    HeadMove.RIGHT: HeadMove.LEFT,
    HeadMove.UP: HeadMove.DOWN,
    HeadMove.DOWN: HeadMove.UP,
}
POSE = {
    HeadMove.LEFT: (20.0, 0.0),
    HeadMove.RIGHT: (-20.0, 0.0),
    HeadMove.UP: (0.0, 15.0),
    HeadMove.DOWN: (0.0, -15.0),
}


def begun(way, limits=LIMITS):
    drive = StaffedVisitDriver(limits)
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0, way=way))
    return drive


def to_head(limits=LIMITS):
    drive = begun(Way.HEAD, limits)
    drive.agree_and_type().match()
    assert drive.visit.stage is Stage.HEAD
    drive.feed(e.ChallengeTaken(challenge()))
    drive.feed(e.PromptEnded("head", drive.at))
    return drive


def rest(drive, seconds):
    until = drive.at + seconds
    while drive.at < until and drive.visit.stage is Stage.HEAD:
        drive.see(yaw=1.0, pitch=-1.0)


def follow(drive, answer=lambda move: move, react_s=0.5, steps=99):
    """Look ahead until each arrow comes, then make the movement `answer` and come back."""
    taken = len(drive.all(e.TakeChallenge))
    for _ in range(steps):
        if drive.visit.stage is not Stage.HEAD or len(drive.all(e.TakeChallenge)) > taken:
            return drive
        rest(drive, max(0.0, drive.visit.deadline - drive.at))
        shown = [o for o in drive.time_out() if isinstance(o, e.ShowHeadMove) and o.move]
        if not shown:
            return drive
        drive.feed(e.HeadMoveShown(shown[0].step, drive.at), 0.0)
        rest(drive, react_s)
        yaw, pitch = POSE.get(answer(shown[0].move), (0.0, 0.0))
        for part in (0.5, 1.0, 0.5):
            if drive.visit.stage is Stage.HEAD:
                drive.see(yaw=1.0 + yaw * part, pitch=-1.0 + pitch * part)
        rest(drive, 0.15)
    return drive


# ── head ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_head_that_follows_the_arrows_submits_without_a_voice():
    drive = follow(to_head())
    (submit,) = drive.all(e.Submit)
    assert submit.evidence.way is Way.HEAD
    passed = {v.check for v in submit.evidence.verdicts if v.answer is VerdictAnswer.PASS}
    assert passed == {
        Check.CARD,
        Check.PHONE,
        Check.FACE,
        Check.HEAD,
        Check.CONTINUITY,
        Check.STREAM,
    }
    assert not drive.all(e.Listen)


def test_the_arrows_come_from_the_challenge_and_never_twice_in_a_row():
    made = {head_turns.moves(Challenge(id="c", digits=(a, b, c, d), gaps_s=(1.0,) * 4, expires_unix=0.0), 5)
            for a in range(10) for b in range(10) for c in range(10) for d in (0, 3, 7)}  # fmt: skip
    assert len(made) > 100
    assert all(a is not b for arrows in made for a, b in pairwise(arrows))
    assert head_turns.moves(challenge(), 5) == head_turns.moves(challenge(), 5)


def test_the_wrong_way_costs_a_try_and_brings_new_arrows():
    drive = follow(to_head(), OTHER.get)
    assert drive.all(e.Show)[-1].code is Code.HEAD_WRONG
    assert drive.visit.stage is Stage.HEAD
    assert len(drive.all(e.TakeChallenge)) == 2


def test_a_head_that_stays_still_passes_nothing():
    drive = to_head()
    follow(drive, lambda _: None, steps=1)
    rest(drive, LIMITS.head.window_s)
    drive.time_out()
    assert drive.all(e.Show)[-1].code is Code.HEAD_STILL


def test_a_movement_before_anybody_can_have_seen_the_arrow_is_no_answer():
    drive = follow(to_head(), react_s=0.0)
    assert drive.all(e.Show)[-1].code is Code.HEAD_TOO_EARLY


def test_a_head_that_never_rests_follows_nothing():
    drive = to_head()
    while drive.at < drive.visit.deadline:
        drive.see(yaw=25.0 if drive.seq % 4 < 2 else -25.0, pitch=0.0)
    (order,) = [o for o in drive.time_out() if isinstance(o, e.ShowHeadMove)]
    drive.feed(e.HeadMoveShown(order.step, drive.at), 0.0)
    drive.see(yaw=25.0, pitch=0.0)
    assert drive.all(e.Show)[-1].code is Code.HEAD_TOO_EARLY


def test_nobody_was_looked_at_before_the_arrow():
    drive = to_head()
    (order,) = [o for o in drive.time_out() if isinstance(o, e.ShowHeadMove)]
    drive.feed(e.HeadMoveShown(order.step, drive.at), 0.0)
    drive.see(0.3, yaw=0.0, pitch=0.0)
    assert drive.visit.stage is not Stage.SUBMIT
    assert Code.HEAD_UNSEEN in [s.code for s in drive.all(e.Show)]


def test_a_machine_that_looks_at_five_frames_in_two_seconds_knows_the_rest():
    slow = head_turns.HeadTurns(challenge(), LIMITS.head, LIMITS.pace, unhurried=False)
    for i in range(4):
        slow.take(FaceSeen(at=0.4 * i, seq=i, faces=1, track=1, yaw=1.0, pitch=-1.0))
    slow.next_move()
    assert slow.painted(e.HeadMoveShown(0, 1.25))
    assert not slow.take(FaceSeen(at=1.6, seq=4, faces=1, track=1, yaw=1.0, pitch=-1.0))
    assert slow.fault is None


def test_one_frame_before_the_arrow_tells_no_rest():
    slow = head_turns.HeadTurns(challenge(), LIMITS.head, LIMITS.pace, unhurried=False)
    slow.take(FaceSeen(at=1.0, seq=0, faces=1, track=1, yaw=1.0, pitch=-1.0))
    slow.next_move()
    slow.painted(e.HeadMoveShown(0, 1.25))
    assert slow.take(FaceSeen(at=1.6, seq=1, faces=1, track=1, yaw=1.0, pitch=-1.0))
    assert slow.fault is Code.HEAD_UNSEEN


@pytest.mark.parametrize(("eyes", "fault"), [(-0.08, None), (0.1, Code.HEAD_TOO_EARLY)])
def test_a_blink_before_the_arrow_is_no_movement(eyes, fault):
    turning = head_turns.HeadTurns(challenge(), LIMITS.head, LIMITS.pace, unhurried=False)
    for i in range(10):
        blinks = i in (4, 5)
        turning.take(
            FaceSeen(
                at=0.08 * i,
                seq=i,
                faces=1,
                track=1,
                yaw=0.0,
                pitch=-17.0 if blinks else -10.0,
                eyes=eyes if blinks else 0.1,
            )
        )
    turning.next_move()
    assert turning.painted(e.HeadMoveShown(0, 0.8))
    assert turning.fault is fault


def test_another_face_cannot_finish_the_arrows():
    drive = follow(to_head(), steps=3)
    drive.see(track=2, yaw=0.0, pitch=0.0)
    assert drive.visit.stage is Stage.FACE
    assert drive.all(e.Show)[-1].code is Code.FACE_CHANGED


def test_three_wrong_challenges_are_referred():
    drive = to_head()
    for again in range(3):
        if again:
            drive.feed(e.ChallengeTaken(challenge()))
            drive.feed(e.PromptEnded("head_retry", drive.at))
        follow(drive, OTHER.get)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.HEAD_WRONG)


# ── touch ────────────────────────────────────────────────────────────────────────────────────────


def to_touch():
    drive = begun(Way.TOUCH)
    drive.agree_and_type().match()
    assert drive.visit.stage is Stage.TOUCH
    drive.feed(e.ChallengeTaken(challenge()))
    return drive


def look(drive, seconds=7.0):
    """Longer than the light that is wanted takes."""
    for _ in range(int(seconds / 0.1)):
        drive.see(0.1)


def test_typed_digits_alone_submit_nothing():
    drive = to_touch()
    look(drive)
    drive.feed(e.DigitsTyped(DIGITS))
    assert drive.visit.stage is Stage.REVIEW
    assert not drive.all(e.Submit)


def test_typed_digits_and_a_clerk_who_attests_submit():
    drive = to_touch()
    look(drive)
    drive.feed(e.DigitsTyped(DIGITS))
    drive.sign("7001").decide(reason=ReviewReason.CANNOT_SPEAK)
    assert not drive.all(e.Submit)  # a clerk alone is not enough
    drive.sign("7002", Role.SUPERVISOR)
    (submit,) = drive.all(e.Submit)
    assert submit.evidence.way is Way.TOUCH
    assert submit.evidence.challenge == "c1"
    assert [r.overruled for r in submit.evidence.reviews] == [(Code.WAY_ATTEST,)]


def test_wrong_digits_are_typed_again_and_new():
    drive = to_touch()
    look(drive)
    drive.feed(e.DigitsTyped((0, *DIGITS[1:])))
    assert drive.visit.stage is Stage.TOUCH
    assert drive.all(e.Show)[-1].code is Code.TOUCH_WRONG
    assert len(drive.all(e.TakeChallenge)) == 2


def test_digits_that_somebody_else_typed_do_not_count():
    drive = to_touch()
    look(drive)
    drive.see(1.5, faces=0)
    assert drive.visit.stage is Stage.FACE


def test_without_a_clerk_the_touch_way_does_not_begin():
    drive = begun(Way.TOUCH)
    drive.staff = None
    drive.feed(e.Agreed("zh-Hans", "00", picture=False))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.WAY_ATTEST)
    assert not drive.all(e.Attend)


# ── the clerk's way ──────────────────────────────────────────────────────────────────────────────


def to_clerk():
    drive = begun(Way.CLERK)
    drive.agree_and_type()
    assert drive.visit.stage is Stage.REVIEW
    drive.feed(e.ChallengeTaken(challenge()))
    return drive


def test_the_clerks_way_opens_no_camera_and_needs_two_people():
    drive = to_clerk()
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    assert not drive.all(e.Submit)
    drive.sign("7002", Role.SUPERVISOR)
    (submit,) = drive.all(e.Submit)
    assert submit.evidence.way is Way.CLERK
    assert {v.check for v in submit.evidence.verdicts} == {Check.CARD, Check.PHONE}
    assert submit.evidence.reviews[0].second.clerk == "7002"
    assert not drive.all(e.Attend)
    assert not drive.all(e.Watch)


def test_who_declines_face_recognition_is_offered_the_clerks_way():
    drive = begun(Way.VOICE)
    drive.feed(e.Declined())
    show = drive.all(e.Show)[-1]
    assert (show.stage, show.way, show.code) == (Stage.CONSENT, Way.CLERK, Code.CONSENT_REFUSED)
    drive.agree_and_type()
    assert drive.visit.stage is Stage.REVIEW
    assert not drive.all(e.Attend)


def test_who_declines_that_too_has_cancelled():
    drive = begun(Way.VOICE)
    drive.feed(e.Declined())
    drive.feed(e.Declined())
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.ABANDONED, Code.VISIT_CANCELLED)


@pytest.mark.parametrize("stage", [Stage.CONSENT, Stage.DIGITS])
def test_who_declines_the_clerks_way_has_cancelled(stage):
    """The button says that the visit ends: nobody is told then that a clerk serves them."""
    if stage is Stage.CONSENT:
        drive = begun(Way.CLERK)
    else:
        drive = begun(Way.VOICE).agree_and_type()
        drive.match()
        drive.feed(e.WayChosen(Way.CLERK))
    drive.feed(e.Declined())
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.ABANDONED, Code.VISIT_CANCELLED)


def test_a_way_that_is_not_offered_is_not_gone():
    drive = begun(Way.CLERK, replace(LIMITS, ways=(Way.VOICE,)))
    assert drive.visit.way is Way.VOICE
    drive.agree_and_type()
    assert drive.feed(e.WayChosen(Way.HEAD)) == []
    assert drive.visit.stage is Stage.FACE


# ── changing ─────────────────────────────────────────────────────────────────────────────────────


def test_another_way_after_a_failed_reading():
    drive = begun(Way.VOICE)
    drive.agree_and_type().match()
    drive.read((7, 7, 7, 7, 7, 7))
    drive.feed(e.WayChosen(Way.HEAD))
    assert drive.visit.stage is Stage.HEAD
    drive.feed(e.ChallengeTaken(challenge()))
    drive.feed(e.PromptEnded("head", drive.at))
    follow(drive)
    (submit,) = drive.all(e.Submit)
    assert submit.evidence.way is Way.HEAD


def test_each_way_is_tried_once():
    drive = begun(Way.VOICE)
    drive.agree_and_type().match()
    drive.feed(e.WayChosen(Way.TOUCH))
    assert drive.visit.stage is Stage.TOUCH
    assert drive.feed(e.WayChosen(Way.VOICE)) == []
    assert drive.feed(e.WayChosen(Way.TOUCH)) == []


def test_to_the_clerks_way_in_the_middle_everything_filmed_is_dropped():
    drive = begun(Way.VOICE)
    drive.agree_and_type().match()
    drive.feed(e.WayChosen(Way.CLERK))
    assert e.Forget() in drive.orders
    assert drive.visit.stage is Stage.CONSENT
    drive.feed(e.Agreed("zh-Hans", "11", picture=False))
    assert drive.visit.stage is Stage.REVIEW
    drive.feed(e.ChallengeTaken(challenge()))
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    drive.sign("7002", Role.SUPERVISOR)
    (submit,) = drive.all(e.Submit)
    assert submit.evidence.consent.text_sha256 == "11"


@pytest.mark.parametrize("to", [to_head, to_touch])
def test_a_lost_camera_starts_over_on_every_way(to):
    drive = to()
    drive.feed(e.DeviceFailed(Device.CAMERA, Code.CAMERA_LOST))
    assert drive.visit.stage is Stage.FACE


def test_help_on_any_stage_calls_the_clerk_who_may_give_another_try():
    drive = begun(Way.VOICE)
    drive.agree_and_type().match()
    drive.feed(e.HelpWanted())
    drive.feed(e.ReviewWanted())
    assert drive.visit.stage is Stage.REVIEW
    assert DESK.help
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.NOT_READY)
    assert drive.visit.stage is Stage.FACE
