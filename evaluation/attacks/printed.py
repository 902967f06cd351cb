"""PAI species `print`: a photo printed on paper, held before the camera by hand.

Characteristics: the halftone's dots (if the camera can resolve them), ink that is never black and paper
that is never as bright as light itself, paper grain, a bend that shades and narrows the sides, white margins,
the holder's fingers, and no movement within the face.
"""

import math
from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation.attacks.optics import Pinhole, Pose, Tremor, over, sheet_reflectance
from evaluation.attacks.page_layout import FACE_MM, lay_out
from kiosk.ports import Image
from kiosk.simulators.camera_effects import SimulatedSensor, shop_background
from kiosk.simulators.light import ReflectanceMap
from kiosk.simulators.portrait import MODELS, detect_face

_FINGER_MM = 18.0
_SKIN = (112, 140, 190)  # BGR
_SCREEN_ANGLES = (15.0, 75.0, 0.0)
"""Degrees of the dot rows of cyan, magenta and yellow, as in offset printing."""


class PrintSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lengths in millimetres, reflectances 0…1 of the light that falls on the paper."""

    paper_mm: tuple[float, float] = (210.0, 297.0)
    margin_mm: float = 8.0
    face_mm: float = FACE_MM
    distance_mm: float = 420.0
    bend_radius_mm: float = 500.0  # about the upright axis; infinity: flat
    lines_per_inch: float = 133.0  # halftone ruling; newspaper 85, magazine 150
    paper: float = 0.92
    ink: float = 0.07
    grain: float = 0.02  # standard deviation of the paper's reflectance
    tremor_mm: float = 3.0
    tremor_deg: float = 2.5
    fingers: bool = True
    texture_px_per_mm: float = 4.0  # dots finer than two of these melt into grey, as they do in a webcam


class PrintedPhoto:
    """A sheet of paper with the photo on it.

    Raises ValueError if there is no face in `photo`; ModelError.
    """

    def __init__(
        self,
        photo: Image,
        settings: PrintSettings = PrintSettings(),  # noqa: B008 - frozen
        *,
        size: tuple[int, int] = (640, 480),
        seed: int = 0,
        models: Path = MODELS,
    ) -> None:
        self._settings, self._camera = settings, Pinhole(size)
        self._random = np.random.default_rng(seed)
        self._pose = Pose(z=settings.distance_mm)
        self._tremor = Tremor(settings.tremor_mm, settings.tremor_deg, seed)
        self._background, self._sensor = shop_background(size, seed), SimulatedSensor(size, seed)
        s = settings
        wide, tall = (side - 2 * s.margin_mm for side in s.paper_mm)
        face = detect_face(photo, models)
        printed = lay_out(photo, face, (wide, tall), s.face_mm, s.texture_px_per_mm)
        self._sheet, self._mask = self._reduced(bent(self._page(printed), settings))
        across = np.linspace(-0.5, 0.5, self._mask.shape[1]) * s.paper_mm[0] / s.bend_radius_mm
        cosine = np.cos(np.arcsin(np.clip(across, -1, 1)))  # Lambert's, over the bent sheet
        self._facing = np.asarray(self._mask / 255 * cosine, np.float32)

    def render(self, at: float, *, mouth: float = 0.0, turn: float = 0.0, nod: float = 0.0) -> Image:
        """Render the picture at `at` seconds. The mouth does not move."""
        tall, wide = self._mask.shape
        pose = self._tremor.moved(self._pose, at)
        to_picture = self._camera.sheet_to_picture((wide, tall), self._settings.paper_mm, pose)
        sheet = cv2.warpPerspective(self._sheet, to_picture, self._camera.size)
        mask = cv2.warpPerspective(self._mask, to_picture, self._camera.size)
        return self._sensor.capture(over(self._background, np.asarray(sheet), np.asarray(mask)), at)

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap:
        """Return how the paper reflects the screen's light: as skin does, but shaded by the bend."""
        pose = self._tremor.moved(self._pose, at)
        return sheet_reflectance(self._facing, self._camera, self._settings.paper_mm, pose, wall)

    def _page(self, photo: Image) -> NDArray[np.float32]:
        """Return (…, …, 4) 0…1: halftone, ink, paper, margins, fingers; the last channel is the mask."""
        s = self._settings
        dots = halftone(np.asarray(photo / 255, np.float32), s.lines_per_inch, s.texture_px_per_mm)
        margin = round(s.margin_mm * s.texture_px_per_mm)
        white = cv2.copyMakeBorder(dots, *(margin,) * 4, cv2.BORDER_CONSTANT, value=(1, 1, 1))
        grain = self._random.standard_normal(white.shape[:2]).astype(np.float32) * s.grain
        lit = s.ink + (s.paper - s.ink) * np.asarray(white, np.float32) + grain[..., None]
        page = np.dstack([lit, np.ones(lit.shape[:2], np.float32)]).astype(np.float32)
        if s.fingers:
            self._add_thumbs(page)
        return page

    def _add_thumbs(self, page: NDArray[np.float32]) -> None:
        """Draw thumbs over both lower edges."""
        scale = self._settings.texture_px_per_mm
        tall, wide = page.shape[:2]
        for x, way in ((0, 1), (wide, -1)):
            y = int(tall * (0.72 + 0.1 * self._random.random()))
            tip = (int(x + way * 32 * scale), int(y - 6 * scale))
            colour = (*(c / 255 for c in _SKIN), 1.0)
            cv2.line(page, (x, y), tip, colour, int(_FINGER_MM * scale), cv2.LINE_AA)

    def _reduced(self, page: NDArray[np.float32]) -> tuple[Image, Image]:
        """Return the sheet (colours times mask) and its mask at twice the camera's resolution."""
        fine = 2 * self._camera.px_per_mm(self._settings.distance_mm) / self._settings.texture_px_per_mm
        small = cv2.resize(page, None, fx=min(1.0, fine), fy=min(1.0, fine), interpolation=cv2.INTER_AREA)
        whole = np.clip(small * 255, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(whole[..., :3]), np.ascontiguousarray(whole[..., 3])


def halftone(photo: NDArray[np.float32], lines_per_inch: float, px_per_mm: float) -> NDArray[np.float32]:
    """Screen `photo` (0…1) with round dots: each ink has its own turned grid, dots as large as it is dark.

    A ruling of `lines_per_inch` has dots every 25.4 / lines_per_inch millimetres. Where these are finer than
    two pixels only their mean is left.
    """
    pitch = 25.4 / lines_per_inch * px_per_mm
    if pitch < 2:
        return photo
    tall, wide = photo.shape[:2]
    y, x = np.mgrid[:tall, :wide].astype(np.float32)
    inks = []
    for channel, angle in enumerate(_SCREEN_ANGLES):
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turns = 2 * math.pi / pitch
        cell = (np.cos((x * cos + y * sin) * turns) + np.cos((y * cos - x * sin) * turns)) / 4 + 0.5
        softness = 0.5 / pitch  # the edge of a dot is about a pixel wide
        inks.append(np.clip((photo[..., 2 - channel] - _equalise(cell)) / softness + 0.5, 0, 1))
    return np.dstack(inks[::-1]).astype(np.float32)


def _equalise(cell: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn the dot's shape into thresholds that are equally common, so that a grey keeps its mean."""
    sample = np.sort(cell[::3, ::3].ravel())
    return np.searchsorted(sample, cell).astype(np.float32) / np.float32(max(len(sample), 1))


def bent(page: NDArray[np.float32], settings: PrintSettings) -> NDArray[np.float32]:
    """Bend the page to a part of a cylinder, seen from `distance_mm`: narrower and darker to the sides.

    A point s millimetres of paper beside the middle is R·sin(s/R) beside it and R·(1 − cos(s/R)) behind;
    light from the camera's side falls on it with cos(s/R) (Lambert).
    """
    radius, scale, far = settings.bend_radius_mm, settings.texture_px_per_mm, settings.distance_mm
    if not math.isfinite(radius):
        return page
    tall, wide = page.shape[:2]
    paper = np.linspace(-wide / 2, wide / 2, 4 * wide) / scale
    angle = np.clip(paper / radius, -1.4, 1.4)
    behind = radius * (1 - np.cos(angle))
    seen = radius * np.sin(angle) * far / (far + behind)  # where it meets the flat page's plane
    columns = (np.arange(wide) + 0.5 - wide / 2) / scale
    outside = abs(columns) > seen[-1]
    came = np.interp(columns, seen, paper)
    depth = 1 + radius * (1 - np.cos(np.clip(came / radius, -1.4, 1.4))) / far
    y = np.arange(tall, dtype=np.float32) - tall / 2
    map_x = np.broadcast_to((came * scale + wide / 2).astype(np.float32), (tall, wide))
    map_y = (y[:, None] * depth[None] + tall / 2).astype(np.float32)
    warped = np.asarray(cv2.remap(page, np.ascontiguousarray(map_x), map_y, cv2.INTER_LINEAR), np.float32)
    warped[..., :3] *= np.cos(np.clip(came / radius, -1.4, 1.4)).astype(np.float32)[None, :, None]
    warped[:, outside] = 0
    return warped
