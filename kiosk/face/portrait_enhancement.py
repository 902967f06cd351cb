"""Takes the traces of hard compression out of a chip's portrait: pure picture arithmetic.

Blocks and ringing are what the embedder stumbles over, not the small size: uncompressed, 102×126 pixels cost
almost nothing (docs/decisions/0001, where the choice of steps is measured).
"""

import cv2
import numpy as np
from msgspec.structs import replace

from kiosk.face.geometry import ALIGNED_PX, TEMPLATE, aligned, inverse, similarity
from kiosk.ports import Face, Image

_QUALITY = 30  # of JPEG
_BLOCK = 8  # pixels
_STEP = 2  # pixels from one shift of the grid to the next
_MID_GREY = 110.0  # mean of a well lit face
_GAMMAS = (0.4, 1.6)  # no further: what is black holds no features
_EXPONENT = 0.5  # takes out half of the unevenness: all of it would take the face's own relief, too
_SCALES = (1.0, 0.94, 0.88, 0.82)  # of the face in the aligned picture


def deblocked(picture: Image) -> Image:
    """Return the mean of the picture compressed again on shifted grids of blocks: no grid stands out in it.

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


def gamma_corrected(picture: Image, face: Face) -> Image:
    """Return the picture with the face as light as a face usually is, by one gamma for all of it."""
    grey = cv2.cvtColor(aligned(picture, face), cv2.COLOR_BGR2GRAY)[20:100, 20:100]
    mean = float(np.clip(grey.mean(), 5, 250))
    gamma = float(np.clip(np.log(_MID_GREY / 255) / np.log(mean / 255), *_GAMMAS))
    curve = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, curve), np.uint8)


def equalised(picture: Image, face: Face) -> Image:
    """Return the picture with shadows lifted: each pixel by the light around it, over the eyes' distance.

    A single-scale retinex (Jobson, Rahman and Woodell, 1997), halved in its exponent.
    """
    grey = picture.astype(np.float32).mean(axis=2) + 1
    around = cv2.GaussianBlur(grey, (0, 0), max(1.0, float(np.linalg.norm(face.points[1] - face.points[0]))))
    gain = (_MID_GREY / np.maximum(around, 1)) ** _EXPONENT
    return np.asarray(np.clip((picture + 1.0) * gain[..., None], 0, 255), np.uint8)


def sizes(face: Face) -> list[Face]:
    """Return the face with its points spread, so that it is smaller and smaller in the aligned picture.

    What was enlarged from few pixels has no fine detail; a smaller face looks as if it had all there can be.
    """
    back = inverse(similarity(face.points, TEMPLATE))
    middle = back @ np.array([ALIGNED_PX / 2, ALIGNED_PX / 2, 1.0])
    return [
        replace(face, points=(middle + (face.points - middle) / scale).astype(np.float32))
        for scale in _SCALES
    ]
