"""Fine-tune the upper half of the encoder and the head on windows drawn afresh at every step."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from training import parts
from training.digits import corpus, words
from training.digits.corpus import Clip
from training.digits.model import DigitNet, load_whisper
from training.digits.windows import Windows
from training.digits.words import OTHER


@dataclass(frozen=True)
class Plan:
    """How to train: `steps`, or for `minutes` if they are over sooner (the report tells the steps made).

    Rates are the peaks of a warm-up and a cosine; `kept` is the moving average's memory.
    """

    steps: int
    minutes: float
    batch: int = 48
    rate_head: float = 1e-3
    rate_encoder: float = 1.5e-4
    smoothing: float = 0.05
    weight_decay: float = 0.02
    warm_up: int = 100
    kept: float = 0.995
    tuned_from: int = 1
    layers: int = 3  # of Whisper's six
    seed: int = 7
    threads: int = 1


def clips_for_training(work: Path, without: tuple[str, ...] = ()) -> list[Clip]:
    """Load all trainable clips but those of the speakers named (a blend counts for each of its voices)."""
    clips = corpus.load_all(
        path for part in ("human", "kokoro", "kokoro-world") for path in (work / part).glob("*.npz")
    )
    heard = [c for c in clips if not any(name in c.speaker for name in without)]
    return [c for c in heard if c.label != OTHER or words.is_clear(c.word)]


def rate_at(step: int, progress: float, plan: Plan) -> float:
    """Return the share of the peak learning rate at a step, `progress` (0..1) of the way."""
    warm = min(1.0, (step + 1) / plan.warm_up)
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


class Stream(IterableDataset):
    """Fresh windows for ever, drawn by a process of its own."""

    def __init__(self, clips: list[Clip], plan: Plan) -> None:
        self._clips, self._plan = clips, plan

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        windows = Windows(self._clips, self._plan.seed)
        while True:
            audio, labels = windows.draw(self._plan.batch)
            yield torch.from_numpy(audio), torch.from_numpy(labels)


def batches(clips: list[Clip], plan: Plan) -> DataLoader:
    """Return an endless loader of batches; one worker, so the order follows from the seed."""
    return DataLoader(Stream(clips, plan), batch_size=None, num_workers=1, prefetch_factor=8)


def average_into(kept: DigitNet, net: DigitNet, memory: float) -> None:
    """Move the kept weights a little towards the current ones."""
    with torch.no_grad():
        for mine, theirs in zip(kept.parameters(), net.parameters(), strict=True):
            mine.lerp_(theirs, 1 - memory)


@dataclass(frozen=True)
class Trained:
    """The averaged network, ready to measure, and what it took."""

    net: DigitNet
    steps: int
    minutes: float


def beginning(plan: Plan, earlier: Path | None) -> DigitNet:
    """Return the network to train: Whisper's encoder with a fresh head, or an earlier training's result."""
    net = DigitNet(plan.tuned_from, plan.layers)
    if earlier is None:
        load_whisper(net, parts.whisper_weights())
    else:
        net.load_state_dict(torch.load(earlier, weights_only=True)["state"], strict=False)
    return net


def train(clips: list[Clip], plan: Plan, earlier: Path | None = None) -> Trained:
    """Train on clips until the steps or the minutes are spent."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    net = beginning(plan, earlier)
    kept = deepcopy(net).eval()
    optimiser = torch.optim.AdamW(
        [{"params": net.tuned(), "lr": plan.rate_encoder}, {"params": net.fresh(), "lr": plan.rate_head}],
        weight_decay=plan.weight_decay,
    )
    peaks = [group["lr"] for group in optimiser.param_groups]
    began, losses = time.monotonic(), []
    for step, (audio, labels) in enumerate(batches(clips, plan)):
        spent = (time.monotonic() - began) / 60
        progress = max(step / plan.steps, spent / plan.minutes)
        if progress >= 1:
            return Trained(kept, step, spent)
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * rate_at(step, progress, plan)
        losses.append(_step(net, audio, labels, optimiser, plan))
        average_into(kept, net, min(plan.kept, (step + 1) / (step + 10)))
        if step % 25 == 24:
            print(f"step {step + 1} loss {np.mean(losses[-25:]):.3f} minutes {spent:.1f}", flush=True)
    raise AssertionError("batches never end")


def _step(
    net: DigitNet, audio: torch.Tensor, labels: torch.Tensor, optimiser: torch.optim.Optimizer, plan: Plan
) -> float:
    net.train()
    with torch.no_grad():
        lower = net.lower(audio)
    log_probs = net.upper(lower)
    loss = (1 - plan.smoothing) * functional.nll_loss(log_probs, labels) - plan.smoothing * log_probs.mean()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([*net.tuned(), *net.fresh()], 1.0)
    optimiser.step()
    return float(loss.detach())


def save(path: Path, trained: Trained, plan: Plan, clips: list[Clip], without: list[str]) -> None:
    """Write weights, and beside them as JSON the notes for the report."""
    notes = {
        "steps": trained.steps,
        "minutes": trained.minutes,
        "plan": vars(plan),
        "without": without,
        "torch": str(torch.__version__),
        "clips": dict(sorted(Counter(f"{c.source} {_kind(c)}" for c in clips).items())),
        "speakers": len({c.speaker for c in clips}),
    }
    torch.save({"state": trained.net.state_dict(), **notes}, path)
    path.with_suffix(".json").write_text(json.dumps(notes, indent=1), encoding="utf-8")


def _kind(clip: Clip) -> str:
    return "other" if clip.label == OTHER else "digits"


def main() -> None:
    """Train one network and save its weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--without", nargs="*", default=[], help="speakers to leave out")
    parser.add_argument("--name", default="digits")
    parser.add_argument("--from", dest="earlier", help="go on from an earlier training, with another seed")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    clips = clips_for_training(chosen.work, tuple(chosen.without))
    plan = Plan(chosen.steps, chosen.minutes, threads=chosen.threads, seed=chosen.seed)
    earlier = chosen.work / f"{chosen.earlier}.pt" if chosen.earlier else None
    save(chosen.work / f"{chosen.name}.pt", train(clips, plan, earlier), plan, clips, chosen.without)


if __name__ == "__main__":
    main()
