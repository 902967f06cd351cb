"""`kiosk evaluate face`: how often a stranger passes, and how often the right person does not.

False match and false non-match rates as ISO/IEC 19795-1 counts them: each reference with each probe of
another take, at thresholds and at fixed FMR, for references as a card's chip holds them and for probes as the
terminal has them: one frame, a mean of five, and in the way it decides.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evaluation import options, pictures
from evaluation.face import coached_frames, datasets, report
from evaluation.face.datasets import Picture
from evaluation.face.embeddings import Gallery, Maker, gallery
from evaluation.face.rates import figures
from evaluation.face.report import Condition, DriverResult, Report
from evaluation.face.comparisons import FRAMES, Deciding, Probes, Trials, compare, decided, means, single
from evaluation.output import write_json
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.ports import FaceEngine
from kiosk.settings import Settings
from kiosk.simulators.people import Person

SINGLE, MEAN = "one frame", f"mean of {FRAMES}"
_FINDER_PX = 640


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_shared(
        parser, "<person>/*.jpg or <person>/<take>/*.jpg; no two pictures of one take are compared"
    )
    parser.add_argument(
        "--photographed",
        action="store_true",
        help="also as the portrait of a simulated card before the camera",
    )
    parser.add_argument(
        "--mirrored", action="store_true", help="also the mean of each picture and its mirror image"
    )
    parser.add_argument(
        "--light",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="take the ID photos in this share of the light (default: 1)",
    )


def run(arguments: argparse.Namespace) -> int:
    """0; 1 if there was nothing to compare. Raises SettingsError, ModelError."""
    folder, settings = options.data_folder(arguments), options.read_settings(arguments)
    found, skipped = datasets.find(folder)
    people = len({picture.person for picture in found})
    print(f"{len(found)} pictures of {people} people; {pictures.told(skipped)}")
    engines = options.installed("face_engine", settings.face_engine, settings, arguments.driver)
    landmarks = options.chosen_driver("face_landmarks", settings.face_landmarks, settings)
    card = Person(0, b"").card() if arguments.photographed else None
    results = []
    for engine in engines:
        maker = Maker(
            engine, _finder(settings), landmarks, settings.face, card, arguments.light, arguments.mirrored
        )
        results.append(_measured(maker, found, settings, arguments.seed, arguments.plots))
    if arguments.json:
        write_json(arguments.json, Report(arguments.seed, skipped, results))
    if any(c.figures.genuine and c.figures.impostors for r in results for c in r.conditions):
        return 0
    print("nothing to compare: it takes two people, and two takes of one of them", file=sys.stderr)
    return 1


def _finder(settings: Settings) -> FaceEngine:
    """The default engine, looking closely: ID photos are cut the same for all drivers."""
    return SFace(SFaceSettings(longest_px=_FINDER_PX), options.context(settings))


def _measured(
    maker: Maker, found: list[Picture], settings: Settings, seed: int, plots: Path | None
) -> DriverResult:
    made = gallery(maker, found)
    conditions: list[Condition] = []
    drawn: dict[str, Trials] = {}
    for condition, trials in _conditions(made, settings, seed):
        conditions.append(condition)
        if condition.probe in (SINGLE, MEAN) and not condition.mirrored:
            drawn[condition.title] = trials
    result = DriverResult(
        maker.engine.name,
        maker.engine.version,
        len(made.pictures),
        made.skipped,
        coached_frames.told(made.coached),
        made.cpu_ms,
        conditions,
    )
    print("\n" + report.told(result))
    if plots:
        report.draw(plots, maker.engine.name, drawn)
    return result


def _conditions(made: Gallery, settings: Settings, seed: int) -> Iterator[tuple[Condition, Trials]]:
    """Every reference with every probe; the mirrored ones only without the terminal's way of deciding."""
    for mirrored in (False, True):
        rows = made.probes[mirrored]
        if not np.isfinite(rows).any():
            continue
        probes = {SINGLE: single(made.pictures, rows), MEAN: means(made.pictures, rows, seed)}
        if not mirrored:
            probes |= _terminal(made, settings, seed)
        for kind, references in made.references.items():
            if np.isfinite(references[mirrored]).any():
                for name, some in probes.items():
                    yield _condition(made, kind, name, mirrored, some, seed)


def _terminal(made: Gallery, settings: Settings, seed: int) -> dict[str, Probes]:
    """As the terminal decides: once, in all its tries, and on nothing but the frames its coaching takes."""
    visit, best = settings.visit, settings.face.best_frames
    once = Deciding(visit.face.min_frames, visit.face.decide_frames, best, 1)
    tries = Deciding(visit.face.min_frames, visit.face.decide_frames, best, visit.face.tries)
    ranks = np.array([one.rank for one in made.coached])
    good = coached_frames.good(made.coached)
    all_ = np.ones_like(good)
    name = f"terminal, {once.least}–{once.most}"
    pictures_, rows = made.pictures, made.probes[False]
    return {
        name: decided(pictures_, rows, ranks, all_, once, seed),
        f"{name}, {tries.tries} tries": decided(pictures_, rows, ranks, all_, tries, seed),
        f"{name}, coached": decided(pictures_, rows, ranks, good, once, seed),
    }


def _condition(
    made: Gallery, kind: str, name: str, mirrored: bool, probes: Probes, seed: int
) -> tuple[Condition, Trials]:
    references = made.references[kind][mirrored]
    trials = compare(made.pictures, references, probes, seed)
    unusable = int((references[:, :1] != references[:, :1]).sum())
    acquired = (probes.failed, probes.pools)
    found = figures(trials, seed)
    return Condition(kind, name, mirrored, len(references), unusable, acquired, found), trials
