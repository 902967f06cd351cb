"""Help in the middle of a visit: the clerk is called, and the visit waits until the person goes on.

Theory of operation: while `VisitState.help` is set the visit is fed by the table `WAITING` of `handlers`
instead of its stage's, so that nothing that is seen, heard, read or typed counts. The stage's clock stands
still; another one ends a visit that nobody comes back to. What was typed and read before is kept. A face must
be watched without a gap from the match to the answer, so the stages before a camera begin again at the face:
once in a visit for nothing, afterwards for a try, or help would be a source of challenges. A review waits
too: what the clerk did in it is kept.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import ClerkCallState, Device, Outcome, Stage
from kiosk.visit.help import Help
from kiosk.visit.stages import face_watch, phone_code, portrait, review
from kiosk.visit.state import Orders, VisitState


def wanted(state: VisitState, _: e.HelpWanted) -> Orders:
    """Call the clerk and let the visit wait for them."""
    limits = state.limits.help
    state.helps += 1
    if state.helps > limits.most or not _may_begin_again(state):
        return [*ring(state), *review.refer(state, Code.VISIT_NEEDS_CLERK)]
    state.reading = state.turning = state.light = state.challenge = None
    quiet: Orders = [e.IgnoreCard()] if state.stage is Stage.CARD else []
    if state.stage is Stage.PORTRAIT or state.stage in review.WATCHED:
        steady = e.ShowLight("", state.limits.light.hold_s)
        quiet = [e.StopListening(), e.Unwatch(), steady]
    return [*quiet, *_wait(state)]


def wanted_in_review(state: VisitState, _: e.HelpWanted) -> Orders:
    """Call the clerk for whom a review waits already, and let its clock stand still.

    Too often, or while an answer is under way, the clerk is called and the review goes on.
    """
    if state.helps >= state.limits.help.most or not review.may_wait(state):
        return ring(state)
    state.helps += 1
    return _wait(state)


def _wait(state: VisitState) -> Orders:
    state.help = Help()
    state.deadline = state.ends = state.at + state.limits.help.limit_s * state.slowness
    return [_show(state), *ring(state)]


def _may_begin_again(state: VisitState) -> bool:
    """Count a face or challenge that is given up; return False if no try is left for another."""
    if state.stage not in review.WATCHED:
        return True
    state.given_up += 1
    return state.given_up == 1 or state.spend(state.stage)


def ring(state: VisitState) -> Orders:
    """Call the clerk, until the visit does not wait for them any more (`Visit.feed`)."""
    state.ringing = True
    return [e.RingClerk()]


def _show(state: VisitState) -> e.ShowHelp:
    assert state.help is not None
    reviewable = (
        state.stage is not Stage.REVIEW
        and state.help.staffed
        and review.is_asked_of_clerk(state, Code.VISIT_NEEDS_CLERK)
    )
    return e.ShowHelp(call=state.help.call, until=state.deadline, review=reviewable)


def again(state: VisitState, _: e.HelpWanted) -> Orders:
    """Call once more; the visit does not wait longer for that."""
    return ring(state)


def call_changed(state: VisitState, event: e.ClerkCallChanged) -> Orders:
    state.help = Help(event.call, event.staffed)
    known = event.call is not ClerkCallState.CALLING  # that is over in a moment
    said: Orders = [e.Say(f"help.{event.call}")] if known else []
    return [_show(state), *said]


def ended(state: VisitState, _: e.HelpEnded) -> Orders:
    """Go on where the visit was, with the whole time of the stage."""
    state.help = None
    if state.stage in review.WATCHED:
        return [*face_watch.begin(state, Code.OK), e.Say("face")]
    if state.stage is Stage.PORTRAIT:
        return portrait.begin(state, Code.OK)
    if state.stage is Stage.PHONE_CODE:
        return phone_code.resume(state)
    state.entered_at = state.at
    state.end_stage_at(state.at + state.limit_s)
    orders: Orders = [e.HelpOver(), e.TimeLeft(state.ends)]
    if state.stage is Stage.CARD:
        orders.append(e.AwaitCard())
        if (code := state.gone.get(Device.READER)) is not None:
            orders.append(state.show(code))
    return orders


def review_wanted(state: VisitState, _: e.ReviewWanted) -> Orders:
    """Let the clerk who came decide on the spot, if one is signed in."""
    if state.help is None or not state.help.staffed or state.stage is Stage.REVIEW:
        return []
    state.help = None
    return review.refer(state, Code.VISIT_NEEDS_CLERK)


def device_failed(state: VisitState, event: e.DeviceFailed) -> Orders:
    """End what could not go on; a reader or camera that comes back meanwhile is no reason."""
    if event.device is Device.MODELS or event.code is Code.READER_CHANGED:
        return state.end(Outcome.REFERRED, event.code)
    return []


def challenge_answered(state: VisitState, event: e.ChallengeTaken | e.ChallengeMissing) -> Orders:
    """Take the challenge that a review asked for; of any other stage it was given up."""
    if state.stage is not Stage.REVIEW:
        return []
    if isinstance(event, e.ChallengeMissing):
        return review.challenge_missing(state, event)
    return review.challenge_taken(state, event)


def timed_out(state: VisitState, event: e.TimePassed) -> Orders:
    """End the visit; a review ends as one that nobody came to."""
    if state.stage is Stage.REVIEW:
        return review.timed_out(state, event)
    return state.end(Outcome.ABANDONED, Code.VISIT_HELP_TIMEOUT)
