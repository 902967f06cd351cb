"""Training windows: a digit (or none) in 2.6 s of a shop, and of it 1.28 s as the terminal cuts them.

Every draw is different. Most windows are cut where the terminal's endpointer finds the voice (`placing.py`),
the others anywhere, so that the network does not depend on one way of cutting.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.digits import humming, placing, shop
from training.digits.corpus import RATE, Clip
from training.digits.words import OTHER

WINDOW = 20_480
SCENE = 41_600
ONSET_S = (0.75, 0.9)  # of the voice in the scene
EARLIEST_S, LATEST_S = 0.02, 0.45  # of the voice in a window that is cut anywhere
CUT_AS_TERMINAL = 0.7
HUMAN_SHARE = 0.35
HUMMED = 0.15  # of what is no digit
NOISY_BEFORE = 0.35  # recordings that already have a steady noise of their own
_KINDS = ("digit", "speech", "partial", "noise", "silence")
_KIND_SHARES = (0.72, 0.18, 0.03, 0.05, 0.02)
_STEADY = (1, 2, 5)  # vowels whose beginning already is the word

Samples = NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True)
class Place:
    """Where a clip lies in its window (samples)."""

    first: int
    last: int


def put(window: Samples, clip: Samples, at: int) -> Place:
    """Add a clip to the window at a position that may lie partly outside."""
    first, last = max(0, at), min(len(window), at + len(clip))
    if last > first:
        window[first:last] += clip[first - at : last - at]
    return Place(first, last)


def resampled(clip: Samples, factor: float) -> Samples:
    """Play a clip faster (factor > 1) or slower, pitch and all."""
    at = np.arange(0, len(clip) - 1, factor)
    return np.interp(at, np.arange(len(clip)), clip).astype(np.float32)


class Windows:
    """Draws augmented windows from clips; everything follows from one seed."""

    def __init__(self, clips: list[Clip], seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._digits: dict[tuple[bool, int], list[Clip]] = defaultdict(list)
        self._others: dict[bool, list[Clip]] = defaultdict(list)
        for clip in clips:
            human = not clip.source.startswith("kokoro")
            (self._others[human] if clip.label == OTHER else self._digits[human, clip.label]).append(clip)
        self._noises = shop.noises(clips, self._rng)
        self._rooms = [shop.room(self._rng) for _ in range(300)]

    def draw(self, count: int) -> tuple[Samples, NDArray[np.int64]]:
        """Return [count, 20480] windows and their classes."""
        made = [self._one() for _ in range(count)]
        return np.stack([window for window, _ in made]), np.array([label for _, label in made])

    def _one(self) -> tuple[Samples, int]:
        match str(self._rng.choice(_KINDS, p=_KIND_SHARES)):
            case "digit":
                label = int(self._rng.integers(10))
                return self._heard(self._digit(label)), label
            case "speech":
                return self._heard(self._other()), OTHER
            case "partial":
                scene, onset = self._partial()
                return self._anywhere(self._in_shop(scene), onset), OTHER
            case "noise":
                return self._noise_alone(), OTHER
            case _:
                return self._silence(), OTHER

    def _heard(self, clip: Samples) -> Samples:
        """A clip in the shop, and the window that the terminal, or anybody, cuts there."""
        scene, place = self._spoken(clip)
        scene = self._in_shop(scene)
        found = placing.voice(scene, place.first) if self._rng.random() < CUT_AS_TERMINAL else None
        if found is None or found[1] < place.first:
            latest = min(LATEST_S, max(EARLIEST_S, (WINDOW - 0.85 * len(clip)) / RATE))
            return self._anywhere(scene, place.first - int(self._rng.uniform(EARLIEST_S, latest) * RATE))
        onset, end = found
        pad_s = 0.3 if self._rng.random() < 0.8 else float(self._rng.uniform(0.05, 0.25))
        return placing.window(scene, onset, end, pad_s, float(self._rng.uniform(0.08, 0.3)))

    def _anywhere(self, scene: Samples, begin: int) -> Samples:
        return placing.window_at(scene, begin)

    def _noise_alone(self) -> Samples:
        scene = self._in_shop(np.zeros(SCENE, np.float32), only_noise=True)
        if self._rng.random() < 0.5:
            return placing.window_at(scene, 8_000)
        onset = int(self._rng.integers(4_000, 16_000))
        return placing.window(
            scene,
            onset,
            onset + int(self._rng.uniform(0.08, 1.0) * RATE),
            0.3,
            float(self._rng.uniform(0.08, 0.3)),
        )

    def _digit(self, label: int) -> Samples:
        human = bool(self._rng.random() < HUMAN_SHARE and self._digits[True, label])
        return self._varied(self._digits[human, label] or self._digits[not human, label])

    def _other(self) -> Samples:
        if self._rng.random() < HUMMED:
            return humming.hum(self._rng)
        human = bool(self._rng.random() < 0.6 and self._others[True])
        return self._varied(self._others[human] or self._others[not human])

    def _varied(self, clips: list[Clip]) -> Samples:
        clip = clips[int(self._rng.integers(len(clips)))].samples
        return resampled(clip, float(self._rng.uniform(0.85, 1.2))) * np.float32(
            10 ** (self._rng.uniform(-3, 3) / 20)
        )

    def _spoken(self, clip: Samples) -> tuple[Samples, Place]:
        scene = np.zeros(SCENE, np.float32)
        place = put(scene, clip, int(self._rng.uniform(*ONSET_S) * RATE))
        if self._rng.random() < 0.3:
            before = self._anything()
            put(scene, before, place.first - int(self._rng.uniform(0.12, 0.4) * RATE) - len(before))
        if self._rng.random() < 0.3:
            put(scene, self._anything(), place.last + int(self._rng.uniform(0.15, 0.5) * RATE))
        return scene, place

    def _anything(self) -> Samples:
        return self._digit(int(self._rng.integers(10))) if self._rng.random() < 0.8 else self._other()

    def _partial(self) -> tuple[Samples, int]:
        """A digit's end as the window opens, or its beginning as it closes; and where the window begins."""
        scene, begin = np.zeros(SCENE, np.float32), 8_000
        label = int(self._rng.integers(10))
        clip = self._digit(label)
        kept = int(len(clip) * self._rng.uniform(0.05, 0.15 if label in _STEADY else 0.3))
        put(scene, clip, begin + (kept - len(clip) if self._rng.random() < 0.5 else WINDOW - kept))
        return scene, begin

    def _silence(self) -> Samples:
        level = 10 ** self._rng.uniform(-6, -3) if self._rng.random() < 0.8 else 0.0
        return (level * self._rng.standard_normal(WINDOW)).astype(np.float32)

    def _noise(self, *kinds: str) -> Samples:
        names = kinds or tuple(self._noises)
        name = names[int(self._rng.integers(len(names)))]
        if not kinds and self._rng.random() < 0.35:
            name = "babble"
        track = self._noises[name][int(self._rng.integers(len(self._noises[name])))]
        at = int(self._rng.integers(0, len(track) - SCENE))
        return track[at : at + SCENE]

    def _in_shop(self, scene: Samples, only_noise: bool = False) -> Samples:
        rng = self._rng
        if rng.random() < 0.5:
            scene = shop.in_room(scene, self._rooms[int(rng.integers(len(self._rooms)))])
        if only_noise:
            scene = self._noise() * np.float32(0.07)
        elif rng.random() < 0.9:
            scene = scene + self._noise() * np.float32(0.07 * 10 ** (-rng.uniform(1, 34) / 20))
        if rng.random() < NOISY_BEFORE:
            steady = self._noise("coloured", "hum", "machine")
            scene = scene + steady * np.float32(0.07 * 10 ** (-rng.uniform(8, 26) / 20))
        scene = scene + (10 ** rng.uniform(-4.5, -3) * rng.standard_normal(SCENE)).astype(np.float32)
        if rng.random() < 0.7:
            scene = shop.microphone(scene, rng)
        return self._recorded(scene)

    def _recorded(self, window: Samples) -> Samples:
        rng = self._rng
        if rng.random() < 0.08:
            window = np.clip(window * rng.uniform(4, 12), -1, 1)
        if rng.random() < 0.08:
            companded = np.sign(window) * np.log1p(255 * np.minimum(np.abs(window), 1)) / np.log(256)
            companded = np.round(companded * 127) / 127
            window = np.sign(companded) * np.expm1(np.abs(companded) * np.log(256)) / 255
        gained = window * 10 ** (rng.uniform(-25, 8) / 20)
        return (np.round(np.clip(gained, -1, 1) * 32767) / 32767).astype(np.float32)
