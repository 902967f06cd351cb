"""Measures what colour of light a face reflects, against what is behind it.

Exposure multiplies all channels and drops out of their ratios; white balance multiplies a channel
everywhere and drops out of the difference between face and background, as does a tint laid over a whole
picture.
"""

import cv2
import numpy as np

from kiosk.ports import Face, Image

Ratios = tuple[float, float]
"""ln of red to green, ln of blue to green."""

_CLIPPED = 250  # a pixel this bright may be cut off
_DARK = 6  # … and one this dark is noise
_MIN_PIXELS = 60  # that remain of a part
_GAP = 0.35  # face widths between face and background: hair and ears lie there
_STRIPS = 24  # in the width of a picture
_MIN_STRIPS = 3  # of background that must be seen
_MAX_LINES = 64  # rows or columns of a part that are used; more change nothing

_LEVELS = np.arange(256) / 255
_LIGHT_OF_LEVEL = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
"""From eight bits to light, IEC 61966-2-1 (sRGB): cameras come near it."""


class Reflection:
    """Colour of the face frame by frame, relative to the first, so that the skin's own colour drops out.

    The background is the median of upright strips, each relative to its own first frame: a person who walks
    past behind covers a few of them and changes nothing.
    """

    def __init__(self) -> None:
        self._skin: Ratios | None = None
        self._strips: dict[int, Ratios] = {}

    def forget(self) -> None:
        """Take the next frame for a first one."""
        self._skin = None
        self._strips.clear()

    def measure(self, image: Image, face: Face) -> Ratios | None:
        """Return how the face's colour changed since the first frame; None where it cannot be seen."""
        skin, behind = ratios(cheeks(image, face)), self._background_change(image, face)
        if skin is None or behind is None:
            return None
        self._skin = self._skin or skin
        return skin[0] - self._skin[0] - behind[0], skin[1] - self._skin[1] - behind[1]

    def _background_change(self, image: Image, face: Face) -> Ratios | None:
        changes = []
        for number, part in background(image, face).items():
            now = ratios(part)
            if now is not None:
                first = self._strips.setdefault(number, now)
                changes.append((now[0] - first[0], now[1] - first[1]))
        if len(changes) < _MIN_STRIPS:
            return None
        red, blue = np.median(np.array(changes), axis=0)
        return float(red), float(blue)


def cheeks(image: Image, face: Face) -> Image:
    """Return the part between eyes and mouth: skin that moves little when a person speaks or blinks."""
    eyes, mouth = face.points[:2].mean(axis=0), face.points[3:].mean(axis=0)
    apart = abs(float(face.points[1, 0] - face.points[0, 0]))
    down = float(mouth[1] - eyes[1])
    left, right = eyes[0] - 0.55 * apart, eyes[0] + 0.55 * apart
    return _part(image, left, eyes[1] + 0.2 * down, right, eyes[1] + 0.75 * down)


def background(image: Image, face: Face) -> dict[int, Image]:
    """Return strips left and right of the head, not below the chin, by their number in the picture."""
    wide, bottom = image.shape[1] / _STRIPS, face.y + face.height
    left, right = face.x - _GAP * face.width, face.x + (1 + _GAP) * face.width
    places = ((i, i * wide, (i + 1) * wide) for i in range(_STRIPS))
    return {i: _part(image, x0, 0, x1, bottom) for i, x0, x1 in places if x1 <= left or x0 >= right}


def ratios(part: Image) -> Ratios | None:
    """Return the ratios of the mean light of the pixels neither clipped nor dark; None if too few are."""
    pixels = part.reshape(-1, 3)
    good = pixels[(pixels.max(axis=1) < _CLIPPED) & (pixels.max(axis=1) > _DARK)] if len(pixels) else pixels
    if len(good) < _MIN_PIXELS:
        return None
    light = cv2.LUT(good[None], _LIGHT_OF_LEVEL)[0].mean(axis=0, dtype=np.float64)
    blue, green, red = np.maximum(light, 1e-5)
    return float(np.log(red / green)), float(np.log(blue / green))


def _part(image: Image, left: float, top: float, right: float, bottom: float) -> Image:
    height, width = image.shape[:2]
    x0, x1 = (int(min(max(x, 0), width)) for x in (left, right))
    y0, y1 = (int(min(max(y, 0), height)) for y in (top, bottom))
    part = image[y0:y1, x0:x1]
    return part[:: 1 + part.shape[0] // _MAX_LINES, :: 1 + part.shape[1] // _MAX_LINES]
