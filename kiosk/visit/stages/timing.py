"""More time on a screen: every touch extends its stage, and before the end the person is asked.

Theory of operation: `VisitState.ends` is when the stage ends, `deadline` when the visit is fed next; they
differ while a question is due in between. An extension is bounded, so that a panel that reports touches by
itself keeps no visit for ever. The challenges are not extended: their times are part of the proof. Before a
camera the question is asked only while it sees nothing, and what is seen then answers it.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Stage
from kiosk.visit.state import Orders, VisitState

UNSEEN = {Stage.PORTRAIT: Code.CARD_PICTURE_NONE, Stage.FACE: Code.FACE_NONE}
"""Hint of the newest frames while nothing is before the camera."""


def touched(state: VisitState, _: e.Touched) -> Orders:
    """Give the stage its whole time again, within the bound; a question that is shown is answered."""
    latest = state.entered_at + state.limits.time.most_factor * state.limit_s
    ends, asked = min(state.at + state.limit_s, latest), state.asked
    if not asked and ends <= state.ends:
        return []
    state.end_stage_at(max(ends, state.ends))
    return [e.TimeLeft(state.ends)]


def ask(state: VisitState) -> Orders:
    """Ask whether more time is needed, and say what is not seen; without an answer the stage ends."""
    state.deadline = state.ends
    hint, unseen = state.hint, UNSEEN.get(state.stage, Code.OK)
    if unseen is not Code.OK and hint.frames and hint.code is not unseen:
        return []
    state.asked = True
    return [e.AskTime(state.ends, unseen), e.Say("more_time")]


def seen(state: VisitState) -> Orders:
    """Take a question that is shown away: somebody is before the camera."""
    return touched(state, e.Touched()) if state.asked else []
