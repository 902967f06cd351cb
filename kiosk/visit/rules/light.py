"""The light challenge: derives its colours from a challenge, and judges how well a face followed them.

While digits are read the ground of the screen goes through colours that follow from the challenge alone, so
that nobody knows them before the challenge is taken, and central can derive them again. What a face throws
back is compared with what was shown, step by step, in two ratios of colour: red to green and blue to green.
Comparing each step with the one before takes out what drifts slowly (white balance, a cloud, a tired lamp).

The four colours have equal relative luminance (WCAG 2.2), so nothing flashes and the camera's exposure has
nothing to follow; none is a saturated red (R / (R + G + B) ≥ 0.8); at most three changes in a second.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from itertools import pairwise
from math import hypot, isfinite, sqrt
from operator import mul

from msgspec import Struct
from msgspec.structs import asdict, replace

from kiosk.codes import Code
from kiosk.model import Challenge, Check, FaceSeen, Measures, Verdict, VerdictAnswer
from kiosk.settings import LightLimits

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
"""Time in which one colour flows into the next."""
PURPOSE = "kiosk-light-v1"
DELAYS_S = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25)
"""How late a picture may be against the screen: screen, exposure, readout and USB together."""
MOST_JUMP = 2.0
"""Longest change in lengths of the median one; those that are asked for differ by 1.6 at most."""
RIVALS = 199
"""Other sequences that the true one has to beat."""
_ROUNDING = 1e-9
"""Sequences that fit alike are not told apart by the order of a sum."""


class LightResponse(Struct, frozen=True, kw_only=True):
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
    """Return `count` letters, none twice in a row.

    Byte stream SHA-256("kiosk-light-v1|" + challenge + "|" + block) for block = 0, 1, …; 255 is skipped.
    The first byte modulo 4 picks the first colour, each further byte b the one that stands 1 + b mod 3
    places further on.
    """
    steps = _byte_stream(challenge, count)
    place = steps[0] % 4 if steps else 0
    chosen = [place][: len(steps)]
    for step in steps[1:]:
        place = (place + 1 + step % 3) % 4
        chosen.append(place)
    return "".join(LETTERS[i] for i in chosen)


def _byte_stream(challenge: str, count: int) -> list[int]:
    found: list[int] = []
    block = 0
    while len(found) < count:
        found += [b for b in sha256(f"{PURPOSE}|{challenge}|{block}".encode()).digest() if b < 255]
        block += 1
    return found[:count]


def judge_light(
    challenge: Challenge,
    shown: Sequence[float],
    seen: Sequence[FaceSeen],
    limits: LightLimits,
    declined: bool = False,
) -> Verdict:
    """Judge whether the face's colour followed the screen's. `shown[i]`: when colour i began.

    PASS: it answered strongly enough, in step, and better than to any other sequence. Else the code tells a
    face that threw nothing back from one of which that cannot be told. Where the light is not required
    anything but a pass is up for review, and the visit goes on.
    """
    letters = colours(challenge.id, len(shown))
    samples = [(s.at, s.light) for s in seen if s.light is not None and all(map(isfinite, s.light))]
    response = None if declined else measure_response(list(zip(shown, letters, strict=True)), samples)
    code = Code.LIGHT_DECLINED if declined else response_code(response, limits)
    rounded = {name: round(value, 4) for name, value in asdict(response).items()} if response else {}
    measured: Measures = {"colours": letters} | rounded
    required: Measures = {
        "gain": limits.min_gain,
        "fit": limits.min_fit,
        "steps": limits.min_steps,
        "beaten": 1.0,
        "counts": limits.mode,
    }
    failed = VerdictAnswer.RETRY if limits.mode == "required" else VerdictAnswer.REVIEW
    return Verdict(
        check=Check.LIGHT,
        answer=VerdictAnswer.PASS if code is Code.OK else failed,
        code=code,
        measured=measured,
        required=required,
    )


def response_code(response: LightResponse | None, limits: LightLimits) -> Code:
    """Return OK, LIGHT_UNSEEN, LIGHT_ABSENT or LIGHT_UNCLEAR, so written that a NaN never passes.

    A weak answer in step with the very sequence is no absent one.
    """
    if response is None or not response.steps >= limits.min_steps:
        return Code.LIGHT_UNSEEN
    if response.gain >= limits.min_gain and response.fit >= limits.min_fit and response.beaten >= 1.0:
        return Code.OK
    if response.gain + 2 * response.error < limits.min_gain and not response.beaten >= 1.0:
        return Code.LIGHT_ABSENT
    return Code.LIGHT_UNCLEAR


def measure_response(shown: Sequence[tuple[float, str]], samples: Sequence[Sample]) -> LightResponse | None:
    """Return how `samples` follow the colours that were `shown`, each from its time on.

    Of `DELAYS_S` the delay that fits best counts. None: too little was seen.
    """
    found = [r for delay in DELAYS_S if (r := _at_delay(shown, samples, delay)) is not None]
    return _ranked(max(found, key=lambda r: r.fit), shown, samples) if found else None


def _at_delay(
    shown: Sequence[tuple[float, str]], samples: Sequence[Sample], delay: float
) -> LightResponse | None:
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
    return LightResponse(gain=gain, error=error, fit=fit, beaten=0.0, steps=len(pairs), delay_s=delay)


def _ranked(
    own: LightResponse, shown: Sequence[tuple[float, str]], samples: Sequence[Sample]
) -> LightResponse:
    """Against other sequences, each at the delay that suits it best: the same chance as the true one had."""
    times = [at for at, _ in shown]
    answers = [_answers(_changes(_levels(times, samples, delay))) for delay in DELAYS_S]
    best = own.fit - _ROUNDING
    worse = sum(max(_fit(asked, one) for one in answers) < best for asked in _rivals(len(times)))
    return replace(own, beaten=worse / RIVALS)


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
    holds = sorted(b - a for a, b in pairwise(times))
    last_hold = holds[len(holds) // 2] if holds else 0.0  # as long as the median of the others
    ends = [*times[1:], times[-1] + last_hold] if times else []
    levels: list[Pair | None] = []
    for begin, end in zip(times, ends, strict=True):
        held = [pair for at, pair in samples if begin + FADE_S + delay <= at < end + delay]
        count = len(held)
        levels.append((sum(p[0] for p in held) / count, sum(p[1] for p in held) / count) if held else None)
    return levels


def _changes(levels: Sequence[Pair | None]) -> list[Pair | None]:
    """From each level to the next; what jumps much farther than usual is cut down, whatever was shown."""
    raw = [None if a is None or b is None else (b[0] - a[0], b[1] - a[1]) for a, b in pairwise(levels)]
    lengths = sorted(hypot(*change) for change in raw if change is not None)
    longest = MOST_JUMP * lengths[len(lengths) // 2] if lengths else 0.0
    return [None if change is None else _shortened(change, longest) for change in raw]


def _shortened(change: Pair, longest: float) -> Pair:
    length = hypot(*change)
    return change if length <= longest else (change[0] * longest / length, change[1] * longest / length)


@cache
def _step(one: str, other: str) -> Pair:
    """What the change from one colour to the other asks for, in red less green and blue less green."""
    (red_1, green_1, blue_1), (red_2, green_2, blue_2) = LINEAR[one], LINEAR[other]
    return (red_2 - green_2) - (red_1 - green_1), (blue_2 - green_2) - (blue_1 - green_1)
