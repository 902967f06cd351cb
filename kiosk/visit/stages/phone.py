"""Stages PHONE and CONFIRM: number and password are typed; where none is needed, the wish is confirmed."""

from msgspec.structs import replace

from kiosk import events as e
from kiosk.model import Purpose, Stage, VerdictAnswer
from kiosk.visit.rules.typed_input import judge_typed
from kiosk.visit.stages import phone_code
from kiosk.visit.state import Orders, VisitState

_PROMPTS = {Purpose.NEW_PHONE: "phone.number", Purpose.END: "confirm.end", Purpose.ERASE: "confirm.erase"}


def begin(state: VisitState) -> Orders:
    """Ask for what the purpose needs: number and password, the number, or a confirmation."""
    state.has_password = False
    stage = Stage.PHONE if state.purpose.has_phone else Stage.CONFIRM
    return [state.go(stage, state.limits.phone_s), e.Say(_PROMPTS.get(state.purpose, "phone"))]


def typed(state: VisitState, event: e.Typed) -> Orders:
    wanted = state.purpose.has_password and not state.has_password
    verdict = judge_typed(event, with_password=wanted)
    if verdict.answer is not VerdictAnswer.PASS:
        return [state.go(Stage.PHONE, state.limits.phone_s, verdict.code)]
    state.typed = replace(event, password=None)  # the visit has no more use for it
    if event.password is None:
        return phone_code.begin(state)
    state.has_password = True
    return [e.StretchPassword(state.number, event.password), *phone_code.begin(state)]


def confirmed(state: VisitState, _: e.Confirmed) -> Orders:
    state.confirmed = True
    return phone_code.leave(state)
