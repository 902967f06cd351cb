"""From the card's portrait to the face that all frames are compared with."""

import cv2
import numpy as np

from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.face.portrait_enhancement import deblocked, equalised, gamma_corrected, sizes
from kiosk.ports import Face, FaceEngine, Image, PortraitDecoder, Vector

_ENLARGE = (3, 4, 2)  # of 102×126: YuNet misses many faces at the chip's own size, and some at one of these
_BORDER = 0.2  # of the width, added on each side: ID photos are cropped close


def reference(portrait: bytes, decoder: PortraitDecoder, engine: FaceEngine) -> tuple[Vector, Image]:
    """The embedding of the portrait's face, and the portrait itself as a person can look at it.

    Raises CardError(CARD_PORTRAIT_UNREADABLE, CARD_PORTRAIT_NO_FACE), EngineError.
    """
    decoded = decoder.decode(portrait)
    small = deblocked(decoded)
    for factor in _ENLARGE:
        picture = enlarged(small, factor)
        if faces := engine.detect(picture):
            return _embedded(picture, faces[0], engine), np.array(decoded)
    raise CardError(Code.CARD_PORTRAIT_NO_FACE)


def _embedded(picture: Image, face: Face, engine: FaceEngine) -> Vector:
    """The mean over two ways to light the face and four sizes: what one of them spoils the others keep."""
    seen = [
        engine.embed(way(picture, face), one) for way in (gamma_corrected, equalised) for one in sizes(face)
    ]
    mean = np.mean(seen, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


def enlarged(picture: Image, factor: int = _ENLARGE[0]) -> Image:
    """So many times larger, with its edge repeated around it."""
    large = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    border = int(large.shape[1] * _BORDER)
    return np.asarray(
        cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE), np.uint8
    )
