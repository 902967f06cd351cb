"""Assess frames as the terminal's coaching does: the hint it would show, and the frame's rank."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.codes import Code
from kiosk.errors import EngineError
from kiosk.face.quality import hint, measure, rank
from kiosk.ports import Face, FaceLandmarks, Image
from kiosk.settings import FaceSettings


class FrameAssessment(Struct, frozen=True):
    """`hint` OK: a good frame, which is matched. `rank`, `brightness` (0…255) as in `kiosk.face.quality`."""

    hint: Code
    rank: float
    brightness: float = float("nan")


def assess_frame(image: Image, face: Face, landmarks: FaceLandmarks, limits: FaceSettings) -> FrameAssessment:
    """Apply the terminal's measures and limits to this one picture."""
    try:
        mesh = landmarks.measure(image, face)
    except EngineError as error:
        return FrameAssessment(error.code, 0.0)
    quality = measure(image, face)
    return FrameAssessment(hint(quality, mesh, limits), rank(quality, mesh, face), quality.brightness)


def good_frames(assessments: Sequence[FrameAssessment]) -> NDArray[np.bool_]:
    """Return (frames,): which frames the terminal would match."""
    return np.array([one.hint is Code.OK for one in assessments], bool)


def format_hints(assessments: Sequence[FrameAssessment]) -> str:
    """Format the number of frames by hint as one line for the report."""
    hints = Counter(one.hint.value for one in assessments)
    return "coaching: " + ", ".join(f"{count} {code}" for code, count in hints.most_common())
