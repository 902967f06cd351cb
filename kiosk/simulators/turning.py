"""Turning a flat face: pixels shift by their depth, which the face mesh tells."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[Any]

_COARSE = 4  # depth is smooth: it is kept at a quarter of the size
_SMOOTH = 0.045  # of the face's width
_NECK = 0.5  # face widths below the chin over which the turn fades into the body


class Turning:
    """`points`: (468, 3), the mesh in pixels of a figure of `shape` (height, width)."""

    def __init__(self, points: NDArray[np.float64], shape: tuple[int, int], face_width: float) -> None:
        self._shape = shape
        self._wide = face_width
        self._axis, self._chin = float(points[:, 0].mean()), float(points[152, 1])
        self._depth = self._relief(points)
        self._made: dict[int, tuple[Map, Map]] = {}

    @property
    def relief(self) -> NDArray[np.float32]:
        """(height, width): how far each pixel stands out from the face's outline, in pixels."""
        return self._depth

    def maps(self, degrees: float) -> tuple[Map, Map]:
        """For `cv2.remap`: where each pixel comes from; positive turns to the picture's right."""
        whole = round(degrees)
        if whole not in self._made:
            self._made[whole] = self._make(math.radians(whole))
        return self._made[whole]

    def _make(self, angle: float) -> tuple[Map, Map]:
        height, width = self._shape
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        upright = np.clip(1 - (y - self._chin) / (_NECK * self._wide), 0, 1)
        source = x.copy()
        for _ in range(15):  # the inverse of x → x + shift(x), as a fixed point
            depth = cv2.remap(self._depth, source, y, cv2.INTER_LINEAR)
            off = source - self._axis
            near = np.clip(2.0 - 1.5 * abs(off) / self._wide, 0, 1)
            shift = off * near * (math.cos(angle) - 1) + depth * math.sin(angle)
            source = (0.5 * source + 0.5 * (x - upright * shift)).astype(np.float32)
        one, two = cv2.convertMaps(source, y, cv2.CV_16SC2)
        return one, two

    def _relief(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        """How far each pixel stands out from the face's outline, in pixels; 0 off the face."""
        height, width = (side // _COARSE + 1 for side in self._shape)
        known = np.zeros((height, width), np.float32)
        depth = np.zeros((height, width), np.float32)
        for px, py, pz in points:
            row, column = int(py) // _COARSE, int(px) // _COARSE
            if 0 <= row < height and 0 <= column < width:
                known[row, column] += 1
                depth[row, column] += max(0.0, float(points[:, 2].max() - pz))
        sigma = _SMOOTH * self._wide / _COARSE
        weight = cv2.GaussianBlur(known, (0, 0), sigma)
        relief = cv2.GaussianBlur(depth, (0, 0), sigma) / (weight + 0.02 * float(weight.max()))
        full = cv2.resize(relief, None, fx=_COARSE, fy=_COARSE, interpolation=cv2.INTER_LINEAR)
        return np.asarray(full[: self._shape[0], : self._shape[1]], np.float32)
