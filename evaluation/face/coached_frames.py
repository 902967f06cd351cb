"""What the terminal would say to the person in a picture, and how good it would take the picture for."""

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


class Coached(Struct, frozen=True):
    """`hint` OK: a good frame, which is matched. `rank` as in `kiosk.face.quality`."""

    hint: Code
    rank: float


def coached(image: Image, face: Face, landmarks: FaceLandmarks, limits: FaceSettings) -> Coached:
    """The same measures and limits as at the counter, on this one picture."""
    try:
        mesh = landmarks.measure(image, face)
    except EngineError as error:
        return Coached(error.code, 0.0)
    found = measure(image, face)
    return Coached(hint(found, mesh, limits), rank(found, mesh, face))


def good(all_: Sequence[Coached]) -> NDArray[np.bool_]:
    return np.array([one.hint is Code.OK for one in all_], bool)


def told(all_: Sequence[Coached]) -> str:
    """One line for the report."""
    said = Counter(one.hint.value for one in all_)
    return "coaching: " + ", ".join(f"{count} {code}" for code, count in said.most_common())
