"""`kiosk evaluate coaching`: how long until there are good frames enough, and how steady the hints are.

Streams run through the terminal's own `FaceWatcher`, frame by frame at the times of the stream; hints are
told by the visit's rule. The watcher paces its dear part by this machine's CPU time, as at the counter.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from msgspec import Struct

from evaluation import options, pictures
from evaluation.output import progress, table, write_json
from kiosk.codes import Code
from kiosk.events import Event
from kiosk.face.no_liveness import NoLiveness, NoLivenessSettings
from kiosk.face.watcher import FaceWatcher
from kiosk.model import FaceSeen, Frame
from kiosk.ports import Image
from kiosk.settings import Settings
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings
from kiosk.visit.stages.face import HINT_FRAMES

_QUANTILES = (0.1, 0.5, 0.9)


class Stream(Struct, frozen=True):
    """One stream. `enough_s`: until `[visit] min_frames` good frames were kept; None: never."""

    seconds: float
    looked: int
    good: int
    enough_s: float | None
    told: int  # hints that were told, one after the other
    said: dict[str, int]  # looked-at frames by hint


class Report(Struct, frozen=True):
    """All that `--json` holds. `skipped`: files without a frame."""

    skipped: int
    streams: list[Stream]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_shared(parser, "videos, and folders of photos that are taken for a stream")
    parser.add_argument("--fps", type=float, default=15.0, help="of photos (default: 15)")


def run(arguments: argparse.Namespace) -> int:
    """0; 1 if there was no stream. Raises SettingsError, ModelError."""
    folder, settings = options.data_folder(arguments), options.read_settings(arguments)
    drivers = (
        options.chosen_driver("face_engine", settings.face_engine, settings),
        options.chosen_driver("face_landmarks", settings.face_landmarks, settings),
    )
    skipped, streams = 0, []
    for source in progress(_sources(folder), "streams"):
        frames = list(_frames(source, arguments.fps))
        skipped += not frames
        if frames:
            streams.append(_played(frames, drivers, settings))
    print(_told(streams, skipped, settings))
    if arguments.json:
        write_json(arguments.json, Report(skipped, streams))
    if not streams:
        print("there is no stream", file=sys.stderr)
    return 0 if streams else 1


def _sources(folder: Path) -> list[list[Path]]:
    """Each video alone; the photos of one folder together."""
    together: dict[Path, list[Path]] = {}
    for path in pictures.files(folder, pictures.PHOTOS):
        together.setdefault(path.parent, []).append(path)
    return [[video] for video in pictures.files(folder, pictures.VIDEOS)] + list(together.values())


def _frames(source: list[Path], fps: float) -> Iterator[Frame]:
    images: Iterator[Image | None]
    if source[0].suffix.lower() in pictures.VIDEOS:
        fps = cv2.VideoCapture(str(source[0])).get(cv2.CAP_PROP_FPS) or fps
        images = iter(pictures.frames(source[0]))
    else:
        images = (pictures.photo(path) for path in source)
    known = (image for image in images if image is not None)
    for i, image in enumerate(known):
        yield Frame(image=image, seq=i, at=i / fps)


def _played(frames: list[Frame], drivers: tuple[Any, Any], settings: Settings) -> Stream:
    context, seen = options.context(settings), list[FaceSeen]()
    engine, landmarks = drivers
    began = time.thread_time() + 1.0  # the watch begins before the first frame

    def give(event: Event) -> None:
        if isinstance(event, FaceSeen):
            seen.append(event)

    watcher = FaceWatcher(
        engine,
        landmarks,
        NoLiveness(NoLivenessSettings(), context),
        SimulatedDecoder(SimulatedDecoderSettings(), context),
        settings.face,
        newest=lambda _: None,
        give=give,
        clock=lambda: time.thread_time() - began,
        same_face=engine.thresholds.same_face,
    )
    watcher.watch(None)
    for frame in frames:
        watcher.step(frame)
    watcher.forget()
    enough = next((s.at for s in seen if s.frames_good >= settings.visit.face.min_frames), None)
    said = Counter(s.hint.value for s in seen)
    good = sum(s.good for s in seen)
    return Stream(frames[-1].at, len(seen), good, enough, _told_hints(seen), dict(said))


def _told_hints(seen: list[FaceSeen]) -> int:
    """How often the sentence on the screen changes: a hint counts once it was the same for some frames."""
    told, last, times, changes = Code.OK, Code.OK, 0, 0
    for one in seen:
        times = times + 1 if one.hint is last else 1
        last = one.hint
        if times >= HINT_FRAMES and last is not told:
            told, changes = last, changes + 1
    return changes


def _told(streams: list[Stream], skipped: int, settings: Settings) -> str:
    done = [s.enough_s for s in streams if s.enough_s is not None]
    seconds = sum(s.seconds for s in streams)
    said = sum((Counter(s.said) for s in streams), Counter[str]())
    looked = sum(said.values())
    shown = [f"{np.quantile(done, q):.2f} s" for q in _QUANTILES] if done else ["–"] * len(_QUANTILES)
    return "\n".join(
        [
            f"{len(streams)} streams, {seconds:.0f} s, {looked} frames looked at; {skipped} without a frame",
            f"{len(done)} of {len(streams)} came to {settings.visit.face.min_frames} good frames, "
            f"{sum(t < 3 for t in done)} of them in less than 3 s; after "
            + ", ".join(f"{t} ({q:.0%})" for t, q in zip(shown, _QUANTILES, strict=True)),
            f"hints change {sum(s.told for s in streams) / max(seconds, 1e-9):.2f} times a second",
            "",
            table([("hint", "share of frames"), *((c, f"{n / looked:.1%}") for c, n in said.most_common())]),
        ]
    )
