"""The light challenge: colours bound to a challenge, and how well a face followed them.

While digits are read the ground of the screen goes through colours that follow from the challenge alone, so
that nobody knows them before the challenge is taken, and central can derive them again. What a face throws
back is compared with what was shown, step by step, in two ratios of colour: red to green and blue to green.
Comparing each step with the one before takes out what drifts slowly (white balance, a cloud, a tired lamp).

The four colours have equal relative luminance (WCAG 2.2), so nothing flashes and the camera's exposure has
nothing to follow; none is a saturated red (R / (R + G + B) ≥ 0.8); at most three changes in a second.
"""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from itertools import pairwise
from math import hypot, sqrt
from operator import mul

from msgspec import Struct

Pair = tuple[float, float]
"""ln of red to green, ln of blue to green."""
Sample = tuple[float, Pair]
"""When, and the pair that was measured."""

LETTERS = "BAGR"
"""Blue, amber, green, rose: the colours' names on the wire."""
LINEAR: dict[str, tuple[float, float, float]] = {
    "B": (0.150, 0.555, 1.000),
    "A": (1.000, 0.395, 0.050),
    "G": (0.120, 0.655, 0.100),
    "R": (1.000, 0.310, 0.920),
}
"""Linear light, red, green, blue, 1 = the screen's white: relative luminance 0.50 each (± 0.002)."""

FADE_S = 0.2
"""One colour flows into the next so slowly."""
PURPOSE = "kiosk-light-v1"
DELAYS_S = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25)
"""How late a picture may be against the screen: screen, exposure, readout and USB together."""
MOST_JUMP = 2.0
"""A change may be so much longer than the middle one; those that are asked for differ by 1.6 at most."""
RIVALS = 199
"""Other sequences that the true one has to beat."""
_ROUNDING = 1e-9
"""Sequences that fit alike are not told apart by the order of a sum."""


class Response(Struct, frozen=True):
    """How a face followed. `gain`: its answer in units of the screen's light against the shop's on a matt
    face; `error`: standard error of that; `fit`: correlation with what was shown; `beaten`: share of the
    other sequences that fit worse; `steps`: steps that were seen on both sides of a change.
    """

    gain: float
    error: float
    fit: float
    beaten: float
    steps: int
    delay_s: float


def colours(challenge: str, count: int) -> str:
    """`count` letters, none twice in a row.

    Byte stream SHA-256("kiosk-light-v1|" + challenge + "|" + block) for block = 0, 1, …; 255 is skipped.
    The first byte modulo 4 picks the first colour, each further byte b the one that stands 1 + b mod 3
    places further on.
    """
    steps = _stream(challenge, count)
    place = steps[0] % 4 if steps else 0
    chosen = [place][: len(steps)]
    for step in steps[1:]:
        place = (place + 1 + step % 3) % 4
        chosen.append(place)
    return "".join(LETTERS[i] for i in chosen)


def _stream(challenge: str, count: int) -> list[int]:
    found: list[int] = []
    block = 0
    while len(found) < count:
        found += [b for b in sha256(f"{PURPOSE}|{challenge}|{block}".encode()).digest() if b < 255]
        block += 1
    return found[:count]


def followed(shown: Sequence[tuple[float, str]], samples: Sequence[Sample]) -> Response | None:
    """How `samples` follow the colours that were `shown`, each from its time on; None: too little to say."""
    best: Response | None = None
    for delay in DELAYS_S:
        found = _at_delay(shown, samples, delay)
        if found is not None and (best is None or found.fit > best.fit):
            best = found
    return best if best is None else _ranked(best, shown, samples)


def _at_delay(shown: Sequence[tuple[float, str]], samples: Sequence[Sample], delay: float) -> Response | None:
    answers = _changes(_levels([at for at, _ in shown], samples, delay))
    asked = [(colour, earlier) for (_, earlier), (_, colour) in pairwise(shown)]
    pairs = [(_step(b, a), y) for (a, b), y in zip(asked, answers, strict=False) if y is not None]
    if len(pairs) < 3:
        return None
    power = sum(x[0] ** 2 + x[1] ** 2 for x, _ in pairs)
    answer = sum(y[0] ** 2 + y[1] ** 2 for _, y in pairs)
    product = sum(x[0] * y[0] + x[1] * y[1] for x, y in pairs)
    gain = product / power
    rest = max(answer - gain * product, 0.0)
    error = sqrt(rest / (2 * len(pairs) - 1) / power)
    fit = product / sqrt(power * answer) if answer > 0 else 0.0
    return Response(gain, error, fit, 0.0, len(pairs), delay)


