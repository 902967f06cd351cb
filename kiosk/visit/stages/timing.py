"""More time on a screen: every touch extends its stage, and before the end the person is asked.

Theory of operation: `VisitState.ends` is when the stage ends, `deadline` when the visit is fed next; they
differ while a question is due in between. An extension is bounded, so that a panel that reports touches by
itself keeps no visit for ever. The challenges are not extended: their times are part of the proof.
"""

from kiosk import events as e
from kiosk.visit.state import Orders, VisitState


def touched(state: VisitState, _: e.Touched) -> Orders:
    """Give the stage its whole time again, within the bound; a question that is shown is answered."""
    latest = state.entered_at + state.limits.time.most_factor * state.limit_s
    ends, asked = min(state.at + state.limit_s, latest), state.asked
    if not asked and ends <= state.ends:
        return []
    state.end_stage_at(max(ends, state.ends))
    return [e.TimeLeft(state.ends)]


def ask(state: VisitState) -> Orders:
    """Ask whether more time is needed; without an answer the stage ends."""
    state.deadline, state.asked = state.ends, True
    return [e.AskTime(state.ends), e.Say("more_time")]
