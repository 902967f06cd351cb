"""Animate a still face: a mouth that opens and eyes that close, as small warped patches.

Patches for `LEVELS` states are computed once and then only copied into each frame.
"""

from collections.abc import Callable

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.ports import Image

Points = NDArray[np.float64]
Grid = tuple[NDArray[np.float64], NDArray[np.float64]]

LEVELS = 25
_OPEN = 0.50  # of the mouth's width: the inner-lip distance of a mouth wide open
_JAW = 0.75  # how far the chin follows the lower lip
_LASHES = 0.07  # of the eye's width
_LASH_DARKNESS = 0.75
_DARK, _TEETH, _TONGUE = (34, 26, 46), (176, 190, 198), (62, 58, 118)  # BGR

# Indices of the face mesh, from the picture's left to its right.
_LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
_CHIN = 152
_UPPER_LIDS = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
_LOWER_LIDS = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))


class Patch(Struct, frozen=True, eq=False):
    """Part of a picture with its corner at (x, y), once for each of `LEVELS` states from 0 to 1."""

    x: int
    y: int
    levels: list[Image]

    def put(self, figure: Image, level: float) -> None:
        """Copy the state nearest to `level`, 0…1, into `figure`."""
        image = self.levels[round(min(max(level, 0.0), 1.0) * (len(self.levels) - 1))]
        figure[self.y : self.y + image.shape[0], self.x : self.x + image.shape[1]] = image


def mouth(figure: Image, points: Points) -> Patch:
    """Return the mouth as a patch: level 0 as in the photo, 1 wide open.

    `points`: (468, 3), the mesh in pixels of `figure`.
    """
    lip, chin = points[list(_LOWER_LIP), :2], points[_CHIN]
    wide = float(lip[-1, 0] - lip[0, 0])
    middle = float(lip[:, 0].mean())
    x0, x1 = int(middle - 1.3 * wide), int(middle + 1.3 * wide)
    y0, y1 = int(lip[:, 1].min() - 0.2 * wide), int(chin[1] + 0.9 * wide)

    def draw(level: float, grid: Grid) -> Image:
        return open_mouth(figure, grid, lip, float(chin[1]), drop=level * _OPEN * wide)

    return _patch(figure, (x0, y0, x1, y1), draw)


def eyes(figure: Image, points: Points) -> list[Patch]:
    """Return both eyes as patches: level 0 as in the photo, 1 closed."""
    lids = zip(_UPPER_LIDS, _LOWER_LIDS, strict=True)
    return [eye(figure, points[list(upper), :2], points[list(lower), :2]) for upper, lower in lids]


def _patch(figure: Image, box: tuple[int, int, int, int], draw: Callable[[float, Grid], Image]) -> Patch:
    """Draw every state of the part of `figure` inside of `box` (left, top, right, bottom)."""
    x0, y0, x1, y1 = box
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, figure.shape[1]), min(y1, figure.shape[0])
    x, y = np.meshgrid(np.arange(x0, x1, dtype=np.float64), np.arange(y0, y1, dtype=np.float64))
    return Patch(x0, y0, [draw(level, (x, y)) for level in np.linspace(0, 1, LEVELS)])


def open_mouth(figure: Image, grid: Grid, lip: Points, chin: float, drop: float) -> Image:
    """Move the lower lip and the jaw down by `drop` pixels in the middle; paint the gap between the lips."""
    x, y = grid
    line = np.interp(x, lip[:, 0], lip[:, 1])
    opening = drop * mouth_arch(x, lip)
    source = y.copy()
    for _ in range(6):  # which pixel came here: the fixed point of y − lowered(y)
        source = y - lowering(x, source, line, lip, chin, drop)
    moved = np.where(y > line, np.maximum(source, line), y)
    still = cv2.remap(figure, x.astype(np.float32), moved.astype(np.float32), cv2.INTER_LINEAR)
    return paint_inside(np.asarray(still, np.uint8), y - line, opening)


def lowering(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    line: NDArray[np.float64],
    lip: Points,
    chin: float,
    drop: float,
) -> NDArray[np.float64]:
    """Return how many pixels each point moves down: lips at the lip line, jaw towards the chin."""
    wide = lip[-1, 0] - lip[0, 0]
    depth = np.clip((y - line) / np.maximum(chin - line, 1), 0, None)
    lips = mouth_arch(x, lip) * np.clip(1 - depth, 0, 1)
    jaw_wide = np.cos(np.clip((x - lip[:, 0].mean()) / (1.3 * wide), -1, 1) * np.pi / 2) ** 2
    below = np.clip(1 - (y - chin) / (0.9 * wide), 0, 1)
    return np.asarray(
        drop * (lips + _JAW * jaw_wide * smooth_step(np.clip(depth, 0, 1)) * smooth_step(below))
    )


def mouth_arch(x: NDArray[np.float64], lip: Points) -> NDArray[np.float64]:
    """Return 1 in the middle of the mouth, 0 at its corners and beyond."""
    half = (lip[-1, 0] - lip[0, 0]) / 2
    return np.asarray(np.sqrt(np.clip(1 - ((x - lip[0, 0] - half) / half) ** 2, 0, 1)))


def paint_inside(image: Image, below: NDArray[np.float64], opening: NDArray[np.float64]) -> Image:
    """Paint the inside of the mouth: teeth, darkness, tongue. `below`: pixels below the upper lip."""
    inside = np.clip(below, 0, 1) * np.clip(opening - below, 0, 1)
    part = below / np.maximum(opening, 1e-6)
    teeth = (np.clip((opening - 5) / 8, 0, 1) * np.clip((0.22 - part) * 12, 0, 1))[..., None]
    tongue = np.clip((part - 0.55) * 2, 0, 0.8)[..., None]
    colour = np.array(_DARK) * (1 - tongue) + np.array(_TONGUE) * tongue
    colour = colour * (1 - teeth) + np.array(_TEETH) * teeth
    weight = inside[..., None]
    painted = image.copy()
    painted[..., :3] = (image[..., :3] * (1 - weight) + colour * weight).astype(np.uint8)
    return painted


def eye(figure: Image, upper: Points, lower: Points) -> Patch:
    """Return one eye, whose upper lid comes down over it; `upper`, `lower`: (9, 2), its lids."""
    wide = float(upper[-1, 0] - upper[0, 0])
    x0, x1 = int(upper[0, 0] - 0.1 * wide), int(upper[-1, 0] + 0.1 * wide)
    y0, y1 = int(upper[:, 1].min() - 0.5 * wide), int(lower[:, 1].max() + 0.15 * wide)

    def draw(level: float, grid: Grid) -> Image:
        x, y = grid
        lid, bottom = np.interp(x, upper[:, 0], upper[:, 1]), np.interp(x, lower[:, 0], lower[:, 1])
        top = float(y.min())
        lowered = lid + np.maximum(bottom - lid, 0) * level
        stretched = top + (y - top) * (lid - top) / np.maximum(lowered - top, 1)
        source = np.where(y < lowered, stretched, y)
        closed = cv2.remap(figure, x.astype(np.float32), source.astype(np.float32), cv2.INTER_LINEAR)
        between = (x > upper[0, 0]) & (x < upper[-1, 0])
        lashes = np.clip(1 - abs(y - lowered) / (_LASHES * wide), 0, 1) * between * level
        return np.asarray(closed * (1 - _LASH_DARKNESS * lashes[..., None]), np.uint8)

    return _patch(figure, (x0, y0, x1, y1), draw)


def smooth_step(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smooth step from 0 to 1: 3t² − 2t³."""
    return t * t * (3 - 2 * t)
