"""From the card's portrait to the face that all frames are compared with."""

import cv2
import numpy as np

from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.ports import FaceEngine, Image, PortraitDecoder, Vector

_ENLARGE = 3  # of 102×126: YuNet misses many faces at the chip's own size
_BORDER = 0.2  # of the width, added on each side: ID photos are cropped close


def reference(portrait: bytes, decoder: PortraitDecoder, engine: FaceEngine) -> tuple[Vector, Image]:
    """The embedding of the portrait's face, and the portrait itself as a person can look at it.

    Raises CardError(CARD_PORTRAIT_UNREADABLE, CARD_PORTRAIT_NO_FACE), EngineError.
    """
    decoded = decoder.decode(portrait)
    picture = enlarged(decoded)
    faces = engine.detect(picture)
    if not faces:
        raise CardError(Code.CARD_PORTRAIT_NO_FACE)
    return engine.embed(picture, faces[0]), np.array(decoded)


def enlarged(picture: Image) -> Image:
    """Three times larger, with its edge repeated around it."""
    large = cv2.resize(picture, None, fx=_ENLARGE, fy=_ENLARGE, interpolation=cv2.INTER_CUBIC)
    border = int(large.shape[1] * _BORDER)
    return np.asarray(
        cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE), np.uint8
    )
