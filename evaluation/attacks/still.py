"""Species `still`: a glossy photograph on a stand, so near that its edges are out of the picture.

What distinguishes it: nothing in it ever moves, mouth, eyes or head; only the sensor's noise and the shop's
light change from frame to frame.
"""

from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct

from evaluation.attacks.optics import USUAL_MM, Pinhole, Pose
from evaluation.attacks.page_layout import laid_out
from kiosk.ports import Image
from kiosk.simulators.camera_effects import Sensor
from kiosk.simulators.light import Map
from kiosk.simulators.portrait import MODELS, sitter


class StillSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Lengths in millimetres, angles in degrees, reflectances 0…1."""

    photo_mm: tuple[float, float] = (300.0, 225.0)
    face_mm: float = 80.0
    distance_mm: float = 240.0
    turn_deg: float = 0.0
    nod_deg: float = 0.0
    paper: float = 0.95
    ink: float = 0.03
    gloss: float = 0.06  # what the shop's lamps add, most at the upper edge
    texture_px_per_mm: float = 4.0


class StillImage:
    """Raises ValueError if there is no face in `photo`; ModelError."""

    def __init__(
        self,
        photo: Image,
        settings: StillSettings = StillSettings(),  # noqa: B008 - frozen
        size: tuple[int, int] = (640, 480),
        seed: int = 0,
        models: Path = MODELS,
    ) -> None:
        s, scale = settings, settings.texture_px_per_mm
        page = laid_out(photo, sitter(photo, models), s.photo_mm, s.face_mm, scale)
        tall, wide = page.shape[:2]
        pose = Pose(z=s.distance_mm, turn=s.turn_deg, nod=s.nod_deg)
        camera = Pinhole(size)
        fine = cv2.GaussianBlur(page, (0, 0), max(0.3, 0.4 * scale / camera.px_per_mm(s.distance_mm)))
        placing = camera.placing((wide, tall), s.photo_mm, pose)
        seen = cv2.warpPerspective(fine, placing, size, borderMode=cv2.BORDER_REPLICATE)
        self._scene = _printed(np.asarray(seen, np.uint8), s)
        self._sensor = Sensor(size, seed)
        self._near = (USUAL_MM / s.distance_mm) ** 2

    def render(self, at: float, *, mouth: float = 0.0) -> Image:
        """The picture at `at` seconds."""
        return self._sensor.see(self._scene, at)

    def answers(self, at: float, wall: float = 0.04) -> Map | float:
        """The same everywhere: face and background are one sheet of paper."""
        return self._near


def _printed(seen: Image, settings: StillSettings) -> Image:
    """Ink, paper and gloss."""
    s = settings
    lit = s.ink + (s.paper - s.ink) * seen.astype(np.float32) / 255
    gloss = s.gloss * np.linspace(1, 0, len(seen), dtype=np.float32)[:, None, None] ** 2
    return np.asarray(np.clip((lit + gloss) * 255, 0, 255), np.uint8)
