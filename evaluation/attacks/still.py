"""PAI species `still`: a glossy photograph on a stand, so near that its edges are out of the picture.

Characteristics: nothing in it ever moves, mouth, eyes or head; only the sensor's noise and the shop's
light change from frame to frame.
"""

from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct

from evaluation.attacks.optics import USUAL_MM, Pinhole, Pose
from evaluation.attacks.page_layout import lay_out
from kiosk.ports import Image
from kiosk.simulators.camera_effects import SimulatedSensor
from kiosk.simulators.light import ReflectanceMap
from kiosk.simulators.portrait import MODELS, detect_face


class StillSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
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
    """A photograph that does not move.

    Raises ValueError if there is no face in `photo`; ModelError.
    """

    def __init__(
        self,
        photo: Image,
        settings: StillSettings = StillSettings(),  # noqa: B008 - frozen
        *,
        size: tuple[int, int] = (640, 480),
        seed: int = 0,
        models: Path = MODELS,
    ) -> None:
        s, scale = settings, settings.texture_px_per_mm
        page = lay_out(photo, detect_face(photo, models), s.photo_mm, s.face_mm, scale)
        tall, wide = page.shape[:2]
        pose = Pose(z=s.distance_mm, turn=s.turn_deg, nod=s.nod_deg)
        camera = Pinhole(size)
        fine = cv2.GaussianBlur(page, (0, 0), max(0.3, 0.4 * scale / camera.px_per_mm(s.distance_mm)))
        to_picture = camera.sheet_to_picture((wide, tall), s.photo_mm, pose)
        seen = cv2.warpPerspective(fine, to_picture, size, borderMode=cv2.BORDER_REPLICATE)
        lit = s.ink + (s.paper - s.ink) * np.asarray(seen, np.float32) / 255
        gloss = s.gloss * np.linspace(1, 0, len(seen), dtype=np.float32)[:, None, None] ** 2
        self._scene = np.asarray(np.clip((lit + gloss) * 255, 0, 255), np.uint8)
        self._sensor = SimulatedSensor(size, seed)
        self._near = (USUAL_MM / s.distance_mm) ** 2

    def render(self, at: float, *, mouth: float = 0.0, turn: float = 0.0, nod: float = 0.0) -> Image:
        """Render the picture at `at` seconds."""
        return self._sensor.capture(self._scene, at)

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap | float:
        """Return one number: face and background are one sheet of paper."""
        return self._near
