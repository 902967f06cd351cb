"""Stage PHONE_CODE: the mobile number is proved by a code that central sends to it.

Theory of operation: central is asked by another thread, whose answer is an event. The visit waits for it no
longer than `wait_s`: with a slow or broken line it goes on, and the number counts as not proved, unless the
proof is required. Each question has a number, so that an answer to an earlier one changes nothing. An answer
that comes while the visit waits for the clerk is kept until it goes on.
"""

from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    Check,
    Outcome,
    PhoneCodeStatus,
    PhoneProof,
    PhoneProofStatus,
    Stage,
    Verdict,
    VerdictAnswer,
    Way,
)
from kiosk.visit.code_entry import CodeEntry
from kiosk.visit.rules.typed_input import is_phone_code
from kiosk.visit.stages import consent, exits, face_watch, timing
from kiosk.visit.state import Orders, VisitState

_UNSENT = {
    PhoneCodeStatus.UNSENT: Code.PHONE_CODE_UNSENT,
    PhoneCodeStatus.TOO_OFTEN: Code.PHONE_TOO_OFTEN,
}


def begin(state: VisitState) -> Orders:
    """Have a code sent to the number that was typed, where the site wants that."""
    use = state.limits.phone_code.use
    if use == "off":
        return _go_on(state, None)
    state.code_entry = CodeEntry(required=use == "required")
    return _send(state, state.code_entry)


def _send(state: VisitState, entry: CodeEntry) -> Orders:
    assert state.typed is not None
    show = state.go(Stage.PHONE_CODE, state.limits.phone_code.wait_s)
    return [show, e.SendPhoneCode(state.number, state.typed.phone, _next_request(state, entry))]


def _next_request(state: VisitState, entry: CodeEntry) -> int:
    state.code_requests += 1
    entry.request = state.code_requests
    return entry.request


def sent(state: VisitState, event: e.PhoneCodeAnswered) -> Orders:
    entry = _answered(state, event)
    if entry is None:
        return []
    entry.required = entry.required or event.required
    entry.again_at = None if event.again_s is None else state.at + event.again_s
    if event.status is PhoneCodeStatus.OFF:
        return _go_on_unproved(state, entry, PhoneProof.OFF)
    if event.status is PhoneCodeStatus.UNREACHABLE:
        return _go_on_unproved(state, entry, PhoneProof.OFFLINE)
    return _ask(state, entry, _UNSENT.get(event.status, Code.OK))


def _answered(state: VisitState, event: e.PhoneCodeAnswered | e.PhoneProofAnswered) -> CodeEntry | None:
    """Return the entry that has waited for this very answer and waits no more; None: nothing does."""
    entry = state.code_entry
    if entry is None or entry.request != event.request:
        return None
    entry.request, entry.answer = 0, None
    return entry


def _ask(state: VisitState, entry: CodeEntry, code: Code = Code.OK, tries_left: int = 0) -> Orders:
    """Show the page where the code is typed."""
    assert state.typed is not None
    show = state.go(Stage.PHONE_CODE, state.limits.phone_code.limit_s, code)
    page = e.ShowPhoneCode(state.typed.phone[-4:], again_at=entry.again_at, may_skip=not entry.required)
    spoken: Orders = [e.Say("phone_code")] if code is Code.OK else []
    return [replace(show, tries_left=tries_left), page, *spoken]


def typed(state: VisitState, event: e.PhoneCodeTyped) -> Orders:
    entry = state.code_entry
    if entry is None or state.typed is None or entry.request or not is_phone_code(event):
        return []
    state.end_stage_at(state.at + state.limits.phone_code.wait_s)
    order = e.ProvePhone(state.number, state.typed.phone, _next_request(state, entry), code=event.code)
    return [order, e.TimeLeft(None)]


def proof_answered(state: VisitState, event: e.PhoneProofAnswered) -> Orders:
    entry = _answered(state, event)
    if entry is None:
        return []
    if event.status is PhoneProofStatus.PROVED:
        return _go_on(state, PhoneProof.PROVED)
    if event.status is PhoneProofStatus.UNREACHABLE:
        return _go_on_unproved(state, entry, PhoneProof.OFFLINE)
    if event.status is PhoneProofStatus.WRONG and event.tries_left:
        return _ask(state, entry, Code.PHONE_CODE_WRONG, event.tries_left)
    return _ask(state, entry, Code.PHONE_CODE_EXPIRED)


def send_again(state: VisitState, _: e.PhoneCodeWanted) -> Orders:
    entry = state.code_entry
    if entry is None or entry.request or entry.again_at is None or state.at < entry.again_at:
        return []
    return _send(state, entry)


def skipped(state: VisitState, _: e.PhoneCodeSkipped) -> Orders:
    entry = state.code_entry
    if entry is None or entry.request or entry.required:
        return []
    return _go_on(state, PhoneProof.SKIPPED)


def change_phone(state: VisitState, _: e.PhoneChangeWanted) -> Orders:
    """Let the person type another number; the password stays."""
    if state.code_entry is None or state.code_entry.request:
        return []
    state.typed = state.code_entry = None
    return [state.go(Stage.PHONE, state.limits.phone_s)]


def touched(state: VisitState, event: e.Touched) -> Orders:
    """Give more time for the code; central's answer is not awaited longer for a touch."""
    if state.code_entry is None or state.code_entry.request:
        return []
    return timing.touched(state, event)


def time_passed(state: VisitState, event: e.TimePassed) -> Orders:
    """Go on without central, or end a visit whose person does not type."""
    entry = state.code_entry
    if entry is None or not entry.request:
        return exits.timed_out(state, event)
    entry.request = 0
    return _go_on_unproved(state, entry, PhoneProof.OFFLINE)


def kept(state: VisitState, event: e.PhoneCodeAnswered | e.PhoneProofAnswered) -> Orders:
    """Keep an answer that comes while the visit waits for the clerk."""
    if state.code_entry is not None and state.code_entry.request == event.request:
        state.code_entry.answer = event
    return []


def resume(state: VisitState) -> Orders:
    """Go on after the clerk was there: with the answer that came meanwhile, or waiting for it."""
    entry = state.code_entry
    assert entry is not None
    if isinstance(entry.answer, e.PhoneCodeAnswered):
        return sent(state, entry.answer)
    if isinstance(entry.answer, e.PhoneProofAnswered):
        return proof_answered(state, entry.answer)
    state.entered_at = state.at
    state.end_stage_at(state.at + (state.limits.phone_code.wait_s if entry.request else state.limit_s))
    return [e.HelpOver(), e.TimeLeft(state.ends)]


def _go_on_unproved(state: VisitState, entry: CodeEntry, why: PhoneProof) -> Orders:
    if entry.required:
        return state.end(Outcome.REFERRED, Code.PHONE_UNPROVED)
    return _go_on(state, why)


def _go_on(state: VisitState, proof: PhoneProof | None) -> Orders:
    """Accept the number and go on. `proof`: None if none was asked for."""
    measured = {} if proof is None else {"proved": proof is PhoneProof.PROVED, "proof": proof.value}
    state.verdicts.append(Verdict(check=Check.PHONE, answer=VerdictAnswer.PASS, measured=measured))
    state.code_entry = None
    return leave(state)


def leave(state: VisitState) -> Orders:
    """Go on to the face, or to the clerk."""
    if state.way is Way.CLERK:
        return consent.to_clerk(state)
    return [*face_watch.begin(state, state.sense_failure() or Code.OK), e.Say("face")]
