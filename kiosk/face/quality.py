"""Is this face good enough to be matched, and if not, what is the one thing to tell the person? Pure."""

from typing import Any

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.codes import Code
from kiosk.face.geometry import aligned, window
from kiosk.ports import Face, FaceMesh, Image
from kiosk.settings import FaceSettings

_BACKLIGHT = 70.0  # grey levels the surroundings may be brighter than a face that is itself …
_SHADED = 95.0  # … darker than this
_MIN_PRESENCE = 0.5
_INNER = slice(20, 100)  # of the aligned face: without hair and background


class Measures(Struct, frozen=True):
    """Sizes in fractions of the picture, light in grey levels 0…255.

    `sharpness` is the variance of the Laplacian of the aligned face (Pech-Pacheco et al., 2000), after
    a small blur that takes the sensor's noise out, as if its mean grey were 128; `off_centre` the larger of
    the distances across and down.
    """

    sharpness: float
    brightness: float
    surroundings: float
    width: float
    off_centre: float


def measure(image: Image, face: Face) -> Measures:
    """What the picture says about one face."""
    height, width = image.shape[:2]
    inner = cv2.cvtColor(aligned(image, face), cv2.COLOR_BGR2GRAY)[_INNER, _INNER]
    smooth = cv2.GaussianBlur(inner, (5, 5), 0)
    around = window(image, face, 0.5)[::4, ::4]
    x, y = (face.x + face.width / 2) / width, (face.y + face.height / 2) / height
    return Measures(
        sharpness=float(cv2.Laplacian(smooth, cv2.CV_32F).var()) * _gain(inner) ** 2,
        brightness=float(inner.mean()),
        surroundings=_rim(around),
        width=face.width / width,
        off_centre=max(abs(x - 0.5), abs(y - 0.5)),
    )


def hint(found: Measures, mesh: FaceMesh, limits: FaceSettings) -> Code:
    """The first thing that is wrong, in the order in which a person can put it right; OK if nothing is."""
    return (
        _place(found, limits)
        or _pose(mesh, limits)
        or _light(found, limits)
        or _eyes(mesh, limits)
        or Code.OK
    )


def rank(found: Measures, mesh: FaceMesh, face: Face) -> float:
    """How good a frame is among good ones: sharp, frontal, sure. It must not know the likeness."""
    frontal = np.cos(np.radians(mesh.yaw)) * np.cos(np.radians(mesh.pitch))
    return float(np.log1p(found.sharpness) * frontal * face.score)


def _place(found: Measures, limits: FaceSettings) -> Code | None:
    if found.width < limits.min_width:
        return Code.FACE_TOO_FAR
    if found.width > limits.max_width:
        return Code.FACE_TOO_NEAR
    return Code.FACE_OFF_CENTRE if found.off_centre > limits.max_off_centre else None


def _pose(mesh: FaceMesh, limits: FaceSettings) -> Code | None:
    turned = abs(mesh.yaw) > limits.max_yaw or abs(mesh.pitch) > limits.max_pitch
    if turned or mesh.presence < _MIN_PRESENCE:
        return Code.FACE_TURNED
    return Code.FACE_TILTED if abs(mesh.roll) > limits.max_roll else None


def _light(found: Measures, limits: FaceSettings) -> Code | None:
    if found.brightness < _SHADED and found.surroundings - found.brightness > _BACKLIGHT:
        return Code.FACE_BACKLIT
    if found.brightness < limits.min_brightness:
        return Code.FACE_TOO_DARK
    if found.brightness > limits.max_brightness:
        return Code.FACE_TOO_BRIGHT
    return Code.FACE_BLURRED if found.sharpness < limits.min_sharpness else None


def _eyes(mesh: FaceMesh, limits: FaceSettings) -> Code | None:
    return Code.FACE_EYES_CLOSED if mesh.eyes < limits.min_eyes else None


def _gain(inner: NDArray[Any]) -> float:
    """Without it a dark picture would be called blurred."""
    return 128.0 / max(float(inner.mean()), 1.0)


def _rim(around: NDArray[Any]) -> float:
    """Mean grey of the outer quarter on both sides and above: what stands behind the person."""
    grey = around.mean(axis=2)
    height, width = grey.shape
    side = max(1, width // 4)
    parts = (grey[: height // 2, :side], grey[: height // 2, -side:], grey[: max(1, height // 8)])
    return float(np.concatenate([part.ravel() for part in parts]).mean())
