"""`kiosk evaluate coaching`: how long until there are enough good frames, and how steady the hints are.

Streams run through the terminal's own `FaceWatcher`, frame by frame at the times of the stream; hints are
counted by the visit's rule. The watcher paces its expensive steps by this machine's CPU time, as in a visit.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct

from evaluation import options as shared
from evaluation import pictures
from evaluation.output import progress, table, write_json
from kiosk.codes import Code
from kiosk.events import Event
from kiosk.face.no_liveness import NoLiveness, NoLivenessSettings
from kiosk.face.watcher import FaceWatcher
from kiosk.model import FaceSeen, Frame
from kiosk.ports import FaceEngine, FaceLandmarks, Image
from kiosk.settings import Settings
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings
from kiosk.visit.stages.face import HINT_FRAMES

_QUANTILES = (0.1, 0.5, 0.9)


class StreamResult(Struct, frozen=True, kw_only=True):
    """One stream. `looked`: frames that were measured, `said` their number by hint.

    `enough_s`: until `[visit] min_frames` good frames were kept; None: never. `told`: hints that were shown,
    one after the other.
    """

    seconds: float
    looked: int
    good: int
    enough_s: float | None
    told: int
    said: dict[str, int]


class CoachingReport(Struct, frozen=True):
    """All that `--json` holds. `skipped`: files without a frame."""

    skipped: int
    streams: list[StreamResult]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate coaching`."""
    shared.add_shared(parser, "videos, and folders of photos that are taken for a stream")
    parser.add_argument("--fps", type=float, default=15.0, help="of photos (default: 15)")


def run(options: argparse.Namespace) -> int:
    """Measure and print; 0, or 1 if there was no stream. Raises SettingsError, ModelError."""
    folder, settings = shared.data_folder(options), shared.read_settings(options)
    engine = shared.chosen_driver("face_engine", settings.face_engine, settings)
    landmarks = shared.chosen_driver("face_landmarks", settings.face_landmarks, settings)
    skipped, streams = 0, []
    for source in progress(find_streams(folder), "streams"):
        frames = list(read_stream(source, options.fps))
        skipped += not frames
        if frames:
            streams.append(measure_stream(frames, engine, landmarks, settings))
    print(format_report(streams, skipped, settings))
    if options.json:
        write_json(options.json, CoachingReport(skipped, streams))
    if not streams:
        print("there is no stream", file=sys.stderr)
    return 0 if streams else 1


def find_streams(folder: Path) -> list[list[Path]]:
    """Return each video alone, and the photos of one folder together."""
    together: dict[Path, list[Path]] = {}
    for path in pictures.find_files(folder, pictures.PHOTOS):
        together.setdefault(path.parent, []).append(path)
    return [[video] for video in pictures.find_files(folder, pictures.VIDEOS)] + list(together.values())


def read_stream(source: list[Path], fps: float) -> Iterator[Frame]:
    """Yield the readable frames of a video, or of photos taken `fps` times a second."""
    images: Iterator[Image | None]
    if source[0].suffix.lower() in pictures.VIDEOS:
        fps = cv2.VideoCapture(str(source[0])).get(cv2.CAP_PROP_FPS) or fps
        images = iter(pictures.read_frames(source[0]))
    else:
        images = (pictures.read_photo(path) for path in source)
    readable = (image for image in images if image is not None)
    for i, image in enumerate(readable):
        yield Frame(image=image, seq=i, at=i / fps)


def measure_stream(
    frames: list[Frame], engine: FaceEngine, landmarks: FaceLandmarks, settings: Settings
) -> StreamResult:
    """Run one stream through the terminal's watcher."""
    context, seen = shared.context(settings), list[FaceSeen]()
    began = time.thread_time() + 1.0  # the watcher's clock begins before the first frame

    def post(event: Event) -> None:
        if isinstance(event, FaceSeen):
            seen.append(event)

    watcher = FaceWatcher(
        engine,
        landmarks,
        NoLiveness(NoLivenessSettings(), context),
        decoder=SimulatedDecoder(SimulatedDecoderSettings(), context),
        settings=settings.face,
        newest=lambda _: None,
        post=post,
        clock=lambda: time.thread_time() - began,
        same_face=engine.thresholds.same_face,
    )
    watcher.watch(None)
    for frame in frames:
        watcher.step(frame)
    watcher.forget()
    return StreamResult(
        seconds=frames[-1].at,
        looked=len(seen),
        good=sum(s.good for s in seen),
        enough_s=next((s.at for s in seen if s.frames_good >= settings.visit.face.min_frames), None),
        told=count_shown_hints(seen),
        said=dict(Counter(s.hint.value for s in seen)),
    )


def count_shown_hints(seen: list[FaceSeen]) -> int:
    """Count changes of the hint on the screen: a hint is shown once it was the same for some frames."""
    shown, last, times, changes = Code.OK, Code.OK, 0, 0
    for one in seen:
        times = times + 1 if one.hint is last else 1
        last = one.hint
        if times >= HINT_FRAMES and last is not shown:
            shown, changes = last, changes + 1
    return changes


def format_report(streams: list[StreamResult], skipped: int, settings: Settings) -> str:
    """Format the text."""
    done = [s.enough_s for s in streams if s.enough_s is not None]
    seconds = sum(s.seconds for s in streams)
    hints = sum((Counter(s.said) for s in streams), Counter[str]())
    looked = sum(hints.values())
    times = [f"{np.quantile(done, q):.2f} s" for q in _QUANTILES] if done else ["–"] * len(_QUANTILES)
    rows = [(code, f"{count / looked:.1%}") for code, count in hints.most_common()]
    return "\n".join(
        [
            f"{len(streams)} streams, {seconds:.0f} s, {looked} frames looked at; {skipped} without a frame",
            f"{len(done)} of {len(streams)} came to {settings.visit.face.min_frames} good frames, "
            f"{sum(t < 3 for t in done)} of them in less than 3 s; after "
            + ", ".join(f"{t} ({q:.0%})" for t, q in zip(times, _QUANTILES, strict=True)),
            f"hints change {sum(s.told for s in streams) / max(seconds, 1e-9):.2f} times a second",
            "",
            table([("hint", "share of frames"), *rows]),
        ]
    )
