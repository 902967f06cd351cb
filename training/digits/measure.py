"""Measures: accuracy of isolated digits, and six digits shown one by one, for speakers set apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from training.digits import placing, shop
from training.digits.corpus import RATE, Clip
from training.digits.placing import Samples

Recogniser = Callable[[Samples], NDArray[np.float32]]  # [N, 20480] -> [N, 11]
VOICED_RMS = 10 ** (-23 / 20)


def recogniser(path: Path, threads: int = 1) -> Recogniser:
    """Load an exported model."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda audio: session.run(None, {"audio": audio})[0]


def in_batches(heard: Recogniser, windows: Samples, size: int = 16) -> NDArray[np.float32]:
    """Recognise many windows with little memory."""
    return np.concatenate([heard(windows[i : i + size]) for i in range(0, len(windows), size)])


def wilson(right: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    z, share = 1.96, right / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, centre - half), min(1.0, centre + half)


class Noise:
    """Shop noise that training never heard: the same makers, another seed."""

    def __init__(self, clips: list[Clip], seed: int = 99) -> None:
        self.rng = np.random.default_rng(seed)
        self._tracks = [t for kind in shop.noises(clips, self.rng, each=3).values() for t in kind]

    def take(self, length: int) -> Samples:
        """Return noise of RMS 1, any track, looped if short."""
        track = self._tracks[int(self.rng.integers(len(self._tracks)))]
        return np.take(track, np.arange(length) + int(self.rng.integers(len(track))), mode="wrap")

    def over(self, audio: Samples, snr_db: float | None) -> Samples:
        """Add noise at an SNR against a voice of -23 dBFS."""
        if snr_db is None:
            return audio
        return audio + self.take(len(audio)) * np.float32(VOICED_RMS * 10 ** (-snr_db / 20))


def isolated(
    clips: list[Clip], snr_db: float | None, noise: Noise, repeats: int = 1
) -> tuple[Samples, NDArray[np.int64]]:
    """Return one window a clip (and repeat), the voice beginning at 0.10-0.30 s, and the classes."""
    windows, labels = [], []
    for clip in clips:
        for _ in range(repeats):
            start = -int(noise.rng.uniform(0.10, 0.30) * RATE)
            windows.append(noise.over(placing.window_at(clip.samples, start), snr_db))
            labels.append(clip.label)
    return np.stack(windows), np.array(labels)


@dataclass(frozen=True)
class Visit:
    """A simulated reading: the sound, when each digit was shown (and the end), and which."""

    audio: Samples
    shown_s: tuple[float, ...]
    digits: tuple[int, ...]


def code(available: list[int], rng: np.random.Generator, length: int = 6) -> tuple[int, ...]:
    """Draw digits, none twice in a row."""
    drawn: list[int] = []
    while len(drawn) < length:
        digit = int(rng.choice(available))
        if not drawn or drawn[-1] != digit:
            drawn.append(digit)
    return tuple(drawn)


def visit(clips: list[Clip], snr_db: float, noise: Noise) -> Visit:
    """Let one speaker read six digits shown every 0.9-1.5 s, answering after 0.35-0.8 s."""
    rng = noise.rng
    digits = code(sorted({c.label for c in clips}), rng)
    shown = np.cumsum([0.5, *rng.uniform(0.9, 1.5, len(digits))])
    audio = np.zeros(int((shown[-1] + 1.5) * RATE), np.float32)
    for at, digit in zip(shown, digits, strict=False):
        said = [c for c in clips if c.label == digit]
        clip = said[int(rng.integers(len(said)))].samples
        first = int((at + np.clip(rng.normal(0.52, 0.1), 0.35, 0.8)) * RATE)
        end = min(len(audio), first + len(clip))
        audio[first:end] += clip[: end - first]
    return Visit(noise.over(audio, snr_db), tuple(shown), digits)


def heard_digits(
    visit_: Visit, heard: Recogniser, shifts_s: tuple[float, ...] = (0.0,)
) -> NDArray[np.float32]:
    """Return [6, 11] log posteriors, windows placed by display times; several shifts are averaged."""
    starts = [
        placing.window_start(visit_.audio, a, b)
        for a, b in zip(visit_.shown_s, visit_.shown_s[1:], strict=False)
    ]
    windows = [placing.window_at(visit_.audio, s + int(shift * RATE)) for s in starts for shift in shifts_s]
    return heard(np.stack(windows)).reshape(len(starts), len(shifts_s), -1).mean(axis=1)


@dataclass(frozen=True)
class Paced:
    """Counts over visits: genuine readings with k digits agreeing, and the same against wrong codes."""

    right: NDArray[np.int64]
    wrong: NDArray[np.int64]

    def refused(self, least: int) -> float:
        """Return the share of genuine readings with fewer than `least` digits agreeing."""
        return float(self.right[:least].sum() / self.right.sum())

    def accepted(self, least: int) -> float:
        """Return the share of wrong codes with at least `least` digits agreeing."""
        return float(self.wrong[least:].sum() / max(1, self.wrong.sum()))


def paced(
    clips: list[Clip],
    heard: Recogniser,
    noise: Noise,
    snr_db: float,
    visits: int,
    wrong_codes: int = 25,
    shifts_s: tuple[float, ...] = (0.0,),
) -> Paced:
    """Simulate readings of one speaker; each is also held against random other codes."""
    right, wrong = np.zeros(7, np.int64), np.zeros(7, np.int64)
    available = sorted({c.label for c in clips})
    for _ in range(visits):
        reading = visit(clips, snr_db, noise)
        log_probs = heard_digits(reading, heard, shifts_s)
        right[sum(placing.agrees(p, d) for p, d in zip(log_probs, reading.digits, strict=True))] += 1
        for _ in range(wrong_codes):
            other = code(available, noise.rng)
            if other != reading.digits:
                wrong[sum(placing.agrees(p, d) for p, d in zip(log_probs, other, strict=True))] += 1
    return Paced(right, wrong)
