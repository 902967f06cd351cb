"""Is this face good enough to be matched, and if not, what is the one thing to tell the person? Pure."""

from typing import Any

import cv2
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from kiosk.codes import Code
from kiosk.face.geometry import aligned, window
from kiosk.ports import Face, FaceMesh, Image
from kiosk.settings import FaceSettings

_BACKLIGHT = 70.0  # grey levels the surroundings may be brighter than a face that is itself …
_SHADED = 95.0  # … darker than this
_MIN_PRESENCE = 0.5
_INNER = slice(20, 100)  # of the aligned face: without hair and background
_EYES, _MOUTH = (slice(40, 66), slice(34, 78)), (slice(82, 104), slice(42, 70))  # of the aligned face
_SLACK = 0.08  # so much better than its limit a measure must become before its hint goes away

_LID_SLACK = 0.02  # the same for the eyes, whose limit is near nothing


class Measures(Struct, frozen=True):
    """Sizes in fractions of the picture, light in grey levels 0…255.

    `sharpness` is the variance of the Laplacian of the aligned face (Pech-Pacheco et al., 2000), after
    a small blur that takes the sensor's noise out, as if its mean grey were 128; `off_centre` the larger of
    the distances across and down. `mouth_detail`: level edges about the mouth against those about the eyes,
    each as a share of its light; a mask has none (below 0.15 where one is drawn; without, 282 faces: 0.47 and
    more).
    """

    sharpness: float
    brightness: float
    surroundings: float
    width: float
    off_centre: float
    mouth_detail: float = 1.0


def measure(image: Image, face: Face) -> Measures:
    """What the picture says about one face."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(aligned(image, face), cv2.COLOR_BGR2GRAY)
    inner = grey[_INNER, _INNER]
    smooth = cv2.GaussianBlur(inner, (5, 5), 0)
    around = window(image, face, 0.5)[::4, ::4]
    x, y = (face.x + face.width / 2) / width, (face.y + face.height / 2) / height
    return Measures(
        sharpness=float(cv2.Laplacian(smooth, cv2.CV_32F).var()) * _gain(inner) ** 2,
        brightness=float(inner.mean()),
        surroundings=_rim(around),
        width=face.width / width,
        off_centre=max(abs(x - 0.5), abs(y - 0.5)),
        mouth_detail=_detail(grey, _MOUTH) / max(_detail(grey, _EYES), 1e-3),
    )


def hint(found: Measures, mesh: FaceMesh, limits: FaceSettings, before: Code = Code.OK) -> Code:
    """The first thing that is wrong, in the order in which a person can put it right; OK if nothing is.

    `before` is the hint of the frame before: it stays until its measure is clearly good, so that a person who
    stands just at a limit is not told to and fro.
    """
    limits = _stricter(limits, before)
    return (
        _place(found, limits)
        or _pose(mesh, limits)
        or _light(found, limits)
        or _cover(found, limits)
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


def _cover(found: Measures, limits: FaceSettings) -> Code | None:
    return Code.FACE_COVERED if found.mouth_detail < limits.min_mouth_detail else None


def _eyes(mesh: FaceMesh, limits: FaceSettings) -> Code | None:
    return Code.FACE_EYES_CLOSED if mesh.eyes < limits.min_eyes else None


def _stricter(limits: FaceSettings, before: Code) -> FaceSettings:
    """The limit whose hint was told last, moved by the slack."""
    more, less = 1 + _SLACK, 1 - _SLACK
    changed: dict[Code, dict[str, float]] = {
        Code.FACE_TOO_FAR: {"min_width": limits.min_width * more},
        Code.FACE_TOO_NEAR: {"max_width": limits.max_width * less},
        Code.FACE_OFF_CENTRE: {"max_off_centre": limits.max_off_centre * less},
        Code.FACE_TURNED: {"max_yaw": limits.max_yaw * less, "max_pitch": limits.max_pitch * less},
        Code.FACE_TILTED: {"max_roll": limits.max_roll * less},
        Code.FACE_TOO_DARK: {"min_brightness": limits.min_brightness * more},
        Code.FACE_TOO_BRIGHT: {"max_brightness": limits.max_brightness * (1 - _SLACK / 2)},
        Code.FACE_BLURRED: {"min_sharpness": limits.min_sharpness * (1 + 2 * _SLACK)},
        Code.FACE_COVERED: {"min_mouth_detail": limits.min_mouth_detail * more},
        Code.FACE_EYES_CLOSED: {"min_eyes": limits.min_eyes + _LID_SLACK},
    }
    return replace(limits, **changed.get(before, {}))


def _detail(grey: NDArray[Any], part: tuple[slice, slice]) -> float:
    """Level edges, as a share of the light: gloss and shade do not matter, lips and lids do."""
    edges = cv2.Sobel(grey, cv2.CV_32F, 0, 1)[part]
    return float(np.abs(edges).mean()) / max(float(grey[part].mean()), 10.0)


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
