"""Plans of how a person reads a challenge aloud: what is said after each digit appears, in several manners.

A plan is drawn before the reading, so it is the same in every noise and for every recogniser; when its sounds
come depends on when the terminal shows its digits, which waits for what it hears.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from msgspec import Struct

from evaluation.speech.challenge_audio import (
    GAPS_S,
    LENGTH,
    LEVEL_SPREAD_DB,
    REACTION_S,
    VOICE_RMS,
    TrimmedUtterance,
    draw_code,
)
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples


class PlannedUtterance(Struct, frozen=True, eq=False):
    """One sound. `pause_s`: since the digit was painted, or since the sound before it in the turn ended."""

    sound: TrimmedUtterance
    pause_s: float


Turn = Sequence[PlannedUtterance]
"""What is said about one digit."""
Clips = Mapping[int, Sequence[TrimmedUtterance]]
"""One speaker's clips by digit."""
Manner = Callable[[int, Clips, np.random.Generator], Turn]
"""How one digit is read: (digit, clips, generator) → turn."""
HesitationSource = Callable[[np.random.Generator], TrimmedUtterance]


class ReadingPlan(Struct, frozen=True, eq=False, kw_only=True):
    """One person's reading of one challenge. `level`: RMS of the voice."""

    speaker: str
    digits: tuple[int, ...]
    gaps_s: tuple[float, ...]
    turns: tuple[Turn, ...]
    level: float


def plan_reading(
    speaker: str,
    clips: Clips,
    manner: str,
    random: np.random.Generator,
    hesitations: Sequence[TrimmedUtterance] = (),
) -> ReadingPlan:
    """Draw a challenge of the digits there are clips of, and how the speaker reads it.

    `hesitations`: recorded 嗯 and 呃 for the manners that begin with one; without them they are made up.
    """
    digits = draw_code(random, LENGTH, sorted(clips))
    gaps = tuple(float(g) for g in random.uniform(*GAPS_S, LENGTH))
    read = MANNERS[manner]
    if manner in HESITANT and hesitations:
        read = partial(HESITANT[manner], hum=lambda r: hesitations[int(r.integers(len(hesitations)))])
    turns = tuple(read(digit, clips, random) for digit in digits)
    level = VOICE_RMS * 10 ** (random.uniform(-LEVEL_SPREAD_DB, LEVEL_SPREAD_DB) / 20)
    return ReadingPlan(speaker=speaker, digits=digits, gaps_s=gaps, turns=turns, level=level)


# ── manners ──────────────────────────────────────────────────────────────────────────────────────


def plain(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """Read each digit 0.3–0.6 s after it appears."""
    return [PlannedUtterance(_clip(digit, clips, random), random.uniform(*REACTION_S))]


def slow(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """Read after 0.9–1.8 s, as an old person without glasses."""
    return [PlannedUtterance(_clip(digit, clips, random), random.uniform(0.9, 1.8))]


def repeats(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """Say every second digit again after 0.2–0.5 s, to be sure: 三…三."""
    first = plain(digit, clips, random)
    again = PlannedUtterance(_clip(digit, clips, random), random.uniform(0.2, 0.5))
    return [*first, again] if random.random() < 0.5 else first


def corrects(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """Misread one digit in six and correct it after 0.3–0.6 s."""
    other = int(random.choice([d for d in clips if d != digit]))
    wrong = PlannedUtterance(_clip(other, clips, random), random.uniform(*REACTION_S))
    right = PlannedUtterance(_clip(digit, clips, random), random.uniform(0.3, 0.6))
    return [wrong, right] if random.random() < 1 / LENGTH else plain(digit, clips, random)


def hums(digit: int, clips: Clips, random: np.random.Generator, hum: HesitationSource | None = None) -> Turn:
    """Say 嗯 before every second digit, 0.2–0.4 s before it."""
    before = PlannedUtterance((hum or _synthetic_hum)(random), random.uniform(0.2, 0.4))
    after = PlannedUtterance(_clip(digit, clips, random), random.uniform(0.2, 0.4))
    return [before, after] if random.random() < 0.5 else plain(digit, clips, random)


def drawls(
    digit: int, clips: Clips, random: np.random.Generator, hum: HesitationSource | None = None
) -> Turn:
    """Let 嗯 run into every third digit without a pause."""
    if random.random() < 2 / 3:
        return plain(digit, clips, random)
    first, then = (hum or _synthetic_hum)(random), _clip(digit, clips, random)
    before = first.samples[first.onset : first.end]
    sound = np.concatenate([0.6 * before, then.samples[then.onset :]]).astype(np.float32)
    joined = TrimmedUtterance(sound, 0, len(before) + then.end - then.onset)
    return [PlannedUtterance(joined, random.uniform(0.2, 0.4))]


def coughs(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """Clear the throat before every third digit."""
    cough = PlannedUtterance(_synthetic_cough(random), random.uniform(0.2, 0.4))
    after = PlannedUtterance(_clip(digit, clips, random), random.uniform(0.25, 0.5))
    return [cough, after] if random.random() < 1 / 3 else plain(digit, clips, random)


MANNERS: dict[str, Manner] = {
    "plain": plain,
    "slow": slow,
    "repeats": repeats,
    "corrects": corrects,
    "hums": hums,
    "drawls": drawls,
    "coughs": coughs,
}


HESITANT: dict[str, Callable[..., Turn]] = {"hums": hums, "drawls": drawls}
"""The manners that take recorded hesitations."""


def _clip(digit: int, clips: Clips, random: np.random.Generator) -> TrimmedUtterance:
    return clips[digit][int(random.integers(len(clips[digit])))]


def _synthetic_hum(random: np.random.Generator) -> TrimmedUtterance:
    """Make up 嗯: harmonics of a falling pitch below 500 Hz, as through the nose."""
    length = round(random.uniform(0.18, 0.35) * SAMPLE_RATE)
    t = np.arange(length) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(random.uniform(110, 230) * (1 - 0.3 * t)) / SAMPLE_RATE
    wave = sum(np.exp(-k / 1.5) * np.sin(k * phase) for k in range(1, 10))
    return _faded(np.asarray(wave), 0.05)


def _synthetic_cough(random: np.random.Generator) -> TrimmedUtterance:
    """Make up two bursts of noise that fall within 80 ms each, 0.15–0.25 s apart."""
    length = round(random.uniform(0.3, 0.4) * SAMPLE_RATE)
    t, second = np.arange(length) / SAMPLE_RATE, random.uniform(0.15, 0.25)
    falls = np.exp(-t / 0.04) + 0.7 * np.exp(-np.abs(t - second) / 0.04) * (t >= second)
    return _faded(random.standard_normal(length) * falls, 0.005)


def _faded(wave: np.ndarray, fade_s: float) -> TrimmedUtterance:
    """Fade in and out, and bring to unit RMS."""
    steps = np.arange(len(wave)) / (fade_s * SAMPLE_RATE)
    wave = wave * np.minimum(1.0, np.minimum(steps, steps[::-1]))
    unit: Samples = (wave / np.sqrt(np.mean(wave**2))).astype(np.float32)
    return TrimmedUtterance(unit, 0, len(unit))
