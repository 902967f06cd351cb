"""People who read a challenge aloud: what they say after each digit appears, and the odd ways of doing it.

A reader's turns are drawn before the reading, so they are the same in every noise and for every recogniser;
when they sound depends on when the terminal shows its digits, which waits for what it hears.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from msgspec import Struct

from evaluation.speech.challenge_audio import GAPS_S, LENGTH, LOUDER_DB, REACTION_S, VOICE_RMS, Spoken, code
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples


class Said(Struct, frozen=True, eq=False):
    """One sound. `pause_s`: since the digit was painted, or since the sound before it in the turn ended."""

    sound: Spoken
    pause_s: float


Turn = Sequence[Said]
"""What is said about one digit."""
Clips = Mapping[int, Sequence[Spoken]]
Manner = Callable[[int, Clips, np.random.Generator], Turn]
"""How one digit is read: (digit, one speaker's clips, randomness) → turn."""


Hum = Callable[[np.random.Generator], Spoken]


class Reader(Struct, frozen=True, eq=False):
    """One person before one challenge."""

    speaker: str
    digits: tuple[int, ...]
    gaps_s: tuple[float, ...]
    turns: tuple[Turn, ...]
    level: float  # RMS of the voice


def reader(
    speaker: str,
    clips: Clips,
    manner: str,
    random: np.random.Generator,
    hesitations: Sequence[Spoken] = (),
) -> Reader:
    """A speaker with a random challenge of the digits there are clips of.

    `hesitations`: recorded 嗯 and 呃 for the manners that begin with one; without them they are made up.
    """
    digits = code(random, LENGTH, sorted(clips))
    gaps = tuple(float(g) for g in random.uniform(*GAPS_S, LENGTH))
    read = MANNERS[manner]
    if manner in HESITANT and hesitations:
        read = partial(HESITANT[manner], hum=lambda r: hesitations[int(r.integers(len(hesitations)))])
    turns = tuple(read(digit, clips, random) for digit in digits)
    level = VOICE_RMS * 10 ** (random.uniform(-LOUDER_DB, LOUDER_DB) / 20)
    return Reader(speaker, digits, gaps, turns, level)


# ── manners ──────────────────────────────────────────────────────────────────────────────────────


def plain(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """Reads each digit 0.3–0.6 s after it appears."""
    return [Said(_one(digit, clips, random), random.uniform(*REACTION_S))]


def slow(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """An old person, without glasses: 0.9–1.8 s."""
    return [Said(_one(digit, clips, random), random.uniform(0.9, 1.8))]


def repeats(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """三…三: every second digit is said again after 0.2–0.5 s, to be sure."""
    first = plain(digit, clips, random)
    again = Said(_one(digit, clips, random), random.uniform(0.2, 0.5))
    return [*first, again] if random.random() < 0.5 else first


def corrects(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """One digit in six is misread and said right after 0.3–0.6 s."""
    other = int(random.choice([d for d in clips if d != digit]))
    wrong = Said(_one(other, clips, random), random.uniform(*REACTION_S))
    right = Said(_one(digit, clips, random), random.uniform(0.3, 0.6))
    return [wrong, right] if random.random() < 1 / LENGTH else plain(digit, clips, random)


def hums(digit: int, clips: Clips, random: np.random.Generator, hum: Hum | None = None) -> Turn:
    """嗯 before every second digit, 0.2–0.4 s before it."""
    before = Said((hum or _hum)(random), random.uniform(0.2, 0.4))
    after = Said(_one(digit, clips, random), random.uniform(0.2, 0.4))
    return [before, after] if random.random() < 0.5 else plain(digit, clips, random)


def drawls(digit: int, clips: Clips, random: np.random.Generator, hum: Hum | None = None) -> Turn:
    """嗯 that runs into every third digit without a pause."""
    if random.random() < 2 / 3:
        return plain(digit, clips, random)
    return [Said(_joined((hum or _hum)(random), _one(digit, clips, random)), random.uniform(0.2, 0.4))]


def coughs(digit: int, clips: Clips, random: np.random.Generator) -> Turn:
    """Clears the throat before every third digit."""
    cough = Said(_cough(random), random.uniform(0.2, 0.4))
    after = Said(_one(digit, clips, random), random.uniform(0.25, 0.5))
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
"""Those manners that take recorded hesitations."""


def _one(digit: int, clips: Clips, random: np.random.Generator) -> Spoken:
    return clips[digit][int(random.integers(len(clips[digit])))]


def _hum(random: np.random.Generator) -> Spoken:
    """嗯: harmonics of a falling pitch below 500 Hz, as through the nose; made up."""
    length = round(random.uniform(0.18, 0.35) * SAMPLE_RATE)
    t = np.arange(length) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(random.uniform(110, 230) * (1 - 0.3 * t)) / SAMPLE_RATE
    wave = sum(np.exp(-k / 1.5) * np.sin(k * phase) for k in range(1, 10))
    return _shaped(np.asarray(wave), 0.05)


def _cough(random: np.random.Generator) -> Spoken:
    """Two bursts of noise that fall within 80 ms each, 0.15–0.25 s apart; made up."""
    length = round(random.uniform(0.3, 0.4) * SAMPLE_RATE)
    t, second = np.arange(length) / SAMPLE_RATE, random.uniform(0.15, 0.25)
    falls = np.exp(-t / 0.04) + 0.7 * np.exp(-np.abs(t - second) / 0.04) * (t >= second)
    return _shaped(random.standard_normal(length) * falls, 0.005)


def _shaped(wave: np.ndarray, fade_s: float) -> Spoken:
    steps = np.arange(len(wave)) / (fade_s * SAMPLE_RATE)
    wave = wave * np.minimum(1.0, np.minimum(steps, steps[::-1]))
    unit: Samples = (wave / np.sqrt(np.mean(wave**2))).astype(np.float32)
    return Spoken(unit, 0, len(unit))


def _joined(first: Spoken, then: Spoken) -> Spoken:
    before = first.samples[first.onset : first.end]
    sound = np.concatenate([0.6 * before, then.samples[then.onset :]]).astype(np.float32)
    return Spoken(sound, 0, len(before) + then.end - then.onset)
