"""Measure the networks trained without some speakers on exactly those speakers, and fit the temperature.

Everything that can be chosen is chosen here, never on the test speakers.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.digits import export, measure
from training.digits.corpus import Clip
from training.digits.train import clips_for_training
from training.digits.words import OTHER

FOLDS = {"fold-a": ("davinfifield", "zf_xiaoni"), "fold-b": ("hsk1", "zm_yunxia")}
NOISE_DB = (None, 25.0, 10.0)
MOST_OTHERS = 60


@dataclass(frozen=True)
class Held:
    """What a network said about speakers it had never heard."""

    speaker: str
    snr_db: float | None
    log_probs: NDArray[np.float32]
    labels: NDArray[np.int64]

    def digits_right(self) -> tuple[int, int]:
        """Return right and all digits, `other` not asked."""
        spoken = self.labels != OTHER
        return int((self.log_probs[spoken, :10].argmax(1) == self.labels[spoken]).sum()), int(spoken.sum())

    def others_right(self) -> tuple[int, int]:
        """Return windows without a digit that were called `other`, and all of them."""
        spoken = self.labels == OTHER
        return int((self.log_probs[spoken].argmax(1) == OTHER).sum()), int(spoken.sum())


def held_out(clips: list[Clip], name: str, rng: np.random.Generator) -> list[Clip]:
    """Return one speaker's digits and some of the rest, no WORLD variants; a synthetic voice only unmixed."""
    own = [c for c in clips if c.speaker == name and not c.source.endswith("-world")]
    others = [c for c in own if c.label == OTHER]
    drawn = [others[i] for i in rng.permutation(len(others))[:MOST_OTHERS]]
    return [c for c in own if c.label != OTHER] + drawn


def measure_fold(work: Path, fold: str) -> list[Held]:
    """Recognise the speakers a fold was trained without."""
    net, _ = export.load(work / f"{fold}.pt")
    everyone = clips_for_training(work)
    noise = measure.Noise([c for c in everyone if c.source.startswith("kokoro")])

    def heard(audio: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.no_grad():
            return net(torch.from_numpy(audio)).numpy()

    found = []
    for speaker in FOLDS[fold]:
        clips = held_out(everyone, speaker, np.random.default_rng(5))
        for snr_db in NOISE_DB:
            repeats = 1 if snr_db is None else 3
            windows, labels = measure.isolated(clips, snr_db, noise, repeats)
            found.append(Held(speaker, snr_db, measure.in_batches(heard, windows), labels))
    return found


def best_temperature(held: list[Held]) -> float:
    """Return the temperature with the least negative log likelihood, each speaker weighing the same."""

    def cost(temperature: float) -> float:
        total = 0.0
        for one in held:
            logits = one.log_probs / temperature
            log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
            total -= float(log_probs[np.arange(len(one.labels)), one.labels].mean())
        return total

    return min((float(t) for t in np.arange(0.4, 3.01, 0.05)), key=cost)


def summary(held: list[Held]) -> dict:
    """Return the table as plain data, and the temperature."""
    rows = [
        {"speaker": h.speaker, "snr_db": h.snr_db, "digits": h.digits_right(), "others": h.others_right()}
        for h in held
    ]
    return {"temperature": round(best_temperature(held), 2), "rows": rows}


def main() -> None:
    """Write `<work>/loso.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    found = summary(
        [
            h
            for fold in FOLDS
            if (chosen.work / f"{fold}.pt").exists()
            for h in measure_fold(chosen.work, fold)
        ]
    )
    (chosen.work / "loso.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
