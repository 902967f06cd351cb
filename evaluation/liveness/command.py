"""`kiosk evaluate pad`: how many attacks pass as live, and how many live people do not.

APCER for each species of attack and BPCER as ISO/IEC 30107-3 defines them, at the threshold of the settings
and at fixed BPCER, for single frames and for the median of five, which is what the terminal decides by.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from evaluation import options, pictures
from evaluation.liveness import presentations, report
from evaluation.liveness.presentations import LIVE, Presentation
from evaluation.liveness.rates import Scored
from evaluation.liveness.report import DriverResult, Report
from evaluation.output import progress, write_json
from evaluation.pictures import Skipped
from kiosk.codes import Code
from kiosk.errors import EngineError, SettingsError
from kiosk.ports import FaceEngine, Image, Liveness
from kiosk.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_shared(parser, "live/ and one folder for each species of attack; photos or videos")
    parser.add_argument("--every", type=int, default=5, help="of videos take every n-th frame (default: 5)")
    parser.add_argument(
        "--simulate", type=int, default=0, metavar="N", help="add attacks simulated from N portraits"
    )
    parser.add_argument(
        "--portraits", type=Path, metavar="DIR", help="photos for --simulate (default: bundled ones)"
    )


def run(arguments: argparse.Namespace) -> int:
    """0; 1 if there was nothing live or no attack. Raises SettingsError, ModelError."""
    settings = options.read_settings(arguments)
    found = presentations.find(options.data_folder(arguments)) + _simulated(arguments, settings)
    detector = options.chosen_driver("face_engine", settings.face_engine, settings)
    drivers = options.installed("liveness", settings.liveness, settings, arguments.driver)
    results = [_measured(detector, driver, found, settings, arguments) for driver in drivers]
    known = [result for result in results if result is not None]
    if arguments.json:
        write_json(arguments.json, Report(arguments.seed, known))
    if any(_both_sides(result) for result in known):
        return 0
    print("nothing to tell: it takes scored faces in `live` and in an attack's folder", file=sys.stderr)
    return 1


def _simulated(arguments: argparse.Namespace, settings: Settings) -> list[Presentation]:
    if arguments.simulate <= 0:
        return []
    folder = arguments.portraits or settings.path(settings.models.folder) / "people"
    portraits = pictures.files(folder, pictures.PHOTOS) if folder.is_dir() else []
    if not portraits:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--portraits {folder}: no photo there")
    return presentations.simulated(portraits, arguments.simulate, arguments.seed)


def _measured(
    detector: FaceEngine,
    driver: Liveness,
    found: Sequence[Presentation],
    settings: Settings,
    arguments: argparse.Namespace,
) -> DriverResult | None:
    """None: this driver knows nothing of anything."""
    scorer = Scorer(detector, driver)
    models = settings.path(settings.models.folder)
    scored = [scorer.scored(one, arguments.every, models) for one in progress(found, driver.name)]
    if not scorer.cpu_ms:
        print(f"driver {driver.name} gave no score for any frame", file=sys.stderr)
        return None
    result = DriverResult(
        driver.name,
        driver.version,
        median(scorer.cpu_ms),
        scorer.skipped,
        report.figures(scored, scorer.unanswered, settings.visit.liveness.min_live, arguments.seed),
    )
    print("\n" + report.told(result))
    if arguments.plots:
        report.draw(arguments.plots, driver.name, scored)
    return result


class Scorer:
    """Scores presentations frame by frame, and keeps count of what gave no score."""

    def __init__(self, detector: FaceEngine, driver: Liveness) -> None:
        self._detector, self._driver = detector, driver
        self.skipped: Skipped = Counter()
        self.unanswered: Counter[str] = Counter()
        self.cpu_ms: list[float] = []

    def scored(self, one: Presentation, every: int, models: Path) -> Scored:
        images = presentations.frames(one, every, models, self.skipped)
        scores = [self._score(image, one.species) for image in images]
        return Scored(one.species, one.group, tuple(score for score in scores if score is not None))

    def _score(self, image: Image, species: str) -> float | None:
        try:
            face = pictures.largest(self._detector, image)
            if face is None:
                self.unanswered[species] += 1
                return None
            began = time.thread_time()
            score = self._driver.score(image, face)
        except EngineError:
            self.skipped["engine failed"] += 1
            return None
        if score is not None:
            self.cpu_ms.append(1000 * (time.thread_time() - began))
        return score


def _both_sides(result: DriverResult) -> bool:
    scored = {one.species for one in result.species if one.median_score is not None}
    return LIVE in scored and any(one.species in scored and not one.live for one in result.species)
