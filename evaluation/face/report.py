"""What `kiosk evaluate face` says: tables, and curves as pictures."""

from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from evaluation import pictures
from evaluation.face.rates import Binned, Figures
from evaluation.face.comparisons import Trials
from evaluation.intervals import Rate
from evaluation.output import pyplot, table
from evaluation.pictures import Skipped


class Condition(Struct, frozen=True):
    """One way to compare. `unusable` of `references`: the terminal would have refused this portrait;
    `not_acquired`: takes (or people with loose photos) without frames enough, of all.
    """

    reference: str
    probe: str
    mirrored: bool
    references: int
    unusable: int
    not_acquired: tuple[int, int]
    figures: Figures

    @property
    def title(self) -> str:
        return f"{self.reference}, {self.probe}" + (", mirrored" if self.mirrored else "")


class DriverResult(Struct, frozen=True):
    driver: str
    version: str
    pictures: int
    skipped: Skipped
    coaching: str
    cpu_ms: dict[str, float]
    conditions: list[Condition]


class Report(Struct, frozen=True):
    """All that `--json` holds. `skipped`: files that no driver saw."""

    seed: int
    skipped: Skipped
    drivers: list[DriverResult]


def told(result: DriverResult) -> str:
    """The text for one driver."""
    steps = ", ".join(f"{step} {ms:.1f}" for step, ms in result.cpu_ms.items())
    return "\n".join(
        [
            f"driver {result.driver} ({result.version}): {result.pictures} pictures",
            pictures.told(result.skipped),
            result.coaching,
            f"median CPU milliseconds: {steps}",
            "",
            table([_OVERVIEW, *(_overview(c) for c in result.conditions)]),
            "",
            table([_AT, *(row for c in result.conditions if not c.mirrored for row in _at(c))]),
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
_AT = ("reference", "probe", "threshold", "FMR", "FNMR")


def _overview(one: Condition) -> tuple[object, ...]:
    found = one.figures
    some, all_ = found.people
    return (
        one.reference, one.probe, "yes" if one.mirrored else "no", f"{found.genuine}/{found.impostors}",
        f"{some} of {all_}", f"{one.unusable}/{one.references}", "{}/{}".format(*one.not_acquired),
        *(f"{short(at.fnmr)} @{at.threshold:.3f}{'' if at.supported else '*'}" for at in found.fmrs),
        _eer(found),
    )  # fmt: skip


def _at(one: Condition) -> list[tuple[object, ...]]:
    return [
        (one.reference, one.probe, f"{at.threshold:.3f}", at.fmr, at.fnmr) for at in one.figures.thresholds
    ]


def _eer(found: Figures) -> str:
    low, high = found.eer_interval
    return "–" if found.eer is None else f"{found.eer:.1%} ({low:.1%}–{high:.1%})"


def short(rate: Rate) -> str:
    """Without counts."""
    if rate.value is None:
        return "no trials"
    return f"{rate.value:.1%} ({rate.low:.1%}–{rate.high:.1%})"


def draw(folder: Path, driver: str, trials: dict[str, Trials]) -> None:
    """`<driver>-det.png` and `<driver>-likeness.png`. Raises SettingsError without matplotlib."""
    plt = pyplot()
    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(6, 6))
    for title, some in trials.items():
        found = Binned(some).curve()
        axes.plot(np.clip(found.fmr, 1e-6, 1), np.clip(found.fnmr, 1e-4, 1), label=_latin(title))
    _det(axes)
    figure.savefig(folder / f"{driver}-det.png", dpi=110, bbox_inches="tight")
    size = (7, 1.8 * len(trials))
    figure, rows = plt.subplots(
        len(trials), 1, figsize=size, sharex=True, squeeze=False, layout="constrained"
    )
    for axes, (title, some) in zip(rows[:, 0], trials.items(), strict=True):
        _histogram(axes, title, some)
    rows[-1, 0].set_xlabel("likeness")
    figure.savefig(folder / f"{driver}-likeness.png", dpi=110, bbox_inches="tight")
    plt.close("all")


def _det(axes: Any) -> None:
    axes.set(xscale="log", yscale="log", xlabel="false match rate", ylabel="false non-match rate")
    axes.set(xlim=(1e-5, 1), ylim=(1e-3, 1))
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=7)


def _histogram(axes: Any, title: str, trials: Trials) -> None:
    bins = np.linspace(-0.4, 1, 71)
    for name, chosen in (("impostors", ~trials.genuine), ("genuine", trials.genuine)):
        axes.hist(trials.scores[chosen], bins, density=True, alpha=0.6, label=name)
    axes.set_title(_latin(title), fontsize=8)
    axes.legend(fontsize=7)


def _latin(title: str) -> str:
    return title.replace("×", "x")
