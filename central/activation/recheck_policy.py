"""What the register's word means for an activation, and when to ask again. Pure.

"Not found" is not the end: on the real service's first day correct entries were "not existing" for 20
minutes. So central asks again on a plan, and refuses only when the plan is spent.
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


@dataclass(frozen=True)
class Decision:
    status: Status
    code: Code = Code.OK
    recheck_unix: float | None = None
    absent: int = 0  # how often the register has not known the person


HELD_S = 60.0
"""So often it is seen whether a terminal is still held."""


def refuse(code: Code) -> Decision:
    return Decision(Status.REFUSED, code)


def hold(absent: int, now: float, settings: Settings) -> Decision:
    """The terminal is held: it is not this person's fault, so the request waits."""
    pause = min(HELD_S, settings.recheck_after_s[-1] if settings.recheck_after_s else HELD_S)
    return Decision(Status.PENDING, Code.AUDIT_REWOUND, now + pause, absent)


def decide(word: MatchResult, absent: int, received_unix: float, now: float, settings: Settings) -> Decision:
    """`absent`: how often it said "not found" before."""
    if word is MatchResult.NOT_FOUND:
        return _not_found(absent + 1, now, settings.recheck_after_s)
    if word is MatchResult.UNAVAILABLE:
        return _unavailable(absent, received_unix, now, settings)
    return Decision(*_FINAL[word], absent=absent)


def _not_found(absent: int, now: float, after_s: tuple[float, ...]) -> Decision:
    if absent > len(after_s):
        return Decision(Status.REFUSED, Code.PERSON_NOT_FOUND, absent=absent)
    return Decision(Status.PENDING, Code.PERSON_NOT_YET_VISIBLE, now + after_s[absent - 1], absent)


def _unavailable(absent: int, received_unix: float, now: float, settings: Settings) -> Decision:
    """A silent register uses up no step of the plan; pauses grow with the age of the request."""
    age = now - received_unix
    if age > settings.recheck.give_up_unavailable_s:
        return Decision(Status.REFUSED, Code.AUTHORITY_UNAVAILABLE, absent=absent)
    steps = settings.recheck_after_s or (1.0,)
    pause = max((step for step in steps if step <= age), default=steps[0])
    return Decision(Status.PENDING, Code.AUTHORITY_UNAVAILABLE, now + pause, absent)
