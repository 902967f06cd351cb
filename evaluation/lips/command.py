"""`kiosk evaluate lips`: does the mouth that is seen speak the sound that is heard?

Area under the ROC curve of the correlation between mouth opening and loudness, the clip's own sound against
the same sound shifted and against other clips' sound, by length; then onset by onset, and by the terminal's
own rule.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from evaluation import options, pictures
from evaluation.lips import clips as lips_clips
from evaluation.lips.clips import Clip
from evaluation.lips.onsets import Onsets, agreement
from evaluation.lips.scores import Area, Scores, areas, pieces
from evaluation.output import progress, pyplot, table, write_json
from evaluation.pictures import Skipped
from kiosk.ports import FaceEngine, FaceLandmarks
from kiosk.settings import Settings


class DriverResult(Struct, frozen=True):
    driver: str
    version: str
    clips: int
    speakers: int
    seconds: float
    skipped: Skipped
    areas: list[Area]
    onsets: Onsets


class Report(Struct, frozen=True):
    """All that `--json` holds."""

    seed: int
    drivers: list[DriverResult]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_shared(parser, "talking clips, <speaker>/*.mp4 or loose; sound inside or as .wav beside")


def run(arguments: argparse.Namespace) -> int:
    """0; 1 if no clip could be used. Raises SettingsError, ModelError."""
    settings = options.read_settings(arguments)
    folder = options.data_folder(arguments)
    engine = options.chosen_driver("face_engine", settings.face_engine, settings)
    drivers = options.installed("face_landmarks", settings.face_landmarks, settings, arguments.driver)
    results = [_measured(engine, driver, folder, settings, arguments) for driver in drivers]
    if arguments.json:
        write_json(arguments.json, Report(arguments.seed, results))
    if any(result.areas for result in results):
        return 0
    print("nothing to tell: it takes clips of three seconds with a face and sound", file=sys.stderr)
    return 1


def _measured(
    engine: FaceEngine, driver: FaceLandmarks, folder: Path, settings: Settings, arguments: argparse.Namespace
) -> DriverResult:
    clips, skipped = _read(engine, driver, folder)
    found, scores = areas(pieces(clips), arguments.seed)
    result = DriverResult(
        driver.name,
        driver.version,
        len(clips),
        len({clip.speaker for clip in clips}),
        sum(len(clip.mouth) / clip.fps for clip in clips),
        skipped,
        found,
        agreement(clips, settings.speech, settings.visit, arguments.seed),
    )
    print("\n" + told(result))
    if arguments.plots:
        draw(arguments.plots, driver.name, scores)
    return result


def _read(engine: FaceEngine, driver: FaceLandmarks, folder: Path) -> tuple[list[Clip], Skipped]:
    clips: list[Clip] = []
    skipped: Skipped = Counter()
    for path in progress(pictures.files(folder, pictures.VIDEOS), driver.name):
        try:
            clips.append(lips_clips.read(path, folder, engine, driver))
        except lips_clips.Unusable as reason:
            skipped[str(reason)] += 1
    return clips, skipped


def told(result: DriverResult) -> str:
    """The text for one driver."""
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
            f" {result.seconds:.0f} s; {pictures.told(result.skipped)}",
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
    """`<driver>-lips.png`: histograms of the correlation by length."""
    plt = pyplot()
    folder.mkdir(parents=True, exist_ok=True)
    if not scores:
        return
    size = (7, 1.8 * len(scores))
    figure, rows = plt.subplots(
        len(scores), 1, figsize=size, sharex=True, squeeze=False, layout="constrained"
    )
    for axes, (length, some) in zip(rows[:, 0], scores.items(), strict=True):
        _histogram(axes, f"{length} s", some)
    rows[-1, 0].set_xlabel("correlation of mouth opening with loudness")
    figure.savefig(folder / f"{driver}-lips.png", dpi=110, bbox_inches="tight")
    plt.close("all")


def _histogram(axes: Any, title: str, some: Scores) -> None:
    bins = np.linspace(-0.8, 1, 46)
    for name in ("genuine", "shifted", "swapped"):
        values = getattr(some, name)
        axes.hist(values[np.isfinite(values)], bins, alpha=0.5, label=name)
    axes.set_title(title, fontsize=8)
    axes.legend(fontsize=7)
