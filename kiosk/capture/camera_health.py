"""Judges whether an open camera works: it gives new pictures for a while, and its lens sees something.

A camera that hangs often gives one new frame before it stands still, and a covered lens gives new frames for
ever, of noise. Thresholds were set on simulated feeds (`kiosk evaluate camera`), not on real lenses.
"""

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.model import Frame
from kiosk.ports import Image

PROVEN_S = 4.0
"""So long a camera that hung or was covered must work again: longer than a standstill takes to be noticed."""
PROVEN_FRAMES = 10
"""Different pictures in that time."""
COVERED_S = 5.0
"""So long the lens must see nothing: a hand before it, or a light that goes out, is no fault yet."""
FLAT = 0.8
"""Grey levels: with less there is nothing in the picture. A nearly dark shop has 1.0, noise alone 0.5."""
DARK = 60.0
"""Mean grey level below which a smooth picture is a covered lens: light leaks round a finger or a tape."""
LOOK_EVERY_S = 0.2

_SIZE = (32, 24)
_SAMPLE = 8


class LensMeasures(Struct, frozen=True):
    """What a coarse picture shows, in grey levels.

    `structure`: its standard deviation; `detail`: the same of what is left without a smooth course of light.
    """

    brightness: float
    structure: float
    detail: float


def measure_lens(image: Image) -> LensMeasures:
    """Measure one picture; half a millisecond at 1280×720."""
    grey = cv2.cvtColor(cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    levels = grey.astype(np.float64).ravel()
    rest = levels - _SMOOTH @ (_FIT @ levels)
    return LensMeasures(float(levels.mean()), float(levels.std()), float(rest.std()))


def is_covered(seen: LensMeasures) -> bool:
    """Say whether a picture shows nothing: it is flat, or dark and smooth."""
    return seen.structure < FLAT or (seen.brightness < DARK and seen.detail < FLAT)


class CameraHealth:
    """What one opening of a camera has shown so far; every frame is to be looked at."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._last: bytes | None = None
        self._different = 0
        self._looked = float("-inf")
        self._covered_since: float | None = None
        self._at = 0.0

    def look(self, frame: Frame) -> None:
        """Take note of a frame."""
        self._at = frame.at
        self._first = frame.at if self._first is None else self._first
        sample = frame.image[::_SAMPLE, ::_SAMPLE].tobytes()
        self._different += sample != self._last
        self._last = sample
        if frame.at - self._looked < LOOK_EVERY_S:
            return
        self._looked = frame.at
        if not is_covered(measure_lens(frame.image)):
            self._covered_since = None
        elif self._covered_since is None:
            self._covered_since = frame.at

    @property
    def covered(self) -> bool:
        """Whether the lens has seen nothing for too long."""
        return self._covered_since is not None and self._at - self._covered_since >= COVERED_S

    @property
    def proven(self) -> bool:
        """Whether it has worked long enough to be relied on again."""
        long_enough = self._first is not None and self._at - self._first >= PROVEN_S
        return long_enough and self._different >= PROVEN_FRAMES and self._covered_since is None


def _smooth_courses() -> NDArray[np.float64]:
    """Return the six surfaces 1, x, y, x², xy, y² over the coarse picture, a column each."""
    x, y = np.meshgrid(np.linspace(-1, 1, _SIZE[0]), np.linspace(-1, 1, _SIZE[1]))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)


_SMOOTH = _smooth_courses()
_FIT = np.linalg.pinv(_SMOOTH)
