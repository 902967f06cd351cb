"""Cuts faces out of pictures and averages embeddings: pure arithmetic and one warp."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.ports import Face, Image, Vector

ALIGNED_PX = 112
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""The five points of `Face.points` in an aligned face of 112×112 pixels: the template that ArcFace and SFace
were trained with (Deng et al., 2019)."""


def similarity(points: NDArray[np.floating], template: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the (2, 3) matrix of rotation, one scale and shift that brings `points` nearest to `template`.

    Both are (n, 2). Least squares in the complex plane: with both centred, q ≈ a·p has a = Σ q·p̄ / Σ |p|².
    """
    p = points[:, 0] + 1j * points[:, 1]
    q = template[:, 0] + 1j * template[:, 1]
    centred = p - p.mean()
    a = ((q - q.mean()) * centred.conj()).sum() / max(float((abs(centred) ** 2).sum()), 1e-9)
    b = q.mean() - a * p.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def aligned(image: Image, face: Face) -> Image:
    """Return the face upright, eyes and mouth where the template has them, (112, 112, 3)."""
    matrix = similarity(face.points, TEMPLATE)
    return np.asarray(cv2.warpAffine(image, matrix, (ALIGNED_PX, ALIGNED_PX)), np.uint8)


def eye_angle(face: Face) -> float:
    """Return the radians by which the line from the picture's left eye to its right eye falls (clockwise)."""
    (x0, y0), (x1, y1) = face.points[0], face.points[1]
    return float(np.arctan2(y1 - y0, x1 - x0))


def upright_crop(face: Face, angle: float, scale: float, size: int) -> NDArray[np.float64]:
    """Return the (2, 3) matrix that turns a face leaning by `angle` radians upright in a square.

    `size`: pixels of the square's side, which shows `scale` times the longer side of the face's box.
    """
    zoom = size / (scale * max(face.width, face.height, 1.0))
    cos, sin = np.cos(-angle) * zoom, np.sin(-angle) * zoom
    x, y = face.x + face.width / 2, face.y + face.height / 2
    half = size / 2
    return np.array([[cos, -sin, half - cos * x + sin * y], [sin, cos, half - sin * x - cos * y]])


def inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (2, 3) matrix that undoes an affine one."""
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def window(image: Image, face: Face, widths: float) -> Image:
    """Return a view of the face's box and `widths` face widths around it, clipped to the picture."""
    height, width = image.shape[:2]
    margin = widths * face.width
    x0, x1 = max(0, int(face.x - margin)), min(width, int(face.x + face.width + margin))
    y0, y1 = max(0, int(face.y - margin)), min(height, int(face.y + face.height + margin))
    return image[y0:y1, x0:x1]


def unit_mean(vectors: Sequence[Vector]) -> Vector:
    """Return the mean of embeddings, scaled to unit length."""
    mean = np.mean(vectors, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)
