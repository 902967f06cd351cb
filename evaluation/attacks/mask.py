"""PAI species `mask`: a printed face, cut out, with holes for eyes and mouth, worn by another person.

Characteristics: the wearer's eyes blink and the wearer's mouth speaks behind the holes, at a distance
that throws a shadow around them; the paper itself never moves, and other skin shows at its edge.
"""

from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.face.geometry import similarity
from kiosk.ports import Face, Image
from kiosk.simulators.expression import Patch
from kiosk.simulators.head import FACE_WIDTH, SimulatedHead
from kiosk.simulators.light import ReflectanceMap
from kiosk.simulators.portrait import MODELS, detect_face

_EYES_APART_MM = 63.0
"""Mean distance of adult pupils (Dodgson, 2004), which gives the scale of the face."""


class MaskSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lengths in millimetres, reflectances 0…1. `gap_mm`: air between paper and skin."""

    eye_hole_mm: tuple[float, float] = (34.0, 17.0)
    mouth_hole_mm: tuple[float, float] = (58.0, 30.0)
    face_mm: tuple[float, float] = (150.0, 205.0)  # of the paper, an oval
    edge_mm: float = 1.2  # the white of the cut paper
    gap_mm: float = 4.0
    paper: float = 0.92
    ink: float = 0.07


class CutOutMask:
    """`photo`: the printed face. `wearer`: a photo of the wearer; without one, the mirrored `photo`.

    Raises ValueError if there is no face in a photo; ModelError, EngineError.
    """

    def __init__(
        self,
        photo: Image,
        settings: MaskSettings = MaskSettings(),  # noqa: B008 - frozen
        *,
        size: tuple[int, int] = (640, 480),
        seed: int = 0,
        models: Path = MODELS,
        wearer: Image | None = None,
    ) -> None:
        behind = np.ascontiguousarray(photo[:, ::-1]) if wearer is None else wearer
        self._head = _Masked(
            behind, (photo, detect_face(photo, models)), settings, size=size, seed=seed, models=models
        )

    def render(self, at: float, *, mouth: float = 0.0, turn: float = 0.0, nod: float = 0.0) -> Image:
        """Render the picture at `at` seconds; `mouth`, `turn` and `nod` are the wearer's."""
        return self._head.render(at, mouth=mouth, turn=turn, nod=nod)

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap | float:
        """Return the wearer's reflectance: paper bent over a face reflects as the face does."""
        return self._head.reflectance(at, wall)


class _Masked(SimulatedHead):
    """The wearer's head; the mask is laid once over the figure and every state of its moving parts."""

    def __init__(
        self,
        behind: Image,
        printed: tuple[Image, Face],
        settings: MaskSettings,
        *,
        size: tuple[int, int],
        seed: int,
        models: Path,
    ) -> None:
        self._printed, self._mask_settings = printed, settings
        super().__init__(behind, size, seed=seed, models=models)

    def _prepare(self, photo: Image, face: Face, models: Path) -> None:
        super()._prepare(photo, face, models)
        zoom = FACE_WIDTH * min(self._size) / face.width
        to_canvas = self._to_canvas(face, zoom)
        points = face.points @ to_canvas[:, :2].T + to_canvas[:, 2]
        shape = (self._figure.shape[0], self._figure.shape[1])
        mask = paper_mask(*self._printed, np.asarray(points, np.float64), shape, self._mask_settings)
        self._figure = mask.over(self._figure, 0, 0)
        self._mouth, *self._eyes = [
            Patch(part.x, part.y, [mask.over(level, part.x, part.y) for level in part.levels])
            for part in (self._mouth, *self._eyes)
        ]


class PaperMask(Struct, frozen=True, eq=False):
    """Paper on the figure's canvas. `ink`: (…, …, 3), the print; `there`, `shade`: 0…1, paper and shadow."""

    ink: NDArray[np.float32]
    there: NDArray[np.float32]
    shade: NDArray[np.float32]

    def over(self, image: Image, x: int, y: int) -> Image:
        """Lay the paper over `image` (4 channels, colours times mask), whose corner is at (x, y)."""
        part = (slice(y, y + image.shape[0]), slice(x, x + image.shape[1]))
        there = self.there[part][..., None]
        behind = image.astype(np.float32)
        behind[..., :3] *= 1 - self.shade[part][..., None]
        front = np.dstack([self.ink[part], np.full(image.shape[:2], 255, np.float32)])
        return np.asarray(behind * (1 - there) + front * there, np.uint8)


def paper_mask(
    photo: Image, face: Face, points: NDArray[np.float64], shape: tuple[int, int], settings: MaskSettings
) -> PaperMask:
    """Align the printed face with the wearer's five `points` on a canvas of `shape`."""
    matrix = similarity(face.points, points)
    printed = cv2.warpAffine(photo, matrix, (shape[1], shape[0]), borderMode=cv2.BORDER_REPLICATE)
    mm = float(np.linalg.norm(points[1] - points[0])) / _EYES_APART_MM
    oval, holes = _cut_outlines(points, shape, settings, mm)
    there = cv2.GaussianBlur(oval * (1 - holes), (0, 0), 0.8)
    wide = max(0.5, settings.edge_mm * mm / 2)
    edge = np.clip(2 * (1 - cv2.GaussianBlur(there, (0, 0), wide)), 0, 1)[..., None]
    s = settings
    ink = (s.ink + (s.paper - s.ink) * np.asarray(printed, np.float32) / 255) * 255
    ink = ink * (1 - edge) + s.paper * 255 * edge
    shade = 0.6 * cv2.GaussianBlur(there, (0, 0), max(0.5, s.gap_mm * mm))
    return PaperMask(ink.astype(np.float32), there.astype(np.float32), shade.astype(np.float32))


def _cut_outlines(
    points: NDArray[np.float64], shape: tuple[int, int], settings: MaskSettings, mm: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the paper's oval about the nose and the three holes, each (height, width) 0…1."""
    oval, holes = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    across = points[1] - points[0]
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    middle = (points[:2].mean(axis=0) + points[3:].mean(axis=0)) / 2
    _ellipse(oval, middle, settings.face_mm, angle, mm)
    for eye in points[:2]:
        _ellipse(holes, eye, settings.eye_hole_mm, angle, mm)
    _ellipse(holes, points[3:].mean(axis=0), settings.mouth_hole_mm, angle, mm)
    return oval, holes


def _ellipse(
    canvas: NDArray[np.float32],
    at: NDArray[np.float64],
    sides_mm: tuple[float, float],
    angle: float,
    mm: float,
) -> None:
    centre = (round(float(at[0])), round(float(at[1])))
    halves = (round(sides_mm[0] / 2 * mm), round(sides_mm[1] / 2 * mm))
    cv2.ellipse(canvas, centre, halves, angle, 0, 360, 1.0, -1, cv2.LINE_AA)
