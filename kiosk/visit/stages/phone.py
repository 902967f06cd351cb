"""Stage PHONE: mobile number and password are typed."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Stage, VerdictAnswer, Way
from kiosk.visit.rules.typed_input import judge_typed
from kiosk.visit.stages import consent, face_watch
from kiosk.visit.state import Orders, VisitState


def typed(state: VisitState, event: e.Typed) -> Orders:
    verdict = judge_typed(event)
    if verdict.answer is not VerdictAnswer.PASS:
        return [state.go(Stage.PHONE, state.limits.phone_s, verdict.code)]
    state.verdicts.append(verdict)
    state.typed = event
    if state.way is Way.CLERK:
        return consent.to_clerk(state)
    return [*face_watch.begin(state, state.sense_failure() or Code.OK), e.Say("face")]
