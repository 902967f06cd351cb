"""Report of `kiosk evaluate face`: tables, and curves as PNG files."""

from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from evaluation import pictures
from evaluation.face.comparisons import Comparisons
from evaluation.face.rates import ComparisonRates, ScoreHistogram
from evaluation.output import pyplot, table
from evaluation.pictures import Skipped


class ComparisonCondition(Struct, frozen=True, kw_only=True):
    """One way to compare, and its rates.

    `unusable` of `references`: the terminal would have refused this portrait; `not_acquired`: takes (or
    people with loose photos) without enough frames, of all.
    """

    reference: str
    probe: str
    mirrored: bool
    references: int
    unusable: int
    not_acquired: tuple[int, int]
    figures: ComparisonRates

    @property
    def title(self) -> str:
        """Short name for plots."""
        return f"{self.reference}, {self.probe}" + (", mirrored" if self.mirrored else "")


class FaceDriverResult(Struct, frozen=True, kw_only=True):
    """Rates of one face engine under all conditions."""

    driver: str
    version: str
    pictures: int
    skipped: Skipped
    coaching: str
    cpu_ms: dict[str, float]
    conditions: list[ComparisonCondition]


class FaceReport(Struct, frozen=True):
    """All that `--json` holds. `skipped`: files that no driver saw."""

    seed: int
    skipped: Skipped
    drivers: list[FaceDriverResult]


def format_result(result: FaceDriverResult) -> str:
    """Format the text for one driver."""
    steps = ", ".join(f"{step} {ms:.1f}" for step, ms in result.cpu_ms.items())
    rates = [
        (c.reference, c.probe, f"{at.threshold:.3f}", at.fmr, at.fnmr)
        for c in result.conditions
        if not c.mirrored
        for at in c.figures.thresholds
    ]
    return "\n".join(
        [
            f"driver {result.driver} ({result.version}): {result.pictures} pictures",
            pictures.format_skipped(result.skipped),
            result.coaching,
            f"median CPU milliseconds: {steps}",
            "",
            table([_OVERVIEW, *(_overview(c) for c in result.conditions)]),
            "",
            table([("reference", "probe", "threshold", "FMR", "FNMR"), *rates]),
            "",
            "(n/N, interval): errors, comparisons, 95 % bounds by drawing people, no narrower than Wilson's.",
            "*: fewer than ten impostor comparisons for each allowed error: the threshold is a guess.",
            "unusable: portraits in which no face was found (failure to enrol); they are in no other figure.",
            "not acquired: takes without enough good frames (failure to acquire), in no other figure.",
            "terminal: accepted as soon as the mean of the best frames so far reaches the threshold.",
        ]
    )


_OVERVIEW = (
    "reference", "probe", "mirrored", "genuine/impostor", "people", "unusable", "not acquired",
    "FNMR at FMR 1 %", "at FMR 0.1 %", "at FMR 0.01 %", "EER",
)  # fmt: skip


def _overview(one: ComparisonCondition) -> tuple[object, ...]:
    rates = one.figures
    with_genuine, compared = rates.people
    low, high = rates.eer_interval
    return (
        one.reference,
        one.probe,
        "yes" if one.mirrored else "no",
        f"{rates.genuine}/{rates.impostors}",
        f"{with_genuine} of {compared}",
        f"{one.unusable}/{one.references}",
        "{}/{}".format(*one.not_acquired),
        *(f"{at.fnmr.brief()} @{at.threshold:.3f}{'' if at.supported else '*'}" for at in rates.fmrs),
        "–" if rates.eer is None else f"{rates.eer:.1%} ({low:.1%}–{high:.1%})",
    )


def draw(folder: Path, driver: str, comparisons: dict[str, Comparisons]) -> None:
    """Draw `<driver>-det.png` and `<driver>-likeness.png`. Raises SettingsError without matplotlib."""
    plt = pyplot()
    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(6, 6))
    for title, some in comparisons.items():
        curve = ScoreHistogram(some).curve()
        axes.plot(np.clip(curve.fmr, 1e-6, 1), np.clip(curve.fnmr, 1e-4, 1), label=_latin(title))
    axes.set(xscale="log", yscale="log", xlabel="false match rate", ylabel="false non-match rate")
    axes.set(xlim=(1e-5, 1), ylim=(1e-3, 1))
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="upper right", fontsize=7)
    figure.savefig(folder / f"{driver}-det.png", dpi=110, bbox_inches="tight")
    size = (7, 1.8 * len(comparisons))
    figure, rows = plt.subplots(
        len(comparisons), 1, figsize=size, sharex=True, squeeze=False, layout="constrained"
    )
    for axes, (title, some) in zip(rows[:, 0], comparisons.items(), strict=True):
        _plot_histogram(axes, title, some)
    rows[-1, 0].set_xlabel("likeness")
    figure.savefig(folder / f"{driver}-likeness.png", dpi=110, bbox_inches="tight")
    plt.close("all")


def _plot_histogram(axes: Any, title: str, comparisons: Comparisons) -> None:
    bins = np.linspace(-0.4, 1, 71)
    for name, chosen in (("impostors", ~comparisons.genuine), ("genuine", comparisons.genuine)):
        axes.hist(comparisons.scores[chosen], bins, density=True, alpha=0.6, label=name)
    axes.set_title(_latin(title), fontsize=8)
    axes.legend(loc="upper left", fontsize=7)


def _latin(title: str) -> str:
    """Replace what matplotlib's font lacks."""
    return title.replace("×", "x")
