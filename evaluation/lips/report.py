"""Report of `kiosk evaluate lips`: tables, and histograms as PNG files."""

from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from evaluation import pictures
from evaluation.lips.onsets import OnsetAgreement
from evaluation.lips.scores import RocArea, Scores
from evaluation.output import pyplot, table
from evaluation.pictures import Skipped


class LipsDriverResult(Struct, frozen=True, kw_only=True):
    """Results of one driver of face landmarks."""

    driver: str
    version: str
    clips: int
    speakers: int
    seconds: float
    skipped: Skipped
    areas: list[RocArea]
    onsets: OnsetAgreement


class LipsReport(Struct, frozen=True):
    """All that `--json` holds."""

    seed: int
    drivers: list[LipsDriverResult]


def format_result(result: LipsDriverResult) -> str:
    """Format the text for one driver."""
    rows = [
        (
            f"{one.length_s} s",
            one.false,
            f"{one.area:.3f} ({one.low:.3f}–{one.high:.3f})",
            "joined pieces of one speaker" if one.joined else "as recorded",
        )
        for one in result.areas
    ]
    return "\n".join(
        [
            f"driver {result.driver} ({result.version}): {result.clips} clips of {result.speakers} speakers,"
            f" {result.seconds:.0f} s; {pictures.format_skipped(result.skipped)}",
            table([("length", "false sound", "AUC (95 % by drawing clips)", "made of"), *rows]),
            "clips that lie loose in the folder count as one speaker's.",
            f"onsets of loudness with which the mouth opens: {result.onsets.own};"
            f" shifted by 0.8–2 s: {result.onsets.own_shifted}",
            f"voices that the terminal's rule takes for this mouth's: {result.onsets.ruled};"
            f" shifted by 0.8–2 s: {result.onsets.ruled_shifted}",
            "(the rule is made for single digits with pauses: a whole sentence opens any speaking mouth)",
        ]
    )


def draw(folder: Path, driver: str, scores: dict[int, Scores]) -> None:
    """Draw `<driver>-lips.png`: histograms of the correlation by length."""
    plt = pyplot()
    folder.mkdir(parents=True, exist_ok=True)
    if not scores:
        return
    size = (7, 1.8 * len(scores))
    figure, rows = plt.subplots(
        len(scores), 1, figsize=size, sharex=True, squeeze=False, layout="constrained"
    )
    for axes, (length, some) in zip(rows[:, 0], scores.items(), strict=True):
        _plot_histogram(axes, f"{length} s", some)
    rows[-1, 0].set_xlabel("correlation of mouth opening with loudness")
    figure.savefig(folder / f"{driver}-lips.png", dpi=110, bbox_inches="tight")
    plt.close("all")


def _plot_histogram(axes: Any, title: str, scores: Scores) -> None:
    bins = np.linspace(-0.8, 1, 46)
    for name in ("genuine", "shifted", "swapped"):
        values = getattr(scores, name)
        axes.hist(values[np.isfinite(values)], bins, alpha=0.5, label=name)
    axes.set_title(title, fontsize=8)
    axes.legend(loc="upper left", fontsize=7)
