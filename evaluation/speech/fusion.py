"""Measure whether a second recogniser helps: its weight is chosen on all speakers but one, tried on that one.

The challenges are the same as for the recognisers themselves, heard once: the leading recogniser decides what
the listener does, the second scores the very same sounds. Digits that nobody said in their time are left
out: no weight could mend them.
"""

from collections.abc import Callable, Iterable, Sequence
from math import log

from msgspec import Struct

from evaluation.intervals import Rate, sign_test, wilson
from evaluation.output import table
from kiosk.errors import EngineError
from kiosk.ports import Recogniser, Samples
from kiosk.visit.rules import likelihood_ratio

WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
"""0: the leading recogniser alone, so that the choice may be against any fusion."""
_TIE = 1e-9
_LEAST = 1e-12


class DigitAnswers(Struct, frozen=True, kw_only=True):
    """Log scores of both recognisers for the sound of one digit of a challenge."""

    speaker: str
    digit: int
    leading: tuple[float, ...]
    second: tuple[float, ...]


class HeldOutSpeaker(Struct, frozen=True, kw_only=True):
    """One speaker, with the weight that was best on the others; rates of digits not understood."""

    speaker: str
    weight: float
    leading: Rate
    second: Rate
    fused: Rate


class Fusion(Struct, frozen=True, kw_only=True):
    """`gained`, `lost`: digits that only the fusion, and only the leading recogniser, understood.

    `chance`: two-sided sign test of the two. `weight`: the best over all speakers together; None where there
    are not two speakers.
    """

    leading: str
    second: str
    speakers: list[HeldOutSpeaker]
    gained: int
    lost: int
    chance: float
    weight: float | None


class RecogniserPair:
    """The leading recogniser; the second's scores of the same sound are kept by the leading one's."""

    def __init__(self, leading: Recogniser, second: Recogniser) -> None:
        self._leading, self._second = leading, second
        self.name, self.version = leading.name, leading.version
        self.second_scores: dict[tuple[float, ...], tuple[float, ...]] = {}

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """Score with both, return the leading one's scores; see `kiosk.ports.Recogniser`."""
        scores = self._leading.score(samples, onset)
        try:
            self.second_scores[scores] = self._second.score(samples, onset)
        except EngineError:
            self.second_scores[scores] = scores  # as the driver does: the leading one alone
        return scores


def leave_one_out(answers: Sequence[DigitAnswers], leading: str, second: str) -> Fusion:
    """Choose the weight on all speakers but one and try it on that one, for each speaker in turn."""
    speakers = sorted({a.speaker for a in answers})
    each = [_hold_out(speaker, answers) for speaker in speakers] if len(speakers) > 1 else []
    weights = {one.speaker: one.weight for one in each}
    pairs = [
        (likelihood_ratio.margin(a.leading, a.digit) > 0, _understood(a, weights[a.speaker]))
        for a in answers
        if each
    ]
    gained = sum(fused and not alone for alone, fused in pairs)
    lost = sum(alone and not fused for alone, fused in pairs)
    return Fusion(
        leading=leading,
        second=second,
        speakers=each,
        gained=gained,
        lost=lost,
        chance=sign_test(gained, lost),
        weight=best_weight(answers) if each else None,
    )


def best_weight(answers: Iterable[DigitAnswers]) -> float:
    """Return the weight with most digits understood; of equal ones that with the highest posterior."""
    those = list(answers)

    def merit(weight: float) -> tuple[int, float]:
        sureness = sum(
            log(likelihood_ratio.posterior(_fuse(a, weight), a.digit) + _LEAST) for a in those
        ) / len(those)
        return sum(_understood(a, weight) for a in those), sureness - _TIE * weight

    return max(WEIGHTS, key=merit)


def format_fusion(fusion: Fusion) -> str:
    """Format a table of the speakers, and how likely the result is by chance."""
    head = f"digits of challenges: {fusion.second} beside {fusion.leading}, each speaker left out in turn"
    rows: list[Sequence[object]] = [("speaker", "weight", fusion.leading, fusion.second, "together")]
    rows += [(s.speaker, s.weight, s.leading, s.second, s.fused) for s in fusion.speakers]
    summary = (
        f"not understood (Wilson, 95 %); together understands {fusion.gained} digits more and {fusion.lost} "
        f"less; as likely by chance: {fusion.chance:.2g}"
    )
    return "\n".join([head, summary, table(rows)]) if fusion.speakers else ""


def _hold_out(speaker: str, answers: Sequence[DigitAnswers]) -> HeldOutSpeaker:
    own = [a for a in answers if a.speaker == speaker]
    weight = best_weight(a for a in answers if a.speaker != speaker)

    def missed(understood: Callable[[DigitAnswers], bool]) -> Rate:
        return wilson(sum(not understood(a) for a in own), len(own))

    return HeldOutSpeaker(
        speaker=speaker,
        weight=weight,
        leading=missed(lambda a: likelihood_ratio.margin(a.leading, a.digit) > 0),
        second=missed(lambda a: likelihood_ratio.margin(a.second, a.digit) > 0),
        fused=missed(lambda a: _understood(a, weight)),
    )


def _understood(answers: DigitAnswers, weight: float) -> bool:
    return likelihood_ratio.margin(_fuse(answers, weight), answers.digit) > 0


def _fuse(answers: DigitAnswers, weight: float) -> list[float]:
    """Return the weighted mean of the log scores; it does not add up to one, which a margin does not need."""
    pairs = zip(answers.leading, answers.second, strict=True)
    return [(1.0 - weight) * one + weight * other for one, other in pairs]