def _ranked(own: Response, shown: Sequence[tuple[float, str]], samples: Sequence[Sample]) -> Response:
    """Against other sequences, each at the delay that suits it best: the same chance as the true one had."""
    times = [at for at, _ in shown]
    answers = [_answers(_changes(_levels(times, samples, delay))) for delay in DELAYS_S]
    best = own.fit - _ROUNDING
    worse = sum(max(_fit(asked, one) for one in answers) < best for asked in _rivals(len(times)))
    return Response(own.gain, own.error, own.fit, worse / RIVALS, own.steps, own.delay_s)


@cache
def _rivals(count: int) -> tuple[tuple[float, ...], ...]:
    """What each of the other sequences asks for, change by change; the same in every visit."""
    sequences = (colours(f"rival {i}", count) for i in range(RIVALS))
    return tuple(tuple(x for a, b in pairwise(one) for x in _step(a, b)) for one in sequences)


class _Answers(Struct, frozen=True):
    """Changes that were seen, flat; `seen` is 0 where none was, and the answer 0 there."""

    flat: tuple[float, ...]
    seen: tuple[float, ...]
    power: float


def _answers(changes: Sequence[Pair | None]) -> _Answers:
    flat = tuple(y for change in changes for y in change or (0.0, 0.0))
    seen = tuple(float(change is not None) for change in changes for _ in range(2))
    return _Answers(flat, seen, sum(map(mul, flat, flat)))


def _fit(asked: tuple[float, ...], answers: _Answers) -> float:
    power = sum(map(mul, map(mul, asked, asked), answers.seen)) * answers.power
    return sum(map(mul, asked, answers.flat)) / sqrt(power) if power > 0 else 0.0


def _levels(times: Sequence[float], samples: Sequence[Sample], delay: float) -> list[Pair | None]:
    """For each colour the mean of what was seen while it stood still."""
    ends = [*times[1:], times[-1] + _usual(times)] if times else []
    levels: list[Pair | None] = []
    for begin, end in zip(times, ends, strict=True):
        held = [pair for at, pair in samples if begin + FADE_S + delay <= at < end + delay]
        levels.append(_mean(held))
    return levels


def _usual(times: Sequence[float]) -> float:
    holds = sorted(b - a for a, b in pairwise(times))
    return holds[len(holds) // 2] if holds else 0.0


def _mean(pairs: Sequence[Pair]) -> Pair | None:
    if not pairs:
        return None
    return sum(p[0] for p in pairs) / len(pairs), sum(p[1] for p in pairs) / len(pairs)


def _changes(levels: Sequence[Pair | None]) -> list[Pair | None]:
    """From each level to the next; what jumps much farther than usual is cut down, whatever was shown."""
    raw = [None if a is None or b is None else (b[0] - a[0], b[1] - a[1]) for a, b in pairwise(levels)]
    lengths = sorted(hypot(*change) for change in raw if change is not None)
    most = MOST_JUMP * lengths[len(lengths) // 2] if lengths else 0.0
    return [None if change is None else _cut(change, most) for change in raw]


def _cut(change: Pair, most: float) -> Pair:
    length = hypot(*change)
    return change if length <= most else (change[0] * most / length, change[1] * most / length)


def _target(colour: str) -> Pair:
    red, green, blue = LINEAR[colour]
    return red - green, blue - green


def _step_of() -> Callable[[str, str], Pair]:
    """What the change from one colour to another asks for; the few there are, worked out once."""
    table = {
        (a, b): (_target(b)[0] - _target(a)[0], _target(b)[1] - _target(a)[1])
        for a in LETTERS
        for b in LETTERS
    }
    return lambda a, b: table[a, b]


_step = _step_of()
