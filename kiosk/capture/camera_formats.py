"""Finds a camera's best format by trying: what drivers promise is often not what arrives."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
from msgspec import Struct

log = logging.getLogger(__name__)

_SETTLE = 3  # frames that are still of the old format, or late
_MEASURE_S = 0.6
_ENOUGH_FPS = 15.0  # the face watcher looks at no more
_SMALL = (640, 480)


class Format(Struct, frozen=True, kw_only=True):
    """`fourcc`: MJPG, or YUYV: raw, sharper, and over USB 2 slow when it is large."""

    fourcc: str
    width_px: int
    height_px: int
    fps: float


class MeasuredFormat(Struct, frozen=True, kw_only=True):
    """Size and rate of the pictures that came when a format was asked for."""

    format: Format
    width_px: int
    height_px: int
    fps: float


def candidates(fourcc: str, width_px: int, height_px: int, fps: float) -> Iterator[Format]:
    """Yield the formats to try. `fourcc` "auto": both kinds, at the wanted size and small."""
    kinds = ("MJPG", "YUYV") if fourcc == "auto" else (fourcc,)
    for width, height in dict.fromkeys([(width_px, height_px), _SMALL]):
        for kind in kinds:
            yield Format(fourcc=kind, width_px=width, height_px=height, fps=fps)


def configure(capture: Any, wanted: Format) -> None:
    """Ask for a format; a camera that cannot give it gives what it has."""
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*wanted.fourcc))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height_px)
    capture.set(cv2.CAP_PROP_FPS, wanted.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def choose_format(
    wanted: list[Format], open_capture: Callable[[], Any], clock: Callable[[], float] = time.monotonic
) -> Format | None:
    """Return the format that gives most; the first that is as good as asked for ends the search.

    None: none gave a picture. `open_capture` returns a new capture for each try; what it raises is raised.
    """
    measured: list[MeasuredFormat] = []
    for candidate in wanted:
        capture = open_capture()
        try:
            configure(capture, candidate)
            found = measure(capture, candidate, clock)
        finally:
            capture.release()
        if found is None:
            continue
        size = (found.width_px, found.height_px)
        log.info("camera: %s gives %d×%d, %.1f a second", candidate.fourcc, *size, found.fps)
        measured.append(found)
        if is_as_asked(found):
            break
    return max(measured, key=preference).format if measured else None


def is_as_asked(found: MeasuredFormat) -> bool:
    """Say whether pictures are as large as asked for, and fast enough."""
    asked = found.format
    large = found.width_px >= asked.width_px and found.height_px >= asked.height_px
    return large and found.fps >= max(_ENOUGH_FPS, 0.8 * asked.fps)


def preference(found: MeasuredFormat) -> tuple[bool, int, float]:
    """Return the key to order formats by: fast enough first, then large, then faster."""
    return found.fps >= _ENOUGH_FPS, found.width_px * found.height_px, found.fps


def measure(capture: Any, wanted: Format, clock: Callable[[], float]) -> MeasuredFormat | None:
    """Return what the configured capture gives; None without a colour picture."""
    for _ in range(_SETTLE):
        done, image = capture.read()
        if not done or image is None or image.ndim != 3 or image.shape[2] != 3:
            return None
    began, count = clock(), 0
    while clock() - began < _MEASURE_S:
        done, image = capture.read()
        if not done or image is None:
            return None
        count += 1
    height, width = image.shape[:2]
    fps = count / max(clock() - began, 1e-3)
    return MeasuredFormat(format=wanted, width_px=width, height_px=height, fps=fps)
