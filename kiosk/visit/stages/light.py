"""The light challenge that goes along with every challenge before the camera."""

from collections.abc import Sequence

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Challenge, FaceSeen, Verdict, VerdictAnswer
from kiosk.visit.rules.light import judge_light
from kiosk.visit.shown_light import ShownLight
from kiosk.visit.state import Orders, VisitState

FINAL = frozenset({Code.LIGHT_ABSENT, Code.LIGHT_DECLINED})
"""No further try would help: this face throws nothing back, or the screen keeps its colour."""
SPARE_STEPS = 4
"""Colours beyond `[visit.light] min_steps` that a challenge waits for which was answered before them."""


def is_wanted(state: VisitState) -> bool:
    """Return whether the screen changes its colour during this visit's challenges."""
    return state.limits.light.mode != "off" and not state.light_declined


def begin(state: VisitState, challenge: Challenge, longest_s: float) -> Orders:
    """Order the colours of `challenge`, enough for `longest_s` seconds; none where no light is wanted."""
    state.light = None
    if not is_wanted(state):
        return []
    state.light = ShownLight(challenge, state.limits.light.hold_s)
    return [state.light.order(longest_s)]


def shown(state: VisitState, event: e.LightShown) -> Orders:
    if state.light is not None:
        state.light.painted(event)
    return []


def declined(state: VisitState, _: e.LightDeclined) -> Orders:
    """Stop the light for the whole visit. Where it is required the visit goes to the clerk in the end: no new
    challenge would help.
    """
    state.light_declined = True
    return [e.ShowLight("", state.limits.light.hold_s)]


def needed_s(state: VisitState) -> float:
    """Return how long the light must be on the screen before it can be judged; 0 where none is wanted."""
    limits = state.limits.light
    return (limits.min_steps + 1 + SPARE_STEPS) * limits.hold_s if is_wanted(state) else 0.0


def judge(state: VisitState, challenge: Challenge, seen: Sequence[FaceSeen]) -> list[Verdict]:
    """Return the verdict about the light of `challenge`; none where the light is off."""
    limits = state.limits.light
    if limits.mode == "off":
        return []
    light = state.light
    times = light.times if light is not None and light.challenge.id == challenge.id else []
    return [judge_light(challenge, times, seen, limits, state.light_declined)]


def first_failure(state: VisitState, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict that stops the visit here: a final one, else the first that does not pass."""
    failed = [v for v in verdicts if v.answer is not VerdictAnswer.REVIEW and not state.passes(v)]
    return min(failed, key=lambda verdict: verdict.code not in FINAL, default=None)
