"""`kiosk evaluate face`: how often a stranger passes, and how often the right person does not.

False match and false non-match rates as ISO/IEC 19795-1 counts them: each reference with each probe of
another take, at thresholds and at fixed FMR, for references as a card's chip holds them and for probes of one
frame and of a mean of five. Then whole visits, decided as the terminal does.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from evaluation import options as shared
from evaluation import pictures
from evaluation.face import datasets, report
from evaluation.face.comparisons import (
    FRAMES,
    Comparisons,
    compare,
    frame_means,
    single_frames,
)
from evaluation.face.datasets import FacePicture, Groups
from evaluation.face.embeddings import PHOTOGRAPHED, EmbeddingOptions, FaceEmbeddings, embed_all
from evaluation.face.frame_quality import format_hints, good_frames
from evaluation.face.rates import comparison_rates
from evaluation.face.report import (
    BrightnessRates,
    ComparisonCondition,
    FaceDriverResult,
    FaceReport,
    GroupRates,
    VisitCondition,
)
from evaluation.face.visits import (
    among,
    ends,
    ends_at_face,
    visit_bands,
    visit_frames,
    visit_rates,
    visit_scores,
)
from evaluation.intervals import wilson
from evaluation.output import write_json
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.model import FaceThresholds
from kiosk.settings import Settings
from kiosk.simulators.people import Person

BRIGHTNESS = (0, 45, 60, 75, 95, 140, 256)
"""Edges of the bands in which frames are compared, by the mean grey of the face."""
SINGLE, MEAN = "one frame", f"mean of {FRAMES}"
_FINDER_PX = 640
HELD = 12
"""Looks until a face is decided (`decide_frames`): within them, 0.8 s, nearly nothing changes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate face`."""
    shared.add_shared(
        parser,
        "<person>/*.jpg or <person>/<take>/*.jpg; no two pictures of one take are compared",
        several=True,
    )
    add = parser.add_argument
    add(
        "--half",
        type=int,
        choices=(1, 2),
        help="only every second person, from this one on: choose on one half, report the other",
    )
    add(
        "--groups",
        type=Path,
        metavar="TSV",
        help="table of people's groups (person, sex, age, …): visits of each group apart",
    )
    add(
        "--held",
        type=int,
        default=HELD,
        metavar="LOOKS",
        help=f"successive looks that one picture stands for in a visit (default: {HELD})",
    )
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
    folders, settings = shared.data_folders(options), shared.read_settings(options)
    found, skipped = datasets.find(folders)
    found = datasets.half(found, options.half) if options.half else found
    groups = datasets.read_groups(options.groups, found) if options.groups else {}
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
        results.append(measure(how, found, settings, options, groups))
    if options.json:
        write_json(options.json, FaceReport(options.seed, skipped, results))
    if any(c.figures.genuine and c.figures.impostors for r in results for c in r.conditions):
        return 0
    print("nothing to compare: it takes two people, and two takes of one of them", file=sys.stderr)
    return 1


def measure(
    how: EmbeddingOptions,
    found: list[FacePicture],
    settings: Settings,
    options: argparse.Namespace,
    groups: Groups,
) -> FaceDriverResult:
    """Measure one engine under all conditions, print the tables and draw the plots."""
    plots: Path | None = options.plots
    embeddings = embed_all(how, found)
    conditions: list[ComparisonCondition] = []
    drawn: dict[str, Comparisons] = {}
    for condition, comparisons in compare_all(embeddings, options.seed):
        conditions.append(condition)
        if not condition.mirrored:
            drawn[condition.title] = comparisons
    result = FaceDriverResult(
        driver=how.engine.name,
        version=how.engine.version,
        pictures=len(embeddings.pictures),
        skipped=embeddings.skipped,
        coaching=format_hints(embeddings.assessments),
        cpu_ms=embeddings.cpu_ms,
        conditions=conditions,
        brightness=compare_by_brightness(embeddings, how.engine.thresholds, options.seed),
        visits=play_visits(embeddings, how.engine.thresholds, settings, options, groups),
    )
    print("\n" + report.format_result(result))
    if plots:
        report.draw(plots, how.engine.name, drawn)
    return result


def compare_all(embeddings: FaceEmbeddings, seed: int) -> Iterator[tuple[ComparisonCondition, Comparisons]]:
    """Compare every kind of reference with every kind of probe."""
    pictures_ = embeddings.pictures
    for mirrored in (False, True):
        rows = embeddings.probes[mirrored]
        if not np.isfinite(rows).any():
            continue
        probes = {SINGLE: single_frames(pictures_, rows), MEAN: frame_means(pictures_, rows, seed)}
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
                    figures=comparison_rates(comparisons, seed),
                )
                yield condition, comparisons


def compare_by_brightness(
    embeddings: FaceEmbeddings, thresholds: FaceThresholds, seed: int
) -> list[BrightnessRates]:
    """Compare single frames with uncompressed references, by the light on the face."""
    brightness = np.array([one.brightness for one in embeddings.assessments])
    rows, bands = embeddings.probes[False], []
    for low, high in pairwise(BRIGHTNESS):
        inside = ((brightness >= low) & (brightness < high))[:, None]
        probes = single_frames(embeddings.pictures, np.where(inside, rows, np.nan))
        comparisons = compare(embeddings.pictures, rows, probes, seed)
        below, same = comparisons.scores < thresholds.accept, comparisons.genuine
        bands.append(
            BrightnessRates(
                low=low,
                high=high,
                frames=int(inside.sum()),
                likeness=float(comparisons.scores[same].mean()) if same.any() else None,
                missed=wilson(int(below[same].sum()), int(same.sum())),
                strangers=wilson(int((~below[~same]).sum()), int((~same).sum())),
            )
        )
    return bands


def play_visits(
    embeddings: FaceEmbeddings,
    thresholds: FaceThresholds,
    settings: Settings,
    options: argparse.Namespace,
    groups: Groups,
) -> list[VisitCondition]:
    """Play visits with every kind of reference: on all frames, and on those that the coaching calls good."""
    seed: int = options.seed
    good = good_frames(embeddings.assessments)
    strict = thresholds.accept_photographed
    photographed = replace(thresholds, accept=strict, review=strict)  # no band of a clerk's: one sees each
    conditions = []
    for coached, usable in ((False, np.ones_like(good)), (True, good)):
        frames = visit_frames(
            embeddings.pictures,
            embeddings.probes[False],
            ranks=np.array([one.rank for one in embeddings.assessments]),
            good=usable,
            limits=settings.visit.face,
            best=settings.face.best_frames,
            held=options.held,
            seed=seed,
        )
        for kind, by_side in embeddings.references.items():
            scores = visit_scores(embeddings.pictures, by_side[False], frames)
            limits = photographed if kind == PHOTOGRAPHED else thresholds
            conditions.append(
                VisitCondition(
                    reference=kind,
                    coached=coached,
                    not_acquired=(frames.failed, frames.pools),
                    rates=visit_rates(scores, ends(scores, limits), seed),
                    face_alone=visit_rates(scores, ends_at_face(scores, limits), seed),
                    bands=visit_bands(scores, limits, seed),
                    groups=[
                        GroupRates(attribute, value, len(people), visit_rates(some, ends(some, limits), seed))
                        for (attribute, value), people in groups.items()
                        for some in (among(scores, people),)
                    ],
                )
            )
    return conditions
