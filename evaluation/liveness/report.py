"""Report of `kiosk evaluate pad`: tables, and plots as PNG files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation import pictures
from evaluation.intervals import Rate
from evaluation.liveness.presentations import LIVE, is_live
from evaluation.liveness.rates import (
    ALL_FRAMES,
    BPCERS,
    FRAMES,
    ScoredPresentation,
    apcer,
    bpcer,
    median_scores,
    threshold_for,
)
from evaluation.output import pyplot, table
from evaluation.pictures import Skipped

SETTING = "setting"
"""Name of the operating point of the settings."""
AGGREGATIONS = {
    1: "each frame alone",
    FRAMES: f"median of {FRAMES} successive frames",
    ALL_FRAMES: f"median of a whole presentation of at least {FRAMES} frames",
}


class RateAtThreshold(Struct, frozen=True):
    """`rate` is the BPCER of live presentations, the APCER of attacks."""

    point: str
    threshold: float
    rate: Rate


class LivenessSpeciesResult(Struct, frozen=True, kw_only=True):
    """Rates of one species.

    `frames` 1: each frame alone; more: the median of as many; 0: of all. `unanswered`: frames without a face.
    """

    species: str
    live: bool
    frames: int
    groups: int
    unanswered: int
    median_score: float | None
    rates: list[RateAtThreshold]


class LivenessDriverResult(Struct, frozen=True, kw_only=True):
    """Rates of one driver."""

    driver: str
    version: str
    cpu_ms: float
    skipped: Skipped
    species: list[LivenessSpeciesResult]


class LivenessReport(Struct, frozen=True):
    """All that `--json` holds."""

    seed: int
    drivers: list[LivenessDriverResult]


def species_results(
    scored: Sequence[ScoredPresentation], unanswered: dict[str, int], setting: float, seed: int
) -> list[LivenessSpeciesResult]:
    """Rate every species by single frames and by medians; thresholds come from the real live ones alone."""
    found = []
    names = sorted({one.species for one in scored}, key=lambda name: (not is_live(name), name))
    for frames in AGGREGATIONS:
        live = median_scores(scored, LIVE, frames)
        points = [(SETTING, setting)] + [
            (f"BPCER {b:.0%}", t) for b in BPCERS if (t := threshold_for(live, b)) is not None
        ]
        for name in names:
            groups = median_scores(scored, name, frames)
            rate = bpcer if is_live(name) else apcer
            scores = [score for group in groups.values() for score in group]
            found.append(
                LivenessSpeciesResult(
                    species=name,
                    live=is_live(name),
                    frames=frames,
                    groups=len(groups),
                    unanswered=unanswered.get(name, 0),
                    median_score=float(np.median(scores)) if scores else None,
                    rates=[RateAtThreshold(point, t, rate(groups, t, seed)) for point, t in points],
                )
            )
    return found


def format_result(result: LivenessDriverResult) -> str:
    """Format the text for one driver."""
    parts = [
        f"driver {result.driver} ({result.version}); {pictures.format_skipped(result.skipped)}",
        f"median CPU milliseconds for a score: {result.cpu_ms:.1f}",
    ]
    for frames, title in AGGREGATIONS.items():
        rows = [one for one in result.species if one.frames == frames]
        parts += ["", f"{title}: BPCER of live, APCER of attacks", _aggregation_table(rows)]
    return "\n".join([*parts, "", *_NOTES])


_NOTES = (
    "(n/N, interval): errors, trials, 95 % bounds by drawing groups (people), no narrower than Wilson's.",
    "Thresholds of the BPCER columns are chosen on these very live pictures.",
    "no face: frames in which the detector found none; the terminal asks for none of them (non-response).",
)


def _aggregation_table(rows: Sequence[LivenessSpeciesResult]) -> str:
    points = rows[0].rates if rows else []
    columns = (f"at {at.point} ({at.threshold:.3f})" for at in points)
    cells: list[tuple[object, ...]] = [("species", "groups", "no face", "median score", *columns)]
    for one in rows:
        middle = "–" if one.median_score is None else f"{one.median_score:.3f}"
        cells.append((one.species, one.groups, one.unanswered, middle, *(at.rate for at in one.rates)))
    return table(cells)


def draw(folder: Path, driver: str, scored: Sequence[ScoredPresentation]) -> None:
    """Draw `<driver>-pad.png`, scores by species, and `<driver>-pad-det.png`, APCER against BPCER."""
    plt = pyplot()
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted({one.species for one in scored}, key=lambda name: (not is_live(name), name))
    size = (7, 1.6 * len(names))
    figure, rows = plt.subplots(len(names), 1, figsize=size, sharex=True, squeeze=False, layout="constrained")
    for axes, name in zip(rows[:, 0], names, strict=True):
        axes.hist(_scores(scored, name), np.linspace(0, 1, 51), color="C0" if is_live(name) else "C3")
        axes.set_title(name, fontsize=8)
    rows[-1, 0].set_xlabel("score: 0 attack … 1 live")
    figure.savefig(folder / f"{driver}-pad.png", dpi=110, bbox_inches="tight")
    figure, axes = plt.subplots(figsize=(6, 5))
    grid, live = np.linspace(0, 1, 501), np.sort(_scores(scored, LIVE))
    for name in names:
        attacks = np.sort(_scores(scored, name))
        if not is_live(name) and len(live):
            passed = 1 - np.searchsorted(attacks, grid) / len(attacks)
            axes.plot(np.searchsorted(live, grid) / len(live), passed, label=name)
    axes.set(xlabel="BPCER", ylabel="APCER", xlim=(0, 0.3), ylim=(-0.02, 1.02))
    axes.legend(loc="upper right", fontsize=7)
    figure.savefig(folder / f"{driver}-pad-det.png", dpi=110, bbox_inches="tight")
    plt.close("all")


def _scores(scored: Sequence[ScoredPresentation], species: str) -> list[float]:
    return [score for one in scored if one.species == species for score in one.scores]
