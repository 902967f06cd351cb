"""Clips on disk: one `.npz` per source, samples as int16 at 16 kHz, with what and who."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000


@dataclass(frozen=True)
class Clip:
    """One trimmed utterance: class 0..10, the word, who says it, and the corpus it is from."""

    samples: NDArray[np.float32]
    label: int
    word: str
    speaker: str
    source: str


def save(path: Path, clips: list[Clip]) -> None:
    """Write clips to one file, atomically."""
    ends = np.cumsum([len(c.samples) for c in clips])
    audio = np.concatenate([c.samples for c in clips]) if clips else np.zeros(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    half_written = path.with_suffix(".part")
    with half_written.open("wb") as file:
        np.savez(
            file,
            audio=np.round(np.clip(audio, -1, 1) * 32767).astype(np.int16),
            ends=ends,
            label=np.array([c.label for c in clips]),
            who=np.array([[c.word, c.speaker, c.source] for c in clips], dtype=str),
        )
    half_written.replace(path)


def load(path: Path) -> Iterator[Clip]:
    """Read the clips of one file."""
    with np.load(path) as file:
        audio, ends, labels, who = file["audio"], file["ends"], file["label"], file["who"]
    for begin, end, label, (word, speaker, source) in zip([0, *ends[:-1]], ends, labels, who, strict=True):
        samples = audio[begin:end].astype(np.float32) / 32767
        yield Clip(samples, int(label), str(word), str(speaker), str(source))


def load_all(paths: Iterable[Path]) -> list[Clip]:
    """Read the clips of several files."""
    return [clip for path in sorted(paths) for clip in load(path)]
