"""Measures from the picture itself how far an eye is open: the mesh hardly follows a lid.

In a blink the mesh's eye aspect ratio (Soukupová and Čech, 2016) falls from 0.20–0.33 to 0.15–0.23 only, and
one person's open eye reads like another's closed one. But the darkest thing of an open eye is its iris, which
stands above the line between the corners; of a closed one it is the row of lashes, which hangs below it.

On six GRID clips (450 frames, 6 people, 4 of whom blink; the 14 frames with closed eyes were marked by eye):
closed −0.094 … −0.030, one −0.007; open 0.019 and more, medians 0.065–0.138. Of NUAA's open eyes 2 in 182
frames are below −0.02, the default of `[face] min_eyes`, which was chosen on these clips for want of others;
the ratio's former limit of 0.12 found none of the 14.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.face.geometry import similarity
from kiosk.ports import Image

_WIDTH, _HEIGHT = 64, 40  # pixels of the straightened eye
_EYE = 38.0  # pixels between its corners
_PART = (slice(6, 34), slice(20, 44))  # without brow, corners and cheek
_FAINT = 3.0  # grey levels below the median that do not count as dark
_CORNERS = np.array([[(_WIDTH - _EYE) / 2, _HEIGHT / 2], [(_WIDTH + _EYE) / 2, _HEIGHT / 2]])


def openness(image: Image, corners: NDArray[np.floating]) -> float:
    """Return the height of the eye's darkness above the line between its corners, in widths of the eye.

    `corners`: (2, 2), the left one in the picture first. About 0.1 open; below 0 closed.
    """
    matrix = similarity(corners, _CORNERS)
    eye = cv2.cvtColor(cv2.warpAffine(image, matrix, (_WIDTH, _HEIGHT)), cv2.COLOR_BGR2GRAY)
    part = eye[_PART].astype(np.float32)
    darkness = np.maximum(0.0, np.median(part) - part - _FAINT)
    rows = np.arange(part.shape[0])[:, None] + _PART[0].start
    centre = float((darkness * rows).sum() / max(float(darkness.sum()), 1e-3))
    return (_HEIGHT / 2 - centre) / _EYE if darkness.any() else 0.0
