"""Turns the card's portrait into the embedding that all frames are compared with."""

import cv2
import numpy as np

from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.face.geometry import unit_mean
from kiosk.face.portrait_enhancement import deblocked, equalised, gamma_corrected, sizes
from kiosk.ports import Face, FaceEngine, Image, PortraitDecoder, Vector

_FACTORS = (3, 4, 2)  # of 102×126: YuNet misses many faces at the chip's own size, and some at one of these
_BORDER = 0.2  # of the width, added on each side: ID photos are cropped close


def prepare_reference(portrait: bytes, decoder: PortraitDecoder, engine: FaceEngine) -> tuple[Vector, Image]:
    """Return the embedding of the portrait's face, and the portrait as decoded, for a clerk.

    Raises CardError(CARD_PORTRAIT_UNREADABLE, CARD_PORTRAIT_NO_FACE), EngineError.
    """
    decoded = decoder.decode(portrait)
    small = deblocked(decoded)
    for factor in _FACTORS:
        picture = enlarged(small, factor)
        if faces := engine.detect(picture):
            return embed_portrait(picture, faces[0], engine), np.array(decoded)
    raise CardError(Code.CARD_PORTRAIT_NO_FACE)


def embed_portrait(picture: Image, face: Face, engine: FaceEngine) -> Vector:
    """Return the mean over two ways to light the face and four sizes: what one spoils the others keep."""
    relit = [lighten(picture, face) for lighten in (gamma_corrected, equalised)]
    return unit_mean([engine.embed(variant, sized) for variant in relit for sized in sizes(face)])


def enlarged(picture: Image, factor: int = _FACTORS[0]) -> Image:
    """Return the picture `factor` times larger, with its edge repeated around it."""
    large = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    border = int(large.shape[1] * _BORDER)
    return np.asarray(
        cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE), np.uint8
    )
