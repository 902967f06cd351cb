"""Simulated head: video of a person made from one portrait photo.

The person is segmented, stands before a blurred shop, sways and blinks, and opens the mouth and turns the
head as asked for. Everything costly is computed once; a frame of 640×480 costs a few milliseconds. It
exercises the terminal and is no evidence of how real faces behave: reports say "simulated".
"""

import math
import time
from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.face.landmarks import MediaPipeLandmarks, MediaPipeSettings
from kiosk.ports import Context, Face, Image
from kiosk.simulators import expression
from kiosk.simulators.camera_effects import SimulatedSensor, shop_background
from kiosk.simulators.depth_warp import DepthWarp
from kiosk.simulators.light import ReflectanceMap, relief_reflectance
from kiosk.simulators.person_segmentation import person_mask
from kiosk.simulators.portrait import MODELS, detect_face

FACE_WIDTH = 0.36
"""Face width in shorter sides of the picture."""
_CENTRE = (0.5, 0.46)  # of the face, in shares of the picture
_MARGIN = 0.25  # of the picture, drawn beyond its edges so that shifting shows no border
_BLINK_S = 0.18
_BLINK_EVERY_S = 3.7
_SQUINT = 0.02  # eyes this nearly open are drawn open
_REFLECTANCE_SCALE = 4  # light is smooth: kept at a quarter of the size


class Sway(Struct, frozen=True, kw_only=True):
    """Drift of a person who stands still; pixels of a 640-wide picture, degrees."""

    x: float
    y: float
    roll: float
    zoom: float


