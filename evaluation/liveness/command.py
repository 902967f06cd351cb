"""`kiosk evaluate pad`: how many attacks pass as live, and how many live people do not.

APCER for each species of attack and BPCER as ISO/IEC 30107-3 defines them, at the threshold of the settings
and at fixed BPCER, for single frames and for the median of five, by which the terminal decides.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from evaluation import options as shared
from evaluation import pictures, portraits
from evaluation.liveness import presentations, report
from evaluation.liveness.presentations import LIVE, Presentation
from evaluation.liveness.rates import ScoredPresentation
from evaluation.liveness.report import LivenessDriverResult, LivenessReport
from evaluation.output import progress, write_json
from evaluation.pictures import Skipped
from kiosk.errors import EngineError
from kiosk.ports import FaceEngine, Image, Liveness
from kiosk.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate pad`."""
    shared.add_shared(parser, "live/ and one folder for each species of attack; photos or videos")
    parser.add_argument("--every", type=int, default=5, help="of videos take every n-th frame (default: 5)")
    parser.add_argument(
        "--simulate", type=int, default=0, metavar="N", help="add attacks simulated from N portraits"
    )
    parser.add_argument(
        "--portraits", type=Path, metavar="DIR", help="photos for --simulate (default: bundled ones)"
    )


def run(options: argparse.Namespace) -> int:
    """Measure and print; 0, or 1 if there was nothing live or no attack. Raises SettingsError, ModelError."""
    settings = shared.read_settings(options)
    found = presentations.find(shared.data_folder(options)) + _simulated(options, settings)
    detector = shared.chosen_driver("face_engine", settings.face_engine, settings)
    drivers = shared.installed("liveness", settings.liveness, settings, options.driver)
    results = [measure(detector, driver, found, settings, options) for driver in drivers]
    known = [result for result in results if result is not None]
    if options.json:
        write_json(options.json, LivenessReport(options.seed, known))
    for result in known:
        scored = {one.species for one in result.species if one.median_score is not None}
        if LIVE in scored and any(one.species in scored and not one.live for one in result.species):
            return 0
    print("nothing to tell: it takes scored faces in `live` and in an attack's folder", file=sys.stderr)
    return 1


def _simulated(options: argparse.Namespace, settings: Settings) -> list[Presentation]:
    if options.simulate <= 0:
        return []
    folder = portraits.portrait_folder(options, settings)
    paths = portraits.find_portraits(folder)
    if not paths:
        raise portraits.no_portraits(folder)
    return presentations.simulated(paths, options.simulate, options.seed)


def measure(
    detector: FaceEngine,
    driver: Liveness,
    found: Sequence[Presentation],
    settings: Settings,
    options: argparse.Namespace,
) -> LivenessDriverResult | None:
    """Return None if this driver scores nothing."""
    scorer = Scorer(detector, driver)
    models = settings.path(settings.models.folder)
    scored = [scorer.score(one, options.every, models) for one in progress(found, driver.name)]
    if not scorer.cpu_ms:
        print(f"driver {driver.name} gave no score for any frame", file=sys.stderr)
        return None
    result = LivenessDriverResult(
        driver=driver.name,
        version=driver.version,
        cpu_ms=median(scorer.cpu_ms),
        skipped=scorer.skipped,
        species=report.species_results(
            scored, scorer.unanswered, settings.visit.liveness.min_live, options.seed
        ),
    )
    print("\n" + report.format_result(result))
    if options.plots:
        report.draw(options.plots, driver.name, scored)
    return result


class Scorer:
    """Scores presentations frame by frame, and keeps count of what gave no score."""

    def __init__(self, detector: FaceEngine, driver: Liveness) -> None:
        self._detector, self._driver = detector, driver
        self.skipped: Skipped = Counter()
        self.unanswered: Counter[str] = Counter()
        self.cpu_ms: list[float] = []

    def score(self, one: Presentation, every: int, models: Path) -> ScoredPresentation:
        """Score the frames of a presentation, of videos every n-th."""
        images = presentations.frames(one, every, models, self.skipped)
        scores = [self._score_frame(image, one.species) for image in images]
        return ScoredPresentation(
            one.species, one.group, tuple(score for score in scores if score is not None)
        )

    def _score_frame(self, image: Image, species: str) -> float | None:
        try:
            face = pictures.largest_face(self._detector, image)
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
