"""Driver `mediapipe`: 468 points on a face by MediaPipe's `face_landmark.tflite`, run by OpenCV.

Only the weight file of MediaPipe is used. The input is the face, upright, in a square one and a half times
its box, 192×192 RGB, 0…1; outputs are 468 × (x, y, z) in pixels of that square (z: away from the camera, in
the scale of x) and the logit that a face is there at all (MediaPipe "Face Mesh" model card, 2020).
"""

from typing import ClassVar

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.face.eyes import openness
from kiosk.face.geometry import eye_angle, inverse, upright_crop
from kiosk.face.weights import load_errors, require, run_errors
from kiosk.models import locate
from kiosk.ports import Context, Face, FaceMesh, Image

Points = NDArray[np.float64]
"""(468, 3)."""

_SIZE = 192  # pixels of the input's side
_SCALE = 1.5  # of it to the longer side of the face's box
_LEANING = 0.12  # radians by which the mesh may lean without being cut out anew
_OUTPUTS = ("conv2d_21", "conv2d_31")  # the points, the logit

# Indices of the canonical face mesh; "right" is the person's right, left in the picture.
_LIPS_INNER = ((82, 87), (13, 14), (312, 317))  # upper, lower
_LIP_CORNERS = (78, 308)
_EYES = ((33, 133), (362, 263))  # corners, left in the picture first
_SIDES = ((234, 454), (33, 263), (61, 291), (127, 356))  # right, left: four level lines
_MIDDLE = (10, 152)  # top of the forehead, chin


class MediaPipeSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`model`: name in the manifest of models."""

    model: str = "face-landmark"


class MediaPipeLandmarks:
    """`ports.FaceLandmarks`. Raises ModelError at construction."""

    Settings: ClassVar[type[Struct]] = MediaPipeSettings
    name = "mediapipe"
    version = "face_landmark-0.10"

    def __init__(self, settings: MediaPipeSettings, context: Context) -> None:
        path = locate(context.models, settings.model)
        with load_errors(settings.model):
            self._net = cv2.dnn.readNetFromTFLite(str(path))
        with load_errors(settings.model):
            points, presence = self._run(np.full((_SIZE, _SIZE, 3), 127, np.uint8))
        require(points.shape == (468, 3), settings.model, f"{points.shape} points")
        require(presence < 0.5, settings.model, "a face in an empty picture")

    def measure(self, image: Image, face: Face) -> FaceMesh:
        """Return ratios and angles of one face. Raises EngineError."""
        crop, points, angle, presence = self._locate(image, face)
        yaw, pitch, roll = angles(points)
        roll += float(np.degrees(angle))
        return FaceMesh(
            mouth=mouth_opening(points),
            eyes=eyes_openness(crop, points),
            yaw=yaw,
            pitch=pitch,
            roll=roll,
            presence=presence,
        )

    def points(self, image: Image, face: Face) -> Points:
        """Return the mesh in pixels of `image`; z in the same scale, negative to the camera.

        Raises EngineError.
        """
        _, points, angle, _ = self._locate(image, face)
        back = inverse(upright_crop(face, angle, _SCALE, _SIZE))
        zoom = float(np.hypot(back[0, 0], back[1, 0]))
        flat = points[:, :2] @ back[:, :2].T + back[:, 2]
        return np.column_stack([flat, points[:, 2] * zoom])

    def _locate(self, image: Image, face: Face) -> tuple[Image, Points, float, float]:
        """Return the upright square, the points in it, the angle (radians) it was turned by, and presence.

        Detectors see a tilted head's eyes too level; where the mesh still leans, it is taken once more.
        Raises EngineError.
        """
        angle = eye_angle(face)
        with run_errors(self.name):
            crop = _cut(image, upright_crop(face, angle, _SCALE, _SIZE))
            points, presence = self._run(crop)
            left = np.radians(angles(points)[2])
            if abs(left) > _LEANING:
                angle += float(left)
                crop = _cut(image, upright_crop(face, angle, _SCALE, _SIZE))
                points, presence = self._run(crop)
        return crop, points, angle, presence

    def _run(self, crop: Image) -> tuple[Points, float]:
        self._net.setInput(cv2.dnn.blobFromImage(crop, 1 / 255, (_SIZE, _SIZE), swapRB=True))
        mesh, logit = self._net.forward(_OUTPUTS)
        points = np.asarray(mesh, np.float64).reshape(-1, 3)
        return points, float(1 / (1 + np.exp(-float(np.ravel(logit)[0]))))


def mouth_opening(points: Points) -> float:
    """Return the inner-lip distance over the mouth's width.

    Both are lengths in space, so that a turned head opens no mouth.
    """
    gaps = [np.linalg.norm(points[upper] - points[lower]) for upper, lower in _LIPS_INNER]
    right, left = points[list(_LIP_CORNERS)]
    return float(np.mean(gaps)) / max(float(np.linalg.norm(right - left)), 1e-6)


def eyes_openness(crop: Image, points: Points) -> float:
    """Return the mean of both eyes, see `kiosk.face.eyes`."""
    return float(np.mean([openness(crop, points[list(corners), :2]) for corners in _EYES]))


def angles(points: Points) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees, from the mesh's own depth.

    Positive: the nose points to the picture's right; upwards; the head leans clockwise in the picture.
    """
    across = np.mean([points[left] - points[right] for right, left in _SIDES], axis=0)
    down = points[_MIDDLE[1]] - points[_MIDDLE[0]]
    yaw = np.degrees(np.arctan2(across[2], across[0]))
    pitch = -np.degrees(np.arctan2(down[2], down[1]))
    roll = np.degrees(np.arctan2(across[1], across[0]))
    return float(yaw), float(pitch), float(roll)


def _cut(image: Image, matrix: NDArray[np.float64]) -> Image:
    return np.asarray(cv2.warpAffine(image, matrix, (_SIZE, _SIZE)), np.uint8)
