"""Fine-tune the upper half of the encoder and the head on windows drawn afresh at every step."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from training import parts
from training.digits import corpus
from training.digits.corpus import Clip
from training.digits.model import DigitNet, load_whisper
from training.digits.windows import Windows


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
    tuned_from: int = 2  # of Whisper's four layers
    seed: int = 7
    threads: int = 1


def clips_for_training(work: Path, without: tuple[str, ...] = ()) -> list[Clip]:
    """Load all trainable clips but those of the speakers named (a blend counts for each of its voices)."""
    clips = corpus.load_all(
        path for part in ("human", "kokoro", "kokoro-world") for path in (work / part).glob("*.npz")
    )
    return [c for c in clips if not any(name in c.speaker for name in without)]


def rate_at(step: int, progress: float, plan: Plan) -> float:
    """Return the share of the peak learning rate at a step, `progress` (0..1) of the way."""
    warm = min(1.0, (step + 1) / plan.warm_up)
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def batches(clips: list[Clip], plan: Plan) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Draw fresh windows for ever."""
    windows = Windows(clips, plan.seed)
    while True:
        audio, labels = windows.draw(plan.batch)
        yield torch.from_numpy(audio), torch.from_numpy(labels)


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
    net = DigitNet(plan.tuned_from)
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


def save(path: Path, trained: Trained, plan: Plan, clips: int, without: list[str]) -> None:
    """Write weights with the notes the report needs."""
    notes = {
        "steps": trained.steps,
        "minutes": trained.minutes,
        "plan": vars(plan),
        "clips": clips,
        "without": without,
    }
    torch.save({"state": trained.net.state_dict(), "tuned_from": plan.tuned_from, **notes}, path)


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
    save(chosen.work / f"{chosen.name}.pt", train(clips, plan, earlier), plan, len(clips), chosen.without)


if __name__ == "__main__":
    main()
