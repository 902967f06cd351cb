"""Driver `face_recognition`: the networks of that package, run by dlib. Optional: extra `dlib`.

**Never with its customary threshold of 0.6.** Measured false match / false non-match rates in percent:

    set                                         dlib distance 0.6   0.5          0.4
    29 Chinese people, portraits as taken       39.1 / 0.6          5.3 / 4.6    0.02 / 47.7
    the same against a 102×126 JPEG portrait    37.7 / 0.9          4.1 / 15.8   0.02 / 68.4
    NUAA, 15 Chinese students, across days      72.1 / 0            19.6 / 1.9   0.34 / 28.6
    the same against a 102×126 JPEG portrait    68.6 / 2.4          16.0 / 17.6  0.26 / 56.2

At 0.6 two of five strangers pass for each other; at 0.4 it is safe, and sends every second genuine customer
to the clerk. So the likeness is scaled such that the threshold 0.47 of the settings is distance 0.40 for one
frame (a little more for the mean of several): choosing this driver costs patience rather than safety.

The detector and the five-point model are dlib's own. The package's 68-point model is not for commercial use
(iBUG 300-W) and is not touched.
"""

import importlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError
from kiosk.face.geometry import TEMPLATE, similarity
from kiosk.face.weights import weight_file
from kiosk.model import FaceMinimums, FaceThresholds
from kiosk.ports import Context, Face, Image, Vector

_EMBEDDER = "dlib_face_recognition_resnet_model_v1.dat"
_POINTS = "shape_predictor_5_face_landmarks.dat"
_WIDTH = 128
_WAVES = 4096  # the likeness is then right to about ±0.01
_SCALE = 0.40**2 / -np.log(0.47)  # exp(−d²/scale) is 0.47 at distance 0.40


class DlibSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`upsample` 1 finds faces from 40 px on, at four times the cost of 0 (80 px)."""

    upsample: int = 0


class DlibEngine:
    """`ports.FaceEngine`. Raises ModelError at construction if the extra is not installed."""

    Settings: ClassVar[type[Struct]] = DlibSettings
    thresholds = FaceThresholds(accept=0.47, accept_photographed=0.48, review=0.363, same_face=0.36)
    minimums = FaceMinimums(accept=0.40, review=0.363, same_face=0.25)
    name = "face_recognition"
    version = "dlib-resnet-v1"

    def __init__(self, settings: DlibSettings, context: Context) -> None:
        self._upsample = settings.upsample
        dlib, folder = _dlib(), _folder()
        try:
            self._detector = dlib.get_frontal_face_detector()
            self._shape = dlib.shape_predictor(str(weight_file(folder, _POINTS)))
            self._net = dlib.face_recognition_model_v1(str(weight_file(folder, _EMBEDDER)))
        except RuntimeError as error:
            raise ModelError(Code.MODEL_UNUSABLE, f"dlib: {error}") from None

    def detect(self, image: Image) -> list[Face]:
        """All faces, largest first. Raises EngineError."""
        rgb = np.ascontiguousarray(image[..., ::-1])
        try:
            boxes, scores, _ = self._detector.run(rgb, self._upsample, 0.0)
            faces = [
                _face(box, self._shape(rgb, box), score) for box, score in zip(boxes, scores, strict=True)
            ]
        except RuntimeError as error:
            raise EngineError(Code.FACE_ENGINE_FAILED, f"dlib: {error}") from None
        return sorted(faces, key=lambda face: -face.width * face.height)

    def embed(self, image: Image, face: Face) -> Vector:
        """(8192,) of unit length, see `spread`. Raises EngineError."""
        rgb = np.ascontiguousarray(image[..., ::-1])
        try:
            return spread(np.asarray(self._net.compute_face_descriptor(rgb, face.raw), np.float32))
        except (RuntimeError, TypeError) as error:
            raise EngineError(Code.FACE_ENGINE_FAILED, f"dlib: {error}") from None


def spread(descriptor: NDArray[np.float32]) -> Vector:
    """From dlib's vector, compared by distance d, to a unit vector whose dot product is about exp(−d²/scale).

    Random Fourier features of the Gaussian kernel (Rahimi and Recht, 2007), with fixed frequencies.
    """
    phases = _waves() @ descriptor.astype(np.float64)
    both = np.concatenate([np.cos(phases), np.sin(phases)])
    return np.asarray(both / np.linalg.norm(both), np.float32)


@lru_cache(maxsize=1)
def _waves() -> NDArray[np.float64]:
    """Made once, and only if this driver is used: four megabytes."""
    normal = np.random.Generator(np.random.PCG64(20)).standard_normal((_WAVES, _WIDTH))
    return np.asarray(normal * np.sqrt(2 / _SCALE), np.float64)


def _face(box: Any, shape: Any, score: float) -> Face:
    points = five_points(np.array([(shape.part(i).x, shape.part(i).y) for i in range(5)], np.float64))
    return Face(box.left(), box.top(), box.width(), box.height(), points, score, raw=shape)


def five_points(dlib_points: NDArray[np.float64]) -> NDArray[np.float32]:
    """From dlib's four corners of the eyes and nose; the mouth is put where faces have it."""
    known = np.array([dlib_points[2:4].mean(axis=0), dlib_points[0:2].mean(axis=0)])
    back = cv2.invertAffineTransform(similarity(known, TEMPLATE[:2]))
    mouth = TEMPLATE[3:] @ back[:, :2].T + back[:, 2]
    return np.concatenate([known, dlib_points[4:5], mouth]).astype(np.float32)


def _dlib() -> Any:
    try:
        return importlib.import_module("dlib")
    except ImportError:
        raise ModelError(Code.MODEL_MISSING, "driver face_recognition: install the extra 'dlib'") from None


def _folder() -> Path:
    """Where the weights lie; the package itself is not imported, it needs an old setuptools."""
    found = importlib.util.find_spec("face_recognition_models")
    if found is None or found.origin is None:
        raise ModelError(Code.MODEL_MISSING, "driver face_recognition: install the extra 'dlib'")
    return Path(found.origin).parent / "models"