class SimulatedHead:
    """Renders one person; `size` is (width, height) of the pictures."""

    def __init__(
        self, photo: Image, size: tuple[int, int] = (640, 480), *, seed: int = 0, models: Path = MODELS
    ) -> None:
        """`photo`: a portrait with one face; `models`: folder of the weights.

        Raises ValueError if there is no face in the photo, ModelError, EngineError.
        """
        self._size = size
        self._phases = np.random.default_rng(seed).uniform(0, 2 * math.pi, 8)
        self._seed = seed
        self._background = cv2.split(shop_background(size, seed))
        self._sensor = SimulatedSensor(size, seed)
        self._margin = (int(size[0] * _MARGIN), int(size[1] * _MARGIN))
        self._face_centre = (size[0] * _CENTRE[0] + self._margin[0], size[1] * _CENTRE[1] + self._margin[1])
        self._prepare(photo, detect_face(photo, models), models)

    def render(
        self,
        at: float,
        *,
        mouth: float = 0.0,
        eyes: float = 1.0,
        shift: tuple[float, float] = (0.0, 0.0),
        turn: float = 0.0,
        nod: float = 0.0,
        scale: float = 1.0,
    ) -> Image:
        """Render the picture at `at` seconds: (height, width, 3) BGR, always a new array; from any thread.

        `mouth`: 0 as in the photo … 1 wide open. `eyes`: 1 open … 0 closed (it blinks besides). `shift`:
        pixels to the right and down. `turn`: degrees to the picture's right; `nod`: degrees upwards, where it
        does not turn. `scale`: 2 is half as far away.
        """
        figure = self._figure.copy()
        if mouth > 0:
            self._mouth.put(figure, mouth)
        closed = 1 - min(eyes, self.eye_opening(at))
        for eye in self._eyes if closed > _SQUINT else ():
            eye.put(figure, closed)
        if max(abs(turn), abs(nod)) >= 0.5:
            maps = self._depth_warp.maps(turn, nod)
            figure = np.asarray(cv2.remap(figure, *maps, cv2.INTER_LINEAR), np.uint8)
        to_picture = self._to_picture(self._sway(at), shift, scale)
        placed = cv2.warpAffine(figure, to_picture, self._size, borderMode=cv2.BORDER_REPLICATE)
        return self._sensor.capture(self._before_background(np.asarray(placed, np.uint8)), at)

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap:
        """Return the reflectance map (`simulators.light`) at `at` seconds; `wall`: of the wall behind."""
        to_picture = self._to_picture(self._sway(at), (0.0, 0.0), 1.0)
        to_picture[:, 2] /= _REFLECTANCE_SCALE
        size = (self._size[0] // _REFLECTANCE_SCALE, self._size[1] // _REFLECTANCE_SCALE)
        face, there = cv2.split(
            cv2.warpAffine(self._reflectance, to_picture, size, borderMode=cv2.BORDER_REPLICATE)
        )
        return np.asarray(cv2.resize(face + (1 - there) * wall, self._size), np.float32)

    def _prepare(self, photo: Image, face: Face, models: Path) -> None:
        """Compute the figure at the size it is shown, its moving parts and its reflectance."""
        zoom = FACE_WIDTH * min(self._size) / face.width
        to_canvas = self._to_canvas(face, zoom)
        canvas = (self._size[0] + 2 * self._margin[0], self._size[1] + 2 * self._margin[1])
        figure = cv2.warpAffine(cut_out_person(photo, face), to_canvas, canvas, flags=cv2.INTER_CUBIC)
        self._figure = np.asarray(figure, np.uint8)
        context = Context(resources=models, models=models, simulation=True, clock=time.monotonic)
        mesh = MediaPipeLandmarks(MediaPipeSettings(), context).points(photo, face)
        flat = mesh[:, :2] @ to_canvas[:, :2].T + to_canvas[:, 2]
        points = np.column_stack([flat, mesh[:, 2] * zoom])
        self._mouth = expression.mouth(self._figure, points)
        self._eyes = expression.eyes(self._figure, points)
        self._depth_warp = DepthWarp(points, (canvas[1], canvas[0]), face.width * zoom)
        mask = np.asarray(self._figure[..., 3] / 255, np.float32)
        reflectance = relief_reflectance(self._depth_warp.relief, mask)
        small = (canvas[0] // _REFLECTANCE_SCALE, canvas[1] // _REFLECTANCE_SCALE)
        self._reflectance = cv2.resize(np.dstack([reflectance, mask]), small, interpolation=cv2.INTER_AREA)

    def _to_canvas(self, face: Face, zoom: float) -> NDArray[np.float64]:
        x, y = face.x + face.width / 2, face.y + face.height / 2
        return np.array(
            [[zoom, 0, self._face_centre[0] - zoom * x], [0, zoom, self._face_centre[1] - zoom * y]]
        )

    def _sway(self, at: float) -> Sway:
        def slow(first: int, hertz: float) -> float:
            one, two = self._phases[first], self._phases[first + 1]
            turns = 2 * math.pi * hertz * at
            return 0.7 * math.sin(turns + one) + 0.3 * math.sin(2.3 * turns + two)

        return Sway(
            x=5 * slow(0, 0.13),
            y=3 * slow(2, 0.17),
            roll=1.4 * slow(4, 0.11),
            zoom=1 + 0.015 * slow(6, 0.07),
        )

    def eye_opening(self, at: float) -> float:
        """Return how far the eyes are open: 1, but for a short dip every few seconds."""
        turn = math.floor(at / _BLINK_EVERY_S)
        late = 0.3 + 0.6 * float(np.random.default_rng([self._seed, turn & 0xFFFF]).random())
        phase = (at / _BLINK_EVERY_S - turn - late) * _BLINK_EVERY_S / _BLINK_S
        return 1 - math.sin(math.pi * phase) if 0 < phase < 1 else 1.0

    def _to_picture(self, sway: Sway, shift: tuple[float, float], scale: float) -> NDArray[np.float64]:
        """Return the (2, 3) affine matrix from the figure's canvas to the picture, about the face."""
        unit = self._size[0] / 640
        matrix = cv2.getRotationMatrix2D(self._face_centre, -sway.roll, sway.zoom * scale)
        matrix[0, 2] += sway.x * unit + shift[0] - self._margin[0]
        matrix[1, 2] += sway.y * unit + shift[1] - self._margin[1]
        return np.asarray(matrix, np.float64)

    def _before_background(self, placed: Image) -> Image:
        """Blend figure and background channel by channel in eight bits: three times faster than floats."""
        *colours, mask = cv2.split(placed)
        gaps = cv2.bitwise_not(mask)
        behind = [cv2.multiply(channel, gaps, scale=1 / 255) for channel in self._background]
        return np.asarray(cv2.merge([cv2.add(c, r) for c, r in zip(colours, behind, strict=True)]), np.uint8)


class EmptyShop:
    """Renders the shop without a customer."""

    def __init__(self, size: tuple[int, int] = (640, 480), seed: int = 0) -> None:
        self._background = shop_background(size, seed)
        self._sensor = SimulatedSensor(size, seed)

    def render(self, at: float) -> Image:
        """Render the picture at `at` seconds: (height, width, 3) BGR."""
        return self._sensor.capture(self._background, at)


def cut_out_person(photo: Image, face: Face) -> Image:
    """Return (…, …, 4): the person alone, colours multiplied by the mask, the body extended downwards."""
    mask = person_mask(photo, face)
    solid = (photo * (mask[..., None] / 255.0)).astype(np.uint8)
    whole = np.dstack([solid, mask])
    return np.asarray(cv2.copyMakeBorder(whole, 0, photo.shape[0], 0, 0, cv2.BORDER_REPLICATE), np.uint8)
