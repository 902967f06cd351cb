"""`kiosk evaluate lips`: does the mouth that is seen speak the sound that is heard?

Area under the ROC curve of the correlation between mouth opening and loudness, the clip's own sound against
the same sound shifted and against other clips' sound, by length; then onset by onset, and by the terminal's
own rule.
"""

import argparse
import sys
from pathlib import Path

from evaluation import options as shared
from evaluation import pictures
from evaluation.lips import clips as talking_clips
from evaluation.lips import report
from evaluation.lips.clips import TalkingClip, UnusableClip
from evaluation.lips.onsets import agreement
from evaluation.lips.report import LipsDriverResult, LipsReport
from evaluation.lips.scores import pieces, roc_areas
from evaluation.output import progress, write_json
from evaluation.pictures import Skipped
from kiosk.ports import FaceEngine, FaceLandmarks
from kiosk.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate lips`."""
    shared.add_shared(parser, "talking clips, <speaker>/*.mp4 or loose; sound inside or as .wav beside")


def run(options: argparse.Namespace) -> int:
    """Measure and print; 0, or 1 if no clip could be used. Raises SettingsError, ModelError."""
    settings = shared.read_settings(options)
    folder = shared.data_folder(options)
    engine = shared.chosen_driver("face_engine", settings.face_engine, settings)
    drivers = shared.installed("face_landmarks", settings.face_landmarks, settings, options.driver)
    results = [measure(engine, driver, folder, settings, options) for driver in drivers]
    if options.json:
        write_json(options.json, LipsReport(options.seed, results))
    if any(result.areas for result in results):
        return 0
    print("nothing to tell: it takes clips of three seconds with a face and sound", file=sys.stderr)
    return 1


def measure(
    engine: FaceEngine, driver: FaceLandmarks, folder: Path, settings: Settings, options: argparse.Namespace
) -> LipsDriverResult:
    """Measure one driver on all clips, print the tables and draw the plots."""
    clips, skipped = list[TalkingClip](), Skipped()
    for path in progress(pictures.find_files(folder, pictures.VIDEOS), driver.name):
        try:
            clips.append(talking_clips.read(path, folder, engine, driver))
        except UnusableClip as reason:
            skipped[str(reason)] += 1
    areas, scores = roc_areas(pieces(clips), options.seed)
    result = LipsDriverResult(
        driver=driver.name,
        version=driver.version,
        clips=len(clips),
        speakers=len({clip.speaker for clip in clips}),
        seconds=sum(len(clip.mouth) / clip.fps for clip in clips),
        skipped=skipped,
        areas=areas,
        onsets=agreement(clips, settings.speech, settings.visit, options.seed),
    )
    print("\n" + report.format_result(result))
    if options.plots:
        report.draw(options.plots, driver.name, scores)
    return result
