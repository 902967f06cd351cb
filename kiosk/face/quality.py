"""Judges whether a face is good enough to be matched, and if not, what to tell the person. Pure."""

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

_BACKLIGHT = 70.0  # grey levels by which the surroundings of a face that is too dark are to blame for it
_ROOM = 0.04  # above a face, in its heights: with less the edge cuts it (docs/evaluate.md, Coaching)
_MIN_PRESENCE = 0.5
_INNER = slice(20, 100)  # of the aligned face: without hair and background
_EYES, _MOUTH = (slice(40, 66), slice(34, 78)), (slice(82, 104), slice(42, 70))  # of the aligned face
_SLACK = 0.08  # share by which a measure must become better than its limit before its hint goes away
_LID_SLACK = 0.02  # the same for the eyes, whose limit is near 0, as a difference


class FaceMeasures(Struct, frozen=True, kw_only=True):
    """Sizes in fractions of the picture, light in grey levels 0…255.

    `sharpness` is the variance of the Laplacian of the aligned face (Pech-Pacheco et al., 2000), after
    a small blur that takes the sensor's noise out, as if its mean grey were 128; `off_centre` the larger of
    the distances across and down. `mouth_detail`: level edges about the mouth against those about the eyes,
    each as a share of its light; a mask has none (below 0.15 where one is drawn; without, 282 faces: 0.47 and
    more). `room`: between the face and the picture's upper edge, in heights of the face.
    """

    sharpness: float
    brightness: float
    surroundings: float
    width: float
    off_centre: float
    mouth_detail: float = 1.0
    room: float = 1.0


def measure(image: Image, face: Face) -> FaceMeasures:
    """Return what the picture shows of one face."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(aligned(image, face), cv2.COLOR_BGR2GRAY)
    inner = grey[_INNER, _INNER]
    brightness = float(inner.mean())
    gain = 128.0 / max(brightness, 1.0)  # else a dark picture would be called blurred
    smooth = cv2.GaussianBlur(inner, (5, 5), 0)
    x, y = (face.x + face.width / 2) / width, (face.y + face.height / 2) / height
    return FaceMeasures(
        sharpness=float(cv2.Laplacian(smooth, cv2.CV_32F).var()) * gain**2,
        brightness=brightness,
        surroundings=_background_brightness(window(image, face, 0.5)[::4, ::4]),
        width=face.width / width,
        off_centre=max(abs(x - 0.5), abs(y - 0.5)),
        room=face.y / face.height,
        mouth_detail=_detail(grey, _MOUTH) / max(_detail(grey, _EYES), 1e-3),
    )


def _detail(grey: NDArray[Any], part: tuple[slice, slice]) -> float:
    """Return the level edges as a share of the light: gloss and shade do not matter, lips and lids do."""
    edges = cv2.Sobel(grey, cv2.CV_32F, 0, 1)[part]
    return float(np.abs(edges).mean()) / max(float(grey[part].mean()), 10.0)


def _background_brightness(around: NDArray[Any]) -> float:
    """Return the mean grey of the outer quarter on both sides and above; NaN if no pixel is there."""
    grey = around.mean(axis=2)
    height, width = grey.shape
    side = max(1, width // 4)
    parts = (grey[: height // 2, :side], grey[: height // 2, -side:], grey[: max(1, height // 8)])
    pixels = np.concatenate([part.ravel() for part in parts])
    return float(pixels.mean()) if pixels.size else float("nan")


def hint(found: FaceMeasures, mesh: FaceMesh, limits: FaceSettings, last: Code = Code.OK) -> Code:
    """Return the first thing that is wrong, in the order in which a person can put it right; OK if none is.

    `last` is the hint of the frame before: it stays until its measure is clearly good, so that the hint of a
    person who stands just at a limit does not change with every frame.
    """
    limits = _stricter(limits, last)
    turned = abs(mesh.yaw) > limits.max_yaw or abs(mesh.pitch) > limits.max_pitch
    dark = found.brightness < limits.min_brightness
    faults = (
        (Code.FACE_TOO_FAR, found.width < limits.min_width),
        (Code.FACE_TOO_NEAR, found.width > limits.max_width),
        (Code.FACE_CUT, found.room < (_ROOM if last is not Code.FACE_CUT else 2 * _ROOM)),
        (Code.FACE_OFF_CENTRE, found.off_centre > limits.max_off_centre),
        (Code.FACE_TURNED, turned or mesh.presence < _MIN_PRESENCE),
        (Code.FACE_TILTED, abs(mesh.roll) > limits.max_roll),
        (Code.FACE_BACKLIT, dark and found.surroundings - found.brightness > _BACKLIGHT),
        (Code.FACE_TOO_DARK, dark),
        (Code.FACE_TOO_BRIGHT, found.brightness > limits.max_brightness),
        (Code.FACE_BLURRED, found.sharpness < limits.min_sharpness),
        (Code.FACE_COVERED, found.mouth_detail < limits.min_mouth_detail),
        (Code.FACE_EYES_CLOSED, mesh.eyes < limits.min_eyes),
    )
    return next((code for code, holds in faults if holds), Code.OK)


def _stricter(limits: FaceSettings, last: Code) -> FaceSettings:
    """Return the limits with the one that the last hint was about moved by the slack."""
    more, less = 1 + _SLACK, 1 - _SLACK
    changes: dict[Code, dict[str, float]] = {
        Code.FACE_TOO_FAR: {"min_width": limits.min_width * more},
        Code.FACE_TOO_NEAR: {"max_width": limits.max_width * less},
        Code.FACE_OFF_CENTRE: {"max_off_centre": limits.max_off_centre * less},
        Code.FACE_TURNED: {"max_yaw": limits.max_yaw * less, "max_pitch": limits.max_pitch * less},
        Code.FACE_TILTED: {"max_roll": limits.max_roll * less},
        Code.FACE_BACKLIT: {"min_brightness": limits.min_brightness * more},
        Code.FACE_TOO_DARK: {"min_brightness": limits.min_brightness * more},
        Code.FACE_TOO_BRIGHT: {"max_brightness": limits.max_brightness * (1 - _SLACK / 2)},
        Code.FACE_BLURRED: {"min_sharpness": limits.min_sharpness * (1 + 2 * _SLACK)},
        Code.FACE_COVERED: {"min_mouth_detail": limits.min_mouth_detail * more},
        Code.FACE_EYES_CLOSED: {"min_eyes": limits.min_eyes + _LID_SLACK},
    }
    return replace(limits, **changes.get(last, {}))


def rank(found: FaceMeasures, mesh: FaceMesh, face: Face) -> float:
    """Return how good a frame is among good ones: sharp, frontal, sure. It must not know the likeness."""
    frontal = np.cos(np.radians(mesh.yaw)) * np.cos(np.radians(mesh.pitch))
    return float(np.log1p(found.sharpness) * frontal * face.score)
