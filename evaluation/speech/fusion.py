"""Does a second recogniser help? Its weight is chosen on all speakers but one and tried on that one, in turn.

The same challenges as for the recognisers themselves, heard once: the leading recogniser decides what the
listener does, the second is asked about the very same sounds. Digits that nobody said in their time are left
out, they are nothing that a weight could mend.
"""

from collections.abc import Callable, Iterable, Sequence
from math import comb, log

from msgspec import Struct

from evaluation.intervals import Rate, wilson
from evaluation.output import table
from kiosk.errors import EngineError
from kiosk.ports import Recogniser, Samples
from kiosk.visit.rules import likelihood_ratio

WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
"""0: the leading recogniser alone, so that the choice may be against any fusion."""
_TIE = 1e-9
_LEAST = 1e-12


class Heard(Struct, frozen=True):
    """One digit of a challenge: what both recognisers answered to its sound."""

    speaker: str
    digit: int
    leading: tuple[float, ...]
    second: tuple[float, ...]


class Left(Struct, frozen=True):
    """One speaker, with the weight that was best on the others; rates of digits not understood."""

    speaker: str
    weight: float
    leading: Rate
    second: Rate
    fused: Rate


class Fusion(Struct, frozen=True):
    """`gained`, `lost`: digits that only the pool, and only the leading recogniser, understood.

    `chance`: two-sided sign test of the two. `weight`: the best over all speakers, which nobody was left out
    of; None where there are not two speakers.
    """

    leading: str
    second: str
    speakers: list[Left]
    gained: int
    lost: int
    chance: float
    weight: float | None


class Both:
    """The leading recogniser; what the second says of the same sound is noted beside it."""

    def __init__(self, leading: Recogniser, second: Recogniser) -> None:
        self._leading, self._second = leading, second
        self.name, self.version = leading.name, leading.version
        self.noted: dict[tuple[float, ...], tuple[float, ...]] = {}

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """See `kiosk.ports.Recogniser`."""
        answer = self._leading.score(samples, onset)
        try:
            self.noted[answer] = self._second.score(samples, onset)
        except EngineError:
            self.noted[answer] = answer  # as the driver does: the leading one alone
        return answer


def left_out(heard: Sequence[Heard], leading: str, second: str) -> Fusion:
    """Leave one speaker out, choose on the rest, try on the one."""
    people = sorted({h.speaker for h in heard})
    each = [_left(who, heard) for who in people] if len(people) > 1 else []
    pairs = [
        (likelihood_ratio.margin(h.leading, h.digit) > 0, _right(h, _of(each, h.speaker)))
        for h in heard
        if each
    ]
    gained = sum(fused and not alone for alone, fused in pairs)
    lost = sum(alone and not fused for alone, fused in pairs)
    chance = _sign_test(gained, lost)
    return Fusion(leading, second, each, gained, lost, chance, best(heard) if each else None)


def best(heard: Iterable[Heard]) -> float:
    """The weight with most digits right; of equal ones that which is surer of the digits said."""
    those = list(heard)
    return max(WEIGHTS, key=lambda w: (sum(_right(h, w) for h in those), _sureness(those, w) - _TIE * w))


def report(fusion: Fusion) -> str:
    """A table, and what is to be thought of it."""
    head = f"digits of challenges: {fusion.second} beside {fusion.leading}, each speaker left out in turn"
    rows: list[Sequence[object]] = [("speaker", "weight", fusion.leading, fusion.second, "together")]
    rows += [(s.speaker, s.weight, s.leading, s.second, s.fused) for s in fusion.speakers]
    told = (
        f"not understood (Wilson, 95 %); together understands {fusion.gained} digits more and {fusion.lost} "
        f"less; as likely by chance: {fusion.chance:.2g}"
    )
    return "\n".join([head, told, table(rows)]) if fusion.speakers else ""


def _left(who: str, heard: Sequence[Heard]) -> Left:
    own = [h for h in heard if h.speaker == who]
    weight = best(h for h in heard if h.speaker != who)

    def missed(right: Callable[[Heard], bool]) -> Rate:
        return wilson(sum(not right(h) for h in own), len(own))

    return Left(
        who,
        weight,
        missed(lambda h: likelihood_ratio.margin(h.leading, h.digit) > 0),
        missed(lambda h: likelihood_ratio.margin(h.second, h.digit) > 0),
        missed(lambda h: _right(h, weight)),
    )


def _of(each: Sequence[Left], speaker: str) -> float:
    return next(one.weight for one in each if one.speaker == speaker)


def _right(heard: Heard, weight: float) -> bool:
    return likelihood_ratio.margin(_mean(heard, weight), heard.digit) > 0


def _sureness(heard: Sequence[Heard], weight: float) -> float:
    return sum(log(likelihood_ratio.posterior(_mean(h, weight), h.digit) + _LEAST) for h in heard) / len(
        heard
    )


def _mean(heard: Heard, weight: float) -> list[float]:
    """Not made to add up to one: a margin does not ask for that."""
    pairs = zip(heard.leading, heard.second, strict=True)
    return [(1.0 - weight) * one + weight * other for one, other in pairs]


def _sign_test(a: int, b: int) -> float:
    """How likely a split at least so uneven is if neither is better (exact binomial, two-sided)."""
    n, least = a + b, min(a, b)
    return min(1.0, 2 * sum(comb(n, k) for k in range(least + 1)) / 2**n) if n else 1.0
