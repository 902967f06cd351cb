"""Driver `sface`: YuNet finds faces (through OpenCV), SFace tells how alike two are (ONNX Runtime).

Why this pair: at a false match rate of 0.1 % it wrongly rejects 2.9 % of Chinese test subjects, where dlib
rejects 39.7 % (docs/decisions). Likeness is the cosine of two embeddings.
"""

from typing import ClassVar

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.codes import Code
from kiosk.errors import EngineError
from kiosk.face.geometry import ALIGNED_PX, aligned
from kiosk.face.net import OnnxNet
from kiosk.face.weights import load_errors, require, run_errors
from kiosk.model import FaceMinimums, FaceThresholds
from kiosk.models import locate
from kiosk.ports import Context, Face, Image, Vector

_AUTHORS_THRESHOLD = 0.363
"""Below the threshold of its authors strangers and dark portraits are alike (docs/decisions/0001)."""
_NMS_OVERLAP = 0.3  # of two boxes, above which the weaker is dropped
_MAX_FACES = 100


class SFaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`detector`, `embedder`: names in the manifest of models.

    `longest_px`: pictures are made this small to find faces; a face must then still be some 24 px wide.
    """

    detector: str = "yunet"
    embedder: str = "sface"
    longest_px: int = 320
    min_score: float = 0.7


class SFace:
    """`ports.FaceEngine`. Raises ModelError at construction."""

    Settings: ClassVar[type[Struct]] = SFaceSettings
    # For portraits as chips hold them: chosen on half of the people, reported on the others and on all
    # (docs/decisions/0001). Strangers with a photographed card are the more alike; a clerk looks at each.
    thresholds = FaceThresholds(
        accept=0.45, accept_photographed=0.48, review=_AUTHORS_THRESHOLD, same_face=0.36
    )
    minimums = FaceMinimums(accept=0.40, review=_AUTHORS_THRESHOLD, same_face=0.25)
    name = "sface"
    version = "yunet-2023mar-int8bq+sface-2021dec-int8bq"

    def __init__(self, settings: SFaceSettings, context: Context) -> None:
        # OpenCV's pool of threads spins between calls: on two cores it would take the window's.
        cv2.setNumThreads(1)
        self._longest = settings.longest_px
        detector = str(locate(context.models, settings.detector))
        with load_errors(settings.detector):
            self._yunet = cv2.FaceDetectorYN.create(
                detector, "", (self._longest, self._longest), settings.min_score, _NMS_OVERLAP, _MAX_FACES
            )
        self._sface = OnnxNet(locate(context.models, settings.embedder))
        with load_errors(settings.embedder):
            self._self_test(settings)

    def detect(self, image: Image) -> list[Face]:
        """Return all faces, largest first, found in a reduced copy. Raises EngineError."""
        height, width = image.shape[:2]
        shrink = min(1.0, self._longest / max(height, width, 1))
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        with run_errors("yunet"):
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if shrink < 1 else image
            self._yunet.setInputSize(size)
            rows = self._yunet.detect(small)[1]
        scales = np.array([width / size[0], height / size[1]], np.float32)
        # On pictures of a pixel's height YuNet finds faces without size, or at infinity.
        sound = [] if rows is None else [r for r in rows if np.isfinite(r).all() and r[2] > 0 and r[3] > 0]
        faces = [_face(row, scales) for row in sound]
        return sorted(faces, key=lambda face: -face.width * face.height)

    def embed(self, image: Image, face: Face) -> Vector:
        """Return (128,) of unit length. Raises EngineError."""
        with run_errors("sface"):
            vector = self._feature(aligned(image, face))
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or length < 1e-6:
            raise EngineError(Code.FACE_ENGINE_FAILED, "sface: an embedding without length")
        return vector / np.float32(length)

    def _feature(self, crop: Image) -> Vector:
        """Return the (128,) output for an aligned face; RGB, 0…255, as SFace was trained."""
        return self._sface.run(cv2.dnn.blobFromImage(crop, 1.0, (ALIGNED_PX, ALIGNED_PX), swapRB=True))

    def _self_test(self, settings: SFaceSettings) -> None:
        """Require that unlike pictures give unlike vectors and that a flat one holds no face."""
        flat = np.full((120, 160, 3), 127, np.uint8)
        self._yunet.setInputSize((160, 120))
        require(self._yunet.detect(flat)[1] is None, settings.detector, "a face in an empty picture")
        noise = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
        ramp = np.repeat(np.linspace(0, 255, 112, dtype=np.uint8)[:, None, None], 112, 1).repeat(3, 2)
        one, two = self._feature(noise), self._feature(ramp)
        sound = np.isfinite(one).all() and np.isfinite(two).all() and min(one.std(), two.std()) > 0
        alike = float(one @ two / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-9))
        require(
            bool(sound) and alike < 0.9, settings.embedder, f"degenerate embeddings (likeness {alike:.2f})"
        )


def _face(row: Vector, scales: NDArray[np.float32]) -> Face:
    """Return the face of YuNet's 15 numbers: box (4), five points (10), score."""
    x, y = row[0:2] * scales
    width, height = row[2:4] * scales
    return Face(
        x=float(x),
        y=float(y),
        width=float(width),
        height=float(height),
        points=row[4:14].reshape(5, 2) * scales,
        score=float(row[14]),
    )
