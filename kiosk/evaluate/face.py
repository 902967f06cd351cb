"""`kiosk evaluate face`: how often a stranger passes, and how often the right person does not.

False match and false non-match rates as ISO/IEC 19795-1 counts them: each reference with each probe of
another take, at thresholds and at fixed FMR, for references as a card's chip holds them and for probes as the
terminal has them.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from kiosk.evaluate import face_pictures, face_report, options, pictures
from kiosk.evaluate.face_embeddings import REFERENCES, Gallery, gallery
from kiosk.evaluate.face_pictures import Picture
from kiosk.evaluate.face_rates import figures
from kiosk.evaluate.face_report import Condition, DriverResult, Report
from kiosk.evaluate.face_trials import FRAMES, Probes, Trials, compare, means, single
from kiosk.evaluate.output import write_json
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.ports import FaceEngine
from kiosk.settings import Settings

SINGLE, MEAN = "one frame", f"mean of {FRAMES}"
_FINDER_PX = 640


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_shared(
        parser, "<person>/*.jpg or <person>/<take>/*.jpg; no two pictures of one take are compared"
    )


def run(arguments: argparse.Namespace) -> int:
    """0; 1 if there was nothing to compare. Raises SettingsError, ModelError."""
    folder, settings = options.data_folder(arguments), options.read_settings(arguments)
    found, skipped = face_pictures.find(folder)
    people = len({picture.person for picture in found})
    print(f"{len(found)} pictures of {people} people; {pictures.told(skipped)}")
    engines = options.installed("face_engine", settings.face_engine, settings, arguments.driver)
    finder = _finder(settings)
    results = [_measured(engine, finder, found, arguments.seed, arguments.plots) for engine in engines]
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
    engine: FaceEngine, finder: FaceEngine, found: list[Picture], seed: int, plots: Path | None
) -> DriverResult:
    made = gallery(engine, finder, found)
    conditions: list[Condition] = []
    drawn: dict[str, Trials] = {}
    for condition, trials in _conditions(made, seed):
        conditions.append(condition)
        if not condition.mirrored:
            drawn[condition.title] = trials
    result = DriverResult(
        engine.name, engine.version, len(made.pictures), made.skipped, made.cpu_ms, conditions
    )
    print("\n" + face_report.told(result))
    if plots:
        face_report.draw(plots, engine.name, drawn)
    return result


def _conditions(made: Gallery, seed: int) -> Iterator[tuple[Condition, Trials]]:
    """Every reference with every probe, plain and mirrored."""
    for mirrored in (False, True):
        rows = made.probes[mirrored]
        probes = {SINGLE: single(made.pictures, rows), MEAN: means(made.pictures, rows, seed)}
        for kind in REFERENCES:
            for name, some in probes.items():
                yield _condition(made, kind, name, mirrored, some, seed)


def _condition(
    made: Gallery, kind: str, name: str, mirrored: bool, probes: Probes, seed: int
) -> tuple[Condition, Trials]:
    references = made.references[kind][mirrored]
    trials = compare(made.pictures, references, probes, seed)
    unusable = int((references[:, :1] != references[:, :1]).sum())
    found = figures(trials, seed)
    return Condition(kind, name, mirrored, len(references), unusable, found), trials
