"""The terminal's engines as a worker has them: loaded once, used for one clip at a time."""

from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.face.engines import FaceEngines, load_engines
from kiosk.ports import Image, Recogniser
from kiosk.speech.factory import make_recogniser

_WIDTH = 240
"""A photo is made as small as this: the face's reference is prepared at three times the size of a chip's."""
_MOST_PIXELS = 4096 * 4096


class Engines(Struct, frozen=True, kw_only=True):
    """Networks of face and speech."""

    face: FaceEngines
    recogniser: Recogniser


def load(models: Path, *, liveness: str = "minifasnet") -> Engines:
    """Return the engines. `liveness`: "minifasnet", or "none" in simulation. Raises ModelError."""
    cv2.setNumThreads(1)
    return Engines(
        face=load_engines(models, liveness=liveness), recogniser=make_recogniser("embedded", models=models)
    )


class PhotoDecoder:
    """Implements `ports.PortraitDecoder` for the JPEG of a register or of a kept picture."""

    def decode(self, portrait: bytes) -> Image:
        """Return the picture as BGR, 240 wide at most. Raises CardError(CARD_PORTRAIT_UNREADABLE)."""
        try:
            picture = cv2.imdecode(np.frombuffer(portrait, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            picture = None
        if picture is None or picture.shape[0] * picture.shape[1] > _MOST_PIXELS:
            raise CardError(Code.CARD_PORTRAIT_UNREADABLE)
        scale = min(1.0, _WIDTH / picture.shape[1])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)
