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

from evaluation import options as shared
from evaluation import pictures
from evaluation.face import datasets, report
from evaluation.face.comparisons import (
    FRAMES,
    Comparisons,
    DecisionPolicy,
    Probes,
    compare,
    frame_means,
    single_frames,
    terminal_decisions,
)
from evaluation.face.datasets import FacePicture
from evaluation.face.embeddings import EmbeddingOptions, FaceEmbeddings, embed_all
from evaluation.face.frame_quality import format_hints, good_frames
from evaluation.face.rates import comparison_rates
from evaluation.face.report import ComparisonCondition, FaceDriverResult, FaceReport
from evaluation.output import write_json
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.settings import Settings
from kiosk.simulators.people import Person

SINGLE, MEAN = "one frame", f"mean of {FRAMES}"
_FINDER_PX = 640


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate face`."""
    shared.add_shared(
        parser, "<person>/*.jpg or <person>/<take>/*.jpg; no two pictures of one take are compared"
    )
    add = parser.add_argument
    add(
        "--photographed",
        action="store_true",
        help="also as the portrait of a simulated card before the camera",
    )
    add("--mirrored", action="store_true", help="also the mean of each picture and its mirror image")
    add(
        "--light",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="take the ID photos in this share of the light (default: 1)",
    )


def run(options: argparse.Namespace) -> int:
    """Measure and print; 0, or 1 if there was nothing to compare. Raises SettingsError, ModelError."""
    folder, settings = shared.data_folder(options), shared.read_settings(options)
    found, skipped = datasets.find(folder)
    people = len({picture.person for picture in found})
    print(f"{len(found)} pictures of {people} people; {pictures.format_skipped(skipped)}")
    engines = shared.installed("face_engine", settings.face_engine, settings, options.driver)
    landmarks = shared.chosen_driver("face_landmarks", settings.face_landmarks, settings)
    # The default engine, looking closely: ID photos are cut the same for all drivers.
    finder = SFace(SFaceSettings(longest_px=_FINDER_PX), shared.context(settings))
    results = []
    for engine in engines:
        how = EmbeddingOptions(
            engine=engine,
            finder=finder,
            landmarks=landmarks,
            settings=settings.face,
            card=Person(0, b"").card() if options.photographed else None,
            light=options.light,
            mirrored=options.mirrored,
        )
        results.append(measure(how, found, settings, options.seed, options.plots))
    if options.json:
        write_json(options.json, FaceReport(options.seed, skipped, results))
    if any(c.figures.genuine and c.figures.impostors for r in results for c in r.conditions):
        return 0
    print("nothing to compare: it takes two people, and two takes of one of them", file=sys.stderr)
    return 1


def measure(
    how: EmbeddingOptions, found: list[FacePicture], settings: Settings, seed: int, plots: Path | None
) -> FaceDriverResult:
    """Measure one engine under all conditions, print the tables and draw the plots."""
    embeddings = embed_all(how, found)
    conditions: list[ComparisonCondition] = []
    drawn: dict[str, Comparisons] = {}
    for condition, comparisons in compare_all(embeddings, settings, seed):
        conditions.append(condition)
        if condition.probe in (SINGLE, MEAN) and not condition.mirrored:
            drawn[condition.title] = comparisons
    result = FaceDriverResult(
        driver=how.engine.name,
        version=how.engine.version,
        pictures=len(embeddings.pictures),
        skipped=embeddings.skipped,
        coaching=format_hints(embeddings.assessments),
        cpu_ms=embeddings.cpu_ms,
        conditions=conditions,
    )
    print("\n" + report.format_result(result))
    if plots:
        report.draw(plots, how.engine.name, drawn)
    return result


def compare_all(
    embeddings: FaceEmbeddings, settings: Settings, seed: int
) -> Iterator[tuple[ComparisonCondition, Comparisons]]:
    """Compare every kind of reference with every kind of probe; the terminal's decisions only unmirrored."""
    pictures_ = embeddings.pictures
    for mirrored in (False, True):
        rows = embeddings.probes[mirrored]
        if not np.isfinite(rows).any():
            continue
        probes = {SINGLE: single_frames(pictures_, rows), MEAN: frame_means(pictures_, rows, seed)}
        if not mirrored:
            probes |= terminal_probes(embeddings, settings, seed)
        for kind, by_side in embeddings.references.items():
            references = by_side[mirrored]
            if not np.isfinite(references).any():
                continue
            for name, some in probes.items():
                comparisons = compare(pictures_, references, some, seed)
                condition = ComparisonCondition(
                    reference=kind,
                    probe=name,
                    mirrored=mirrored,
                    references=len(references),
                    unusable=int(np.isnan(references[:, 0]).sum()),
                    not_acquired=(some.failed, some.pools),
                    figures=comparison_rates(comparisons, seed),
                )
                yield condition, comparisons


def terminal_probes(embeddings: FaceEmbeddings, settings: Settings, seed: int) -> dict[str, Probes]:
    """Decide as the terminal: once, in all its tries, and on nothing but the frames its coaching takes."""
    visit = settings.visit.face
    good = good_frames(embeddings.assessments)
    every = np.ones_like(good)

    def decide(frames: np.ndarray, tries: int) -> Probes:
        policy = DecisionPolicy(
            least=visit.min_frames,
            most=visit.decide_frames,
            best=settings.face.best_frames,
            tries=tries,
        )
        return terminal_decisions(
            embeddings.pictures,
            embeddings.probes[False],
            ranks=np.array([one.rank for one in embeddings.assessments]),
            good=frames,
            policy=policy,
            seed=seed,
        )

    name = f"terminal, {visit.min_frames}–{visit.decide_frames}"
    return {
        name: decide(every, 1),
        f"{name}, {visit.tries} tries": decide(every, visit.tries),
        f"{name}, coached": decide(good, 1),
    }
