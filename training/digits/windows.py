"""Training windows: a digit (or none) somewhere in 1.28 s of a shop, different at every draw."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.digits import shop
from training.digits.corpus import RATE, Clip
from training.digits.words import OTHER

WINDOW = 20_480
LATEST_ONSET_S = 0.45
HUMAN_SHARE = 0.35
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
        self._onset, self._end = 0, WINDOW  # of the voice in the window being made
        self._rooms = [shop.room(self._rng) for _ in range(200)]

    def draw(self, count: int) -> tuple[Samples, NDArray[np.int64]]:
        """Return [count, 20480] windows and their classes."""
        made = [self._one() for _ in range(count)]
        return np.stack([window for window, _ in made]), np.array([label for _, label in made])

    def _one(self) -> tuple[Samples, int]:
        self._onset, self._end = 0, WINDOW
        match str(self._rng.choice(_KINDS, p=_KIND_SHARES)):
            case "digit":
                label = int(self._rng.integers(10))
                return self._in_shop(self._spoken(self._digit(label), neighbours=True)), label
            case "speech":
                return self._in_shop(self._spoken(self._other(), neighbours=True)), OTHER
            case "partial":
                return self._in_shop(self._partial()), OTHER
            case "noise":
                return self._in_shop(np.zeros(WINDOW, np.float32), only_noise=True), OTHER
            case _:
                return self._silence(), OTHER

    def _digit(self, label: int) -> Samples:
        human = bool(self._rng.random() < HUMAN_SHARE and self._digits[True, label])
        return self._varied(self._digits[human, label] or self._digits[not human, label])

    def _other(self) -> Samples:
        human = bool(self._rng.random() < 0.6 and self._others[True])
        return self._varied(self._others[human] or self._others[not human])

    def _varied(self, clips: list[Clip]) -> Samples:
        clip = clips[int(self._rng.integers(len(clips)))].samples
        return resampled(clip, float(self._rng.uniform(0.88, 1.14))) * np.float32(
            10 ** (self._rng.uniform(-3, 3) / 20)
        )

    def _spoken(self, clip: Samples, neighbours: bool) -> Samples:
        window = np.zeros(WINDOW, np.float32)
        latest = min(int(LATEST_ONSET_S * RATE), max(0, WINDOW - int(0.85 * len(clip))))
        onset = int(self._rng.integers(0, latest + 1))
        place = put(window, clip, onset)
        self._onset, self._end = place.first, place.last
        if neighbours and self._rng.random() < 0.3:
            gap = int(self._rng.uniform(0.08, 0.3) * RATE)
            before = self._anything()
            put(window, before, place.first - gap - len(before))
        if neighbours and self._rng.random() < 0.3:
            put(window, self._anything(), place.last + int(self._rng.uniform(0.12, 0.4) * RATE))
        return window

    def _anything(self) -> Samples:
        return self._digit(int(self._rng.integers(10))) if self._rng.random() < 0.8 else self._other()

    def _partial(self) -> Samples:
        """A digit's end as the window opens, or its beginning as it closes."""
        window = np.zeros(WINDOW, np.float32)
        label = int(self._rng.integers(10))
        clip = self._digit(label)
        kept = int(len(clip) * self._rng.uniform(0.05, 0.15 if label in _STEADY else 0.3))
        put(window, clip, kept - len(clip) if self._rng.random() < 0.5 else WINDOW - kept)
        return window

    def _silence(self) -> Samples:
        level = 10 ** self._rng.uniform(-6, -3) if self._rng.random() < 0.8 else 0.0
        return (level * self._rng.standard_normal(WINDOW)).astype(np.float32)

    def _noise(self) -> Samples:
        names = list(self._noises)
        name = "babble" if self._rng.random() < 0.35 else names[int(self._rng.integers(len(names)))]
        track = self._noises[name][int(self._rng.integers(len(self._noises[name])))]
        at = int(self._rng.integers(0, len(track) - WINDOW))
        return track[at : at + WINDOW]

    def _in_shop(self, window: Samples, only_noise: bool = False) -> Samples:
        rng = self._rng
        if rng.random() < 0.5:
            window = shop.in_room(window, self._rooms[int(rng.integers(len(self._rooms)))])
        if only_noise:
            window = self._noise() * np.float32(0.07)
        elif rng.random() < 0.9:
            window = window + self._noise() * np.float32(0.07 * 10 ** (-rng.uniform(2, 40) / 20))
        window = window + (10 ** rng.uniform(-4.5, -3) * rng.standard_normal(WINDOW)).astype(np.float32)
        if rng.random() < 0.7:
            window = shop.microphone(window, rng)
        return self._recorded(self._cut(window))

    def _cut(self, window: Samples) -> Samples:
        """Now and then the recording begins late or ends early: zeros there (never inside the digit)."""
        if self._rng.random() < 0.1:
            window[: int(self._rng.uniform(0, self._onset))] = 0
        if self._rng.random() < 0.1:
            window[int(self._rng.uniform(min(self._end, WINDOW), WINDOW)) :] = 0
        return window

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
