"""Turn the head in a flat picture: pixels are shifted by their depth, which comes from the face mesh."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_GRID_PX = 4  # depth and shift are smooth: computed for every fourth pixel
_SMOOTHING = 0.045  # of the face's width
_NECK = 0.5  # face widths below the chin over which the turn fades into the body


class DepthWarp:
    """Pixel maps that turn and nod one figure's head; each pose is computed once.

    `points`: (468, 3), the mesh in pixels of a figure of `shape` (height, width). `face_width`: pixels.
    """

    def __init__(self, points: NDArray[np.float64], shape: tuple[int, int], face_width: float) -> None:
        self._shape = shape
        self._wide = face_width
        self._axis, self._chin = float(points[:, 0].mean()), float(points[152, 1])
        self._level = float(points[:, 1].mean())
        self.relief = self._relief(points)
        """(height, width): how far each pixel stands out from the face's outline, in pixels."""
        self._maps: dict[tuple[int, int], tuple[Array, Array]] = {}

    def maps(self, degrees: float, nod: float = 0.0) -> tuple[Array, Array]:
        """Return the two maps for `cv2.remap`; positive angles turn to the picture's right, and upwards.

        One of the two at a time: `nod`, in degrees, counts where `degrees` is less than half a degree.
        """
        turn, up = round(degrees), round(nod)
        key = (turn, 0) if turn else (0, up)
        if key not in self._maps:
            self._maps[key] = self._compute(math.radians(turn or up), upwards=not turn)
        return self._maps[key]

    def _compute(self, angle: float, *, upwards: bool) -> tuple[Array, Array]:
        height, width = self._shape
        across, down = (np.arange(0, side, _GRID_PX, dtype=np.float32) + 1.5 for side in (width, height))
        x, y = np.meshgrid(across, down)
        source = self._source(x, y, angle, upwards=upwards)
        found = [
            cv2.resize(part, None, fx=_GRID_PX, fy=_GRID_PX, interpolation=cv2.INTER_LINEAR)[:height, :width]
            for part in ((x, source) if upwards else (source, y))
        ]
        one, two = cv2.convertMaps(
            np.ascontiguousarray(found[0]), np.ascontiguousarray(found[1]), cv2.CV_16SC2
        )
        return one, two

    def _source(self, x: Array, y: Array, angle: float, *, upwards: bool) -> Array:
        """Return where the pixels that are now at (x, y) come from, along the direction of the turn."""
        upright = np.clip(1 - (y - self._chin) / (_NECK * self._wide), 0, 1)
        place, middle = (y, self._level) if upwards else (x, self._axis)
        source = place.copy()
        for _ in range(15):  # the inverse of p → p + shift(p), as a fixed point
            here = (x, source) if upwards else (source, y)
            depth = cv2.remap(self.relief, *here, cv2.INTER_LINEAR)
            off = source - middle
            near = np.clip(2.0 - 1.5 * abs(off) / self._wide, 0, 1)
            along = -depth if upwards else depth  # up is against the picture's rows
            shift = off * near * (math.cos(angle) - 1) + along * math.sin(angle)
            source = (0.5 * source + 0.5 * (place - upright * shift)).astype(np.float32)
        return source

    def _relief(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        """Interpolate the mesh's depth: (height, width), in pixels, 0 off the face."""
        height, width = (side // _GRID_PX + 1 for side in self._shape)
        known = np.zeros((height, width), np.float32)
        depth = np.zeros((height, width), np.float32)
        for px, py, pz in points:
            row, column = int(py) // _GRID_PX, int(px) // _GRID_PX
            if 0 <= row < height and 0 <= column < width:
                known[row, column] += 1
                depth[row, column] += max(0.0, float(points[:, 2].max() - pz))
        sigma = _SMOOTHING * self._wide / _GRID_PX
        weight = cv2.GaussianBlur(known, (0, 0), sigma)
        relief = cv2.GaussianBlur(depth, (0, 0), sigma) / (weight + 0.02 * float(weight.max()))
        full = cv2.resize(relief, None, fx=_GRID_PX, fy=_GRID_PX, interpolation=cv2.INTER_LINEAR)
        return np.asarray(full[: self._shape[0], : self._shape[1]], np.float32)
