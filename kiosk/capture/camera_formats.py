"""Which of a camera's formats is best is found by trying: what drivers promise is often not what arrives."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
from msgspec import Struct

log = logging.getLogger(__name__)

_SETTLE = 3  # frames that are still of the old format, or late
_LOOK_S = 0.6
_ENOUGH_FPS = 15.0  # so many are looked at
_SMALL = (640, 480)


class Format(Struct, frozen=True):
    """`fourcc`: MJPG, or YUYV: raw, sharper, and over USB 2 slow when it is large."""

    fourcc: str
    width_px: int
    height_px: int
    fps: float


class Tried(Struct, frozen=True):
    """What a format really gave."""

    format: Format
    width_px: int
    height_px: int
    fps: float


def candidates(fourcc: str, width_px: int, height_px: int, fps: float) -> Iterator[Format]:
    """`fourcc` "auto": both, at the wanted size and small."""
    kinds = ("MJPG", "YUYV") if fourcc == "auto" else (fourcc,)
    sizes = dict.fromkeys([(width_px, height_px), _SMALL])
    for width, height in sizes:
        for kind in kinds:
            yield Format(kind, width, height, fps)


def configure(capture: Any, wanted: Format) -> None:
    """Wishes: a camera that cannot fulfil one gives what it has."""
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*wanted.fourcc))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height_px)
    capture.set(cv2.CAP_PROP_FPS, wanted.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def best(
    wanted: list[Format], opened: Callable[[], Any], clock: Callable[[], float] = time.monotonic
) -> Format | None:
    """The format that gives most; the first that fulfils its wish ends the search. None: none gave a picture.

    `opened` gives a new capture for each try. Raises whatever it raises.
    """
    tried: list[Tried] = []
    for one in wanted:
        capture = opened()
        try:
            configure(capture, one)
            found = _measured(capture, one, clock)
        finally:
            capture.release()
        if found is None:
            continue
        log.info("camera: %s gives %d×%d, %.1f a second", one.fourcc, *_told(found))
        tried.append(found)
        if fulfils(found):
            break
    return max(tried, key=worth).format if tried else None


def fulfils(found: Tried) -> bool:
    """As large as asked for, and fast enough."""
    asked = found.format
    large = found.width_px >= asked.width_px and found.height_px >= asked.height_px
    return large and found.fps >= max(_ENOUGH_FPS, 0.8 * asked.fps)


def worth(found: Tried) -> tuple[bool, int, float]:
    """Fast enough first, then large, then faster."""
    return found.fps >= _ENOUGH_FPS, found.width_px * found.height_px, found.fps


def _measured(capture: Any, wanted: Format, clock: Callable[[], float]) -> Tried | None:
    for _ in range(_SETTLE):
        done, image = capture.read()
        if not done or image is None or image.ndim != 3 or image.shape[2] != 3:
            return None
    began, count = clock(), 0
    while clock() - began < _LOOK_S:
        done, image = capture.read()
        if not done or image is None:
            return None
        count += 1
    height, width = image.shape[:2]
    return Tried(wanted, width, height, count / max(clock() - began, 1e-3))


def _told(found: Tried) -> tuple[int, int, float]:
    return found.width_px, found.height_px, found.fps
