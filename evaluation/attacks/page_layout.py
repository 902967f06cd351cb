"""Lay out a portrait on a sheet or a display so that the face has a given size in millimetres."""

import cv2
import numpy as np

from kiosk.ports import Face, Image

FACE_MM = 150.0
"""Width of a detected face box at life size."""
_FACE_HEIGHT = 0.42  # of the face's middle, in shares of the sheet's height from the top


def lay_out(
    photo: Image, face: Face, sheet_mm: tuple[float, float], face_mm: float, px_per_mm: float
) -> Image:
    """Place the photo about its face and repeat its edges outwards.

    Returns (height · px_per_mm, width · px_per_mm, 3).
    """
    wide, tall = (round(side * px_per_mm) for side in sheet_mm)
    zoom = face_mm * px_per_mm / face.width
    x, y = face.x + face.width / 2, face.y + face.height / 2
    matrix = np.array([[zoom, 0, wide / 2 - zoom * x], [0, zoom, _FACE_HEIGHT * tall - zoom * y]])
    soft = cv2.GaussianBlur(photo, (0, 0), max(0.3, 0.4 / zoom)) if zoom < 1 else photo
    interpolation = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpAffine(soft, matrix, (wide, tall), flags=interpolation, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
