"""How a visit ends early: cancelled or timed out."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage
from kiosk.visit.state import Orders, VisitState


def cancelled(state: VisitState, _: e.Cancelled) -> Orders:
    return state.end(Outcome.ABANDONED, Code.VISIT_CANCELLED)


def timed_out(state: VisitState, _: e.TimePassed) -> Orders:
    if state.stage is Stage.CARD and Device.READER in state.gone:
        return state.end(Outcome.REFERRED, state.gone[Device.READER])
    return state.end(Outcome.ABANDONED, Code.VISIT_TIMEOUT)
