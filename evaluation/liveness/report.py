"""What `kiosk evaluate pad` says."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation import pictures
from evaluation.intervals import Rate
from evaluation.liveness.presentations import LIVE, is_live
from evaluation.liveness.rates import (
    BPCERS,
    FRAMES,
    WHOLE,
    Scored,
    apcer,
    bpcer,
    threshold_for,
    trials,
)
from evaluation.output import pyplot, table
from evaluation.pictures import Skipped

SETTING = "setting"
WAYS = {
    1: "each frame alone",
    FRAMES: f"median of {FRAMES} successive frames",
    WHOLE: f"median of a whole presentation of at least {FRAMES} frames",
}


class AtThreshold(Struct, frozen=True):
    """`rate` is the BPCER of live presentations, the APCER of attacks."""

    point: str
    threshold: float
    rate: Rate


class SpeciesResult(Struct, frozen=True):
    """`frames` 1: each frame alone; more: the median of so many; 0: of all. `unanswered`: without a face."""

    species: str
    live: bool
    frames: int
    groups: int
    unanswered: int
    median_score: float | None
    rates: list[AtThreshold]


class DriverResult(Struct, frozen=True):
    driver: str
    version: str
    cpu_ms: float
    skipped: Skipped
    species: list[SpeciesResult]


class Report(Struct, frozen=True):
    """All that `--json` holds."""

    seed: int
    drivers: list[DriverResult]


def figures(
    scored: Sequence[Scored], unanswered: dict[str, int], setting: float, seed: int
) -> list[SpeciesResult]:
    """Every species, by single frames and by medians; thresholds from the real live presentations alone."""
    found = []
    names = sorted({one.species for one in scored}, key=lambda name: (not is_live(name), name))
    for frames in WAYS:
        live = trials(scored, LIVE, frames)
        points = [(SETTING, setting)] + [
            (f"BPCER {b:.0%}", t) for b in BPCERS if (t := threshold_for(live, b)) is not None
        ]
        for name in names:
            groups = trials(scored, name, frames)
            rate = bpcer if is_live(name) else apcer
            rates = [AtThreshold(point, t, rate(groups, t, seed)) for point, t in points]
            scores = [score for group in groups.values() for score in group]
            middle = float(np.median(scores)) if scores else None
            found.append(
                SpeciesResult(
                    name, is_live(name), frames, len(groups), unanswered.get(name, 0), middle, rates
                )
            )
    return found


def told(result: DriverResult) -> str:
    """The text for one driver."""
    parts = [
        f"driver {result.driver} ({result.version}); {pictures.told(result.skipped)}",
        f"median CPU milliseconds for a score: {result.cpu_ms:.1f}",
    ]
    for frames, title in WAYS.items():
        rows = [one for one in result.species if one.frames == frames]
        parts += ["", f"{title}: BPCER of live, APCER of attacks", table([_head(rows), *map(_row, rows)])]
    return "\n".join([*parts, "", *_NOTES])


_NOTES = (
    "(n/N, interval): errors, trials, 95 % bounds by drawing groups (people), no narrower than Wilson's.",
    "Thresholds of the BPCER columns are chosen on these very live pictures.",
    "no face: frames in which the detector found none; the terminal asks for none of them (non-response).",
)


def _head(rows: Sequence[SpeciesResult]) -> tuple[str, ...]:
    points = rows[0].rates if rows else []
    columns = (f"at {at.point} ({at.threshold:.3f})" for at in points)
    return ("species", "groups", "no face", "median score", *columns)


def _row(one: SpeciesResult) -> tuple[object, ...]:
    middle = "–" if one.median_score is None else f"{one.median_score:.3f}"
    return (one.species, one.groups, one.unanswered, middle, *(at.rate for at in one.rates))


def draw(folder: Path, driver: str, scored: Sequence[Scored]) -> None:
    """`<driver>-pad.png`: scores by species. `<driver>-pad-det.png`: APCER against BPCER."""
    plt = pyplot()
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted({one.species for one in scored}, key=lambda name: (not is_live(name), name))
    size = (7, 1.6 * len(names))
    figure, rows = plt.subplots(len(names), 1, figsize=size, sharex=True, squeeze=False, layout="constrained")
    for axes, name in zip(rows[:, 0], names, strict=True):
        axes.hist(_flat(scored, name), np.linspace(0, 1, 51), color="C0" if is_live(name) else "C3")
        axes.set_title(name, fontsize=8)
    rows[-1, 0].set_xlabel("score: 0 attack … 1 live")
    figure.savefig(folder / f"{driver}-pad.png", dpi=110, bbox_inches="tight")
    figure, axes = plt.subplots(figsize=(6, 5))
    grid, live = np.linspace(0, 1, 501), np.sort(_flat(scored, LIVE))
    for name in names:
        attacks = np.sort(_flat(scored, name))
        if not is_live(name) and len(live):
            passed = 1 - np.searchsorted(attacks, grid) / len(attacks)
            axes.plot(np.searchsorted(live, grid) / len(live), passed, label=name)
    axes.set(xlabel="BPCER", ylabel="APCER", xlim=(0, 0.3), ylim=(-0.02, 1.02))
    axes.legend(fontsize=7)
    figure.savefig(folder / f"{driver}-pad-det.png", dpi=110, bbox_inches="tight")
    plt.close("all")


def _flat(scored: Sequence[Scored], species: str) -> list[float]:
    return [score for one in scored if one.species == species for score in one.scores]
