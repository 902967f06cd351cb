"""Pinhole camera, a flat sheet before it, and how a hand trembles; lengths in millimetres."""

import math

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.ports import Image
from kiosk.simulators.light import ReflectanceMap

Matrix = NDArray[np.float64]

FIELD_DEG = 60.0
"""Horizontal field of view of a usual webcam."""


class Pose(Struct, frozen=True, kw_only=True):
    """Position of a sheet's middle: millimetres to the right, down and away; rotation in degrees.

    `turn` about the upright axis, `nod` about the level one, `lean` in the picture's plane.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 400.0
    turn: float = 0.0
    nod: float = 0.0
    lean: float = 0.0


class Pinhole:
    """Pinhole camera; `size`: (width, height) of the picture in pixels."""

    def __init__(self, size: tuple[int, int], field_deg: float = FIELD_DEG) -> None:
        self.size = size
        self.focal_px = size[0] / 2 / math.tan(math.radians(field_deg) / 2)

    def px_per_mm(self, distance_mm: float) -> float:
        """Return how many pixels a millimetre at this distance covers."""
        return self.focal_px / distance_mm

    def project(self, points: Matrix) -> Matrix:
        """Project (n, 3) millimetres, z away from the camera, to (n, 2) pixels."""
        flat = self.focal_px * points[:, :2] / points[:, 2:3]
        return np.asarray(flat + np.array(self.size) / 2, np.float64)

    def sheet_to_picture(
        self, sheet_px: tuple[int, int], sheet_mm: tuple[float, float], pose: Pose
    ) -> Matrix:
        """Return the (3, 3) matrix from pixels of a sheet's texture to pixels of the picture."""
        wide, tall = sheet_px
        corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
        flat = (corners / np.array(sheet_px) - 0.5) * np.array(sheet_mm)
        there = np.column_stack([flat, np.zeros(4)]) @ _rotation(pose).T + np.array([pose.x, pose.y, pose.z])
        return np.asarray(
            cv2.getPerspectiveTransform(corners, self.project(there).astype(np.float32)), np.float64
        )


USUAL_MM = 500.0
"""Distance of a customer's face; nearer things get more of the screen's light."""


def sheet_reflectance(
    facing: ReflectanceMap, camera: Pinhole, sheet_mm: tuple[float, float], pose: Pose, wall: float
) -> ReflectanceMap:
    """Return how a sheet reflects the screen's light; `facing`: Lambert's cosine over it, 0 off the sheet."""
    tall, wide = facing.shape
    near = (USUAL_MM / pose.z) ** 2 * math.cos(math.radians(pose.turn)) * math.cos(math.radians(pose.nod))
    to_picture = camera.sheet_to_picture((wide, tall), sheet_mm, pose)
    # One channel for the reflectance, one for where the sheet is at all.
    both = np.dstack([facing, (facing > 0).astype(np.float32)])
    lit, there = cv2.split(cv2.warpPerspective(both, to_picture, camera.size))
    return np.asarray(lit * near + (1 - there) * wall, np.float32)


class Tremor:
    """Tremor of a hand: slow drift and physiological tremor (8–12 Hz), by a seed.

    `mm`: amplitude of the position; `deg`: of the turn. Both are 0 for a mount.
    """

    def __init__(self, mm: float, deg: float, seed: int) -> None:
        self._mm, self._deg = mm, deg
        self._phases = np.random.default_rng(seed).uniform(0, 2 * math.pi, 8)

    def moved(self, pose: Pose, at: float) -> Pose:
        """Return the trembling pose at `at` seconds."""
        return Pose(
            x=pose.x + self._mm * self._wave(0, 0.31, at),
            y=pose.y + self._mm * self._wave(2, 0.23, at),
            z=pose.z + 2 * self._mm * self._wave(4, 0.17, at),
            turn=pose.turn + self._deg * self._wave(6, 0.21, at),
            nod=pose.nod + 0.6 * self._deg * self._wave(1, 0.19, at),
            lean=pose.lean + 0.6 * self._deg * self._wave(3, 0.27, at),
        )

    def _wave(self, which: int, hertz: float, at: float) -> float:
        slow = math.sin(2 * math.pi * hertz * at + self._phases[which])
        return 0.95 * slow + 0.05 * math.sin(2 * math.pi * 9.3 * at + self._phases[which + 1])


def over(scene: Image, sheet: Image, mask: Image) -> Image:
    """Lay `sheet`, already multiplied by its `mask`, over `scene`, in eight bits, channel by channel."""
    gaps = cv2.bitwise_not(mask)
    parts = zip(cv2.split(scene), cv2.split(sheet), strict=True)
    return np.asarray(
        cv2.merge([cv2.add(cv2.multiply(below, gaps, scale=1 / 255), above) for below, above in parts]),
        np.uint8,
    )


def _rotation(pose: Pose) -> Matrix:
    """Return the (3, 3) rotation matrix."""
    about = np.radians([pose.nod, pose.turn, pose.lean])
    (a, b, c), (d, e, f) = np.cos(about), np.sin(about)
    nod = np.array([[1, 0, 0], [0, a, -d], [0, d, a]])
    turn = np.array([[b, 0, e], [0, 1, 0], [-e, 0, b]])
    lean = np.array([[c, -f, 0], [f, c, 0], [0, 0, 1]])
    return np.asarray(lean @ turn @ nod, np.float64)
