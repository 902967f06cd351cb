"""Taking out of a chip's portrait what its hard compression put in: pure picture arithmetic.

Blocks and ringing are what the embedder stumbles over, not the small size: uncompressed, 102×126 pixels cost
almost nothing (docs/decisions/0001).
"""

import cv2
import numpy as np

from kiosk.face.geometry import aligned
from kiosk.ports import Face, Image

_QUALITY = 30
_BLOCK = 8
_STEP = 2
_MID_GREY = 110.0
_GAMMAS = (0.4, 1.6)  # no further: what is black holds nothing


def deblocked(picture: Image) -> Image:
    """The mean of the picture compressed again on shifted grids of blocks, in which no grid stands out.

    "Enhancement of JPEG-compressed images by re-application of JPEG" (Nosratinia, 2001), with every second
    shift; it needs to know nothing of the compression, and works on blocks of other codecs too.
    """
    height, width = picture.shape[:2]
    total = np.zeros(picture.shape, np.float32)
    shifts = [(x, y) for x in range(0, _BLOCK, _STEP) for y in range(0, _BLOCK, _STEP)]
    for x, y in shifts:
        shifted = cv2.copyMakeBorder(picture, y, _BLOCK, x, _BLOCK, cv2.BORDER_REPLICATE)
        jpeg = cv2.imencode(".jpg", shifted, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        again = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        total += np.asarray(again)[y : y + height, x : x + width]
    return np.asarray(np.rint(total / len(shifts)), np.uint8)


def lit(picture: Image, face: Face) -> Image:
    """The picture with the face as light as a face usually is, by one gamma for all of it."""
    grey = cv2.cvtColor(aligned(picture, face), cv2.COLOR_BGR2GRAY)[20:100, 20:100]
    mean = float(np.clip(grey.mean(), 5, 250))
    gamma = float(np.clip(np.log(_MID_GREY / 255) / np.log(mean / 255), *_GAMMAS))
    curve = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, curve), np.uint8)
