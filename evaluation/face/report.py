"""Report of `kiosk evaluate face`: tables, and curves as PNG files."""

from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from evaluation import pictures
from evaluation.face.comparisons import Comparisons
from evaluation.face.rates import ComparisonRates, ScoreHistogram
from evaluation.face.visits import VisitBand, VisitRates
from evaluation.intervals import Rate
from evaluation.output import pyplot, table
from evaluation.pictures import Skipped


class ComparisonCondition(Struct, frozen=True, kw_only=True):
    """One way to compare, and its rates.

    `unusable` of `references`: the terminal would have refused this portrait.
    """

    reference: str
    probe: str
    mirrored: bool
    references: int
    unusable: int
    figures: ComparisonRates

    @property
    def title(self) -> str:
        """Short name for plots."""
        return f"{self.reference}, {self.probe}" + (", mirrored" if self.mirrored else "")


class GroupRates(Struct, frozen=True):
    """Visits of one group of people among each other, by attribute (sex, age, …) and its value."""

    attribute: str
    value: str
    people: int
    rates: VisitRates


class VisitCondition(Struct, frozen=True, kw_only=True):
    """Visits with one kind of reference.

    `coached`: on nothing but the frames that the terminal's coaching calls good. `not_acquired`: takes (or
    people with loose photos) without enough good frames, of all. `face_alone`: without those of the
    challenge.
    """

    reference: str
    coached: bool
    not_acquired: tuple[int, int]
    rates: VisitRates
    face_alone: VisitRates
    bands: list[VisitBand]
    groups: list[GroupRates]


class BrightnessRates(Struct, frozen=True, kw_only=True):
    """Single frames by the mean grey of the face, `low` to `high`, at the engine's `accept`."""

    low: float
    high: float
    frames: int
    likeness: float | None
    missed: Rate
    strangers: Rate


class FaceDriverResult(Struct, frozen=True, kw_only=True):
    """Rates of one face engine under all conditions."""

    driver: str
    version: str
    pictures: int
    skipped: Skipped
    coaching: str
    cpu_ms: dict[str, float]
    conditions: list[ComparisonCondition]
    brightness: list[BrightnessRates]
    visits: list[VisitCondition]


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
            table([_BRIGHTNESS, *(_brightness(one) for one in result.brightness if one.frames)]),
            "",
            table([_VISITS, *(row for one in result.visits for row in _visits(one))]),
            "",
            table([_BANDS, *(row for one in result.visits if one.coached for row in _bands(one))]),
            "",
            *_grouped(result.visits),
            "(n/N, interval): errors, comparisons, 95 % bounds by drawing people, no narrower than Wilson's.",
            "*: fewer than ten impostor comparisons for each allowed error: the threshold is a guess.",
            "unusable: portraits in which no face was found (failure to enrol); they are in no other figure.",
            "not acquired: takes without enough good frames (failure to acquire), in no other figure.",
            "visits: as the terminal decides, in all its tries, at the engine's thresholds; accepted and "
            "strangers accepted are by machine alone. as accept, as review: if that threshold were moved.",
        ]
    )


_OVERVIEW = (
    "reference", "probe", "mirrored", "genuine/impostor", "people", "unusable",
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
        *(f"{at.fnmr.brief()} @{at.threshold:.3f}{'' if at.supported else '*'}" for at in rates.fmrs),
        "–" if rates.eer is None else f"{rates.eer:.1%} ({low:.1%}–{high:.1%})",
    )


_BRIGHTNESS = ("grey of the face", "frames", "likeness", "one frame missed", "strangers accepted")


def _brightness(one: BrightnessRates) -> tuple[object, ...]:
    likeness = "–" if one.likeness is None else f"{one.likeness:.3f}"
    return (f"{one.low:.0f}–{one.high:.0f}", one.frames, likeness, one.missed, one.strangers)


_VISITS = (
    "reference", "frames", "decided", "not acquired", "accepted", "clerk", "refused", "strangers accepted",
    "strangers at the clerk",
)  # fmt: skip


def _visits(one: VisitCondition) -> list[tuple[object, ...]]:
    return [
        (
            one.reference,
            "coached" if one.coached else "all",
            decided,
            "{}/{}".format(*one.not_acquired),
            rates.accepted,
            rates.clerk.brief(),
            rates.refused.brief(),
            rates.stranger_accepted,
            rates.stranger_clerk,
        )
        for decided, rates in (("on the face alone", one.face_alone), ("with the challenge", one.rates))
    ]


_GROUPS = (
    "reference", "group", "people", "accepted", "clerk", "refused", "strangers of the group accepted",
    "at the clerk",
)  # fmt: skip


def _grouped(visits: list[VisitCondition]) -> list[str]:
    """Return the table of groups, on coached frames; nothing without groups."""
    rows = [
        (
            one.reference,
            f"{group.attribute}: {group.value}",
            group.people,
            group.rates.accepted,
            group.rates.clerk.brief(),
            group.rates.refused.brief(),
            group.rates.stranger_accepted,
            group.rates.stranger_clerk.brief(),
        )
        for one in visits
        if one.coached
        for group in one.groups
    ]
    return [table([_GROUPS, *rows]), ""] if rows else []


_BANDS = (
    "reference", "threshold", "as accept: strangers accepted", "accepted",
    "as review: strangers at the clerk", "refused",
)  # fmt: skip


def _bands(one: VisitCondition) -> list[tuple[object, ...]]:
    return [
        (
            one.reference,
            f"{band.threshold:.2f}",
            band.stranger_accepted,
            band.accepted.brief(),
            band.stranger_clerk,
            band.refused.brief(),
        )
        for band in one.bands
    ]


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
