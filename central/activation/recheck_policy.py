"""Decides what the register's answer means for an activation, and when to ask again. Pure.

"Not found" is not the end: on the real service's first day correct entries were "not existing" for 20
minutes. So central asks again after the pauses of `[recheck]`, and refuses only after the last of them.
"""

from dataclasses import dataclass

from central.activation.authority import MatchResult
from central.codes import Code
from central.settings import Settings
from central.storage.tables import Status

_FINAL = {
    MatchResult.MATCH: (Status.ACTIVATED, Code.OK),
    MatchResult.MISMATCH: (Status.REFUSED, Code.PERSON_MISMATCH),
    MatchResult.FACE_MISMATCH: (Status.REFUSED, Code.PERSON_FACE_MISMATCH),
    MatchResult.NO_PHOTO: (Status.REFUSED, Code.PERSON_NO_PHOTO),
}
UNSETTLED = (Status.RUNNING.value, Status.PENDING.value)
HELD_S = 60.0
"""Pause after which central looks again whether a person has released what is held."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of an activation. `absent`: how often the register has not known the person."""

    status: Status
    code: Code = Code.OK
    recheck_unix: float | None = None
    absent: int = 0


def refuse(code: Code) -> Decision:
    """Return a refusal."""
    return Decision(status=Status.REFUSED, code=code)


def hold(code: Code, absent: int, now: float, settings: Settings) -> Decision:
    """Let a request wait that is held, or whose terminal is: it need not be this person's fault."""
    pause = min(HELD_S, settings.recheck_after_s[-1] if settings.recheck_after_s else HELD_S)
    return Decision(status=Status.PENDING, code=code, recheck_unix=now + pause, absent=absent)


def decide(match: MatchResult, absent: int, received_unix: float, now: float, settings: Settings) -> Decision:
    """Return the decision for the register's answer; `absent`: how often it said "not found" before."""
    if match is MatchResult.NOT_FOUND:
        return _not_found(absent + 1, now, settings.recheck_after_s)
    if match is MatchResult.UNAVAILABLE:
        return _unavailable(absent, received_unix, now, settings)
    status, code = _FINAL[match]
    return Decision(status=status, code=code, absent=absent)


def _not_found(absent: int, now: float, after_s: tuple[float, ...]) -> Decision:
    if absent > len(after_s):
        return Decision(status=Status.REFUSED, code=Code.PERSON_NOT_FOUND, absent=absent)
    return Decision(
        status=Status.PENDING,
        code=Code.PERSON_NOT_YET_VISIBLE,
        recheck_unix=now + after_s[absent - 1],
        absent=absent,
    )


def _unavailable(absent: int, received_unix: float, now: float, settings: Settings) -> Decision:
    """Wait without using up a pause of the plan; the waiting grows with the age of the request."""
    age = now - received_unix
    if age > settings.recheck.give_up_unavailable_s:
        return Decision(status=Status.REFUSED, code=Code.AUTHORITY_UNAVAILABLE, absent=absent)
    steps = settings.recheck_after_s or (1.0,)
    pause = max((step for step in steps if step <= age), default=steps[0])
    return Decision(
        status=Status.PENDING, code=Code.AUTHORITY_UNAVAILABLE, recheck_unix=now + pause, absent=absent
    )
