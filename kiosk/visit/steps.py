"""Steps of a visit as the person sees them: which there are on a way, and what became of each.

progress(show)      # for the line of steps
next_step(show)     # for the sentence about what comes next
"""

from enum import StrEnum

from kiosk.codes import Code
from kiosk.events import Show
from kiosk.model import Outcome, Purpose, Stage, Step, Way

_OF_STAGE = {
    Stage.CARD: Step.CARD,
    Stage.GUARDIAN: Step.GUARDIAN,
    Stage.PHONE: Step.PHONE,
    Stage.PHONE_CODE: Step.PHONE,
    Stage.CONFIRM: Step.CONFIRM,
    Stage.PORTRAIT: Step.FACE,
    Stage.FACE: Step.FACE,
    Stage.DIGITS: Step.CHALLENGE,
    Stage.HEAD: Step.CHALLENGE,
    Stage.TOUCH: Step.CHALLENGE,
    Stage.SUBMIT: Step.DONE,
}
"""All other stages keep the step that the visit is at."""
_ON_WAY = {
    Way.VOICE: (Step.FACE, Step.CHALLENGE),
    Way.HEAD: (Step.FACE, Step.CHALLENGE),
    Way.TOUCH: (Step.FACE, Step.CHALLENGE, Step.CLERK),
    Way.CLERK: (Step.CLERK,),
}
_ON_ITS_WAY = frozenset({Outcome.PENDING, Outcome.ACCEPTED})


class StepState(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    HERE = "here"
    ENDED = "ended"  # the visit ended here
    AHEAD = "ahead"


def step_at(stage: Stage, *, guardian: bool = False) -> Step | None:
    """Return the step that a stage belongs to; None: any. `guardian`: one acts for a child from now on."""
    if stage is Stage.CARD and guardian:
        return Step.GUARDIAN
    return _OF_STAGE.get(stage)


def steps(way: Way, purpose: Purpose, *, child: bool = False, clerk: bool = False) -> tuple[Step, ...]:
    """Return the steps in order. `child`: a guardian applies; `clerk`: one is asked, whatever the way."""
    details = Step.PHONE if purpose.has_phone else Step.CONFIRM
    wanted = {Step.CARD, details, *_ON_WAY[way], Step.DONE}
    wanted |= {Step.GUARDIAN, Step.CLERK} if child else set()
    wanted |= {Step.CLERK} if clerk else set()
    return tuple(step for step in Step if step in wanted)


def progress(show: Show) -> list[tuple[Step, StepState]]:
    """Return each step of the visit and what became of it; only those before the present one have passed.

    After a change of way the present step may be none of the new way's: the first behind it takes its place.
    """
    child = show.guardian or show.step is Step.GUARDIAN
    found = steps(show.way, show.purpose, child=child, clerk=show.step is Step.CLERK)
    if show.outcome is Outcome.ACTIVATED:
        return [(step, StepState.PASSED) for step in found]
    if show.step is None:
        return [(step, StepState.AHEAD) for step in found]
    order = list(Step)
    passed = [step for step in found if order.index(step) < order.index(show.step)]
    went_wrong = show.outcome is not None and show.outcome not in _ON_ITS_WAY
    ended = went_wrong and show.code is not Code.PERSON_ALREADY_OPEN  # nothing failed: there is one already
    states = [
        *(StepState.PASSED for _ in passed),
        StepState.ENDED if ended else StepState.HERE,
        *(StepState.AHEAD for _ in found[len(passed) + 1 :]),
    ]
    return list(zip(found, states, strict=True))


def next_step(show: Show) -> Step:
    """Return the step after the present one; at the consent the one that waits for it."""
    waiting = [StepState.AHEAD] if show.stage is not Stage.CONSENT else [StepState.HERE, StepState.AHEAD]
    return next((step for step, state in progress(show) if state in waiting), Step.DONE)
