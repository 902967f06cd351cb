"""What colour of light a face throws back, against what is behind it.

Exposure multiplies all channels and drops out of their ratios; white balance multiplies a channel
everywhere and drops out of the difference between face and background, as does a tint laid over a whole
picture.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.ports import Face, Image

Ratios = tuple[float, float]
"""ln of red to green, ln of blue to green."""

_FULL = 250  # a pixel this bright may be cut off
_DARK = 6  # … and one this dark is noise
_LEAST = 60  # pixels that must remain
_BESIDE = 0.35  # face widths between face and background: hair and ears lie there
_WIDEST = 1.2  # face widths of background on each side
_LINE = 96  # rows or columns that are looked at; more say nothing more


def _linear_table() -> NDArray[np.float32]:
    """From eight bits to light, IEC 61966-2-1 (sRGB): cameras come near it."""
    level = np.arange(256) / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


_LIGHT = _linear_table()


class Reflection:
    """Measures frame by frame, relative to the first: how the skin looks by itself is kept to itself."""

    def __init__(self) -> None:
        self._first: Ratios | None = None

    def forget(self) -> None:
        """The next frame is a first one."""
        self._first = None

    def measure(self, image: Image, face: Face) -> Ratios | None:
        """How the face's colour changed since the first frame; None where it cannot be seen."""
        skin, behind = ratios(cheeks(image, face)), ratios(*background(image, face))
        if skin is None or behind is None:
            return None
        now = skin[0] - behind[0], skin[1] - behind[1]
        self._first = self._first or now
        return now[0] - self._first[0], now[1] - self._first[1]


def cheeks(image: Image, face: Face) -> Image:
    """Between eyes and mouth: skin that moves little when somebody speaks or blinks."""
    eyes, mouth = face.points[:2].mean(axis=0), face.points[3:].mean(axis=0)
    apart = abs(float(face.points[1, 0] - face.points[0, 0]))
    down = float(mouth[1] - eyes[1])
    left, right = eyes[0] - 0.55 * apart, eyes[0] + 0.55 * apart
    return _part(image, left, eyes[1] + 0.2 * down, right, eyes[1] + 0.75 * down)


def background(image: Image, face: Face) -> tuple[Image, Image]:
    """What is to the left and to the right of the head, not below the chin."""
    wide, bottom = face.width, face.y + face.height
    left, right = face.x - _BESIDE * wide, face.x + (1 + _BESIDE) * wide
    return (
        _part(image, left - _WIDEST * wide, 0, left, bottom),
        _part(image, right, 0, right + _WIDEST * wide, bottom),
    )


def ratios(*parts: Image) -> Ratios | None:
    """Of the mean light of all pixels that are neither cut off nor dark; None: there are too few."""
    pixels = np.concatenate([part.reshape(-1, 3) for part in parts])
    good = pixels[(pixels.max(axis=1) < _FULL) & (pixels.max(axis=1) > _DARK)] if len(pixels) else pixels
    if len(good) < _LEAST:
        return None
    blue, green, red = np.maximum(_light(good), 1e-5)
    return float(np.log(red / green)), float(np.log(blue / green))


def _light(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(cv2.LUT(pixels[None], _LIGHT)[0].mean(axis=0, dtype=np.float64))


def _part(image: Image, left: float, top: float, right: float, bottom: float) -> Image:
    height, width = image.shape[:2]
    x0, x1 = (int(min(max(x, 0), width)) for x in (left, right))
    y0, y1 = (int(min(max(y, 0), height)) for y in (top, bottom))
    part = image[y0:y1, x0:x1]
    return part[:: 1 + part.shape[0] // _LINE, :: 1 + part.shape[1] // _LINE]
