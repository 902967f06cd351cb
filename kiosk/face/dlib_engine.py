"""Driver `face_recognition`: the networks of that package, run by dlib. Optional: extra `dlib`.

**Never with its customary threshold, distance 0.6**: two of five strangers pass for each other there; at 0.4
hardly one does, and every second genuine customer goes to the clerk (measured: docs/decisions/0001). So
`accept` is distance 0.40 for one frame (a little more for the mean of several). In a visit of three tries, in
which a stranger has 24 chances:

    kiosk evaluate face --driver face_recognition --data nuaa-half --photographed
    FMR / FNMR of a visit, in percent           accept         review         FMR 0.1 % at
    portrait as taken                           0.87 / 18.2    13.1 / 1.5     0.52
    102×126 JPEG q30                            0.97 / 73.7     6.7 / 42.0    0.60
    102×126 WebP 1 KB                           0.88 / 69.8     7.8 / 35.3    0.54
    photographed card (simulated)               1.44 / 43.7    12.9 / 10.3    0.56

A stranger who reaches `review` has yet to convince a clerk. A site that wants SFace's FMR of 0.1 % sets
[face_engine.limits] accept = 0.60, and then nearly everybody goes to the clerk. On LFW 10×10 no stranger of
9,000 passes at `accept`; FNMR is 8 % as taken and 25 % against JPEG portraits.

The package's detector, five-point model and embedder are used. Importing it also loads two networks that are
not: its 68-point model, which is not for commercial use (iBUG 300-W), and a second detector.
"""

import importlib
import warnings
from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import ClassVar

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import ImageFile

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError
from kiosk.face.geometry import TEMPLATE, similarity
from kiosk.model import FaceMinimums, FaceThresholds
from kiosk.ports import Context, Face, Image, Vector

_PACKAGES = ("dlib", "face_recognition_models", "face_recognition")
_WIDTH = 128
_WAVES = 4096  # the likeness is then right to about ±0.01
_ACCEPT, _ACCEPT_DISTANCE = 0.47, 0.40
_REVIEW = 0.363
_SCALE = _ACCEPT_DISTANCE**2 / -np.log(_ACCEPT)  # so that exp(−d²/scale) is `accept` at that distance

Location = tuple[int, int, int, int]
"""The package's own order of a box's sides, in pixels: top, right, bottom, left."""


class DlibSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`upsample` 1 finds faces from 40 px on, at four times the cost of 0 (80 px)."""

    upsample: int = 0


class DlibEngine:
    """`ports.FaceEngine`. Raises ModelError at construction if the extra is not installed."""

    Settings: ClassVar[type[Struct]] = DlibSettings
    # `review`, `same_face` and `accept_photographed` are SFace's numbers; the rates that `review` gives are
    # measured (above), those of `same_face` are not.
    thresholds = FaceThresholds(accept=_ACCEPT, accept_photographed=0.48, review=_REVIEW, same_face=0.36)
    # One stranger in a hundred passes a visit at `accept`: any lower and the check is none.
    minimums = FaceMinimums(accept=_ACCEPT, review=_REVIEW, same_face=0.25)
    name = "face_recognition"
    version = "dlib-resnet-v1"

    def __init__(self, settings: DlibSettings, context: Context) -> None:
        self._upsample = settings.upsample
        self._package = import_package()

    def detect(self, image: Image) -> list[Face]:
        """Return all faces, largest first, each with score 1: the package gives none. Raises EngineError."""
        rgb = np.ascontiguousarray(image[..., ::-1])
        try:
            locations = self._package.face_locations(rgb, self._upsample)
            landmarks = self._package.face_landmarks(rgb, locations, "small")
        except RuntimeError as error:
            raise EngineError(Code.FACE_ENGINE_FAILED, f"dlib: {error}") from None
        faces = [_face(*found) for found in zip(locations, landmarks, strict=True)]
        return sorted(faces, key=lambda face: -face.width * face.height)

    def embed(self, image: Image, face: Face) -> Vector:
        """Return (8192,) of unit length, see `spread`. Raises EngineError."""
        rgb = np.ascontiguousarray(image[..., ::-1])
        left, top = round(face.x), round(face.y)
        location = (top, round(face.x + face.width), round(face.y + face.height), left)
        try:
            (descriptor,) = self._package.face_encodings(rgb, [location], model="small")
        except (RuntimeError, TypeError) as error:
            raise EngineError(Code.FACE_ENGINE_FAILED, f"dlib: {error}") from None
        return spread(np.asarray(descriptor, np.float32))


def import_package() -> ModuleType:
    """Return the module `face_recognition`. Raises ModelError if it cannot be used.

    Its import loads the networks, calls `quit()` where `face_recognition_models` cannot be imported (so that
    is imported first), warns of `pkg_resources`, and lets Pillow accept truncated pictures everywhere.
    """
    accepts_truncated = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        with warnings.catch_warnings(action="ignore"):
            return [importlib.import_module(name) for name in _PACKAGES][-1]
    except ImportError as error:
        detail = f"driver face_recognition: install the extra 'dlib' ({error.name})"
        raise ModelError(Code.MODEL_MISSING, detail) from None
    except RuntimeError as error:
        raise ModelError(Code.MODEL_UNUSABLE, f"dlib: {error}") from None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = accepts_truncated


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


def _face(location: Location, landmarks: dict[str, list[tuple[int, int]]]) -> Face:
    top, right, bottom, left = location
    # The package's left is the left in the picture.
    points = five_points(landmarks["left_eye"], landmarks["right_eye"], landmarks["nose_tip"])
    return Face(x=left, y=top, width=right - left, height=bottom - top, points=points, score=1.0)


def five_points(
    right_eye: Sequence[tuple[int, int]], left_eye: Sequence[tuple[int, int]], nose: Sequence[tuple[int, int]]
) -> NDArray[np.float32]:
    """Return `Face.points` from two corners of each of the person's eyes and the tip of the nose, (1, 2).

    The corners of the mouth are put where the template has them.
    """
    known = np.array([np.mean(right_eye, axis=0), np.mean(left_eye, axis=0)])
    back = cv2.invertAffineTransform(similarity(known, TEMPLATE[:2]))
    mouth = TEMPLATE[3:] @ back[:, :2].T + back[:, 2]
    return np.concatenate([known, nose, mouth]).astype(np.float32)
