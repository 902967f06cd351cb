"""PAI species `screen`: a video of the person, shown on a display before the camera.

Characteristics: moiré between the display's pixels and the camera's, the bezel, the display's own gamma
and black level, light of its own that does not follow the shop's, and dark bars that move where the refresh
beats with the camera's rolling shutter.
"""

import math
from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation.attacks.optics import USUAL_MM, Pinhole, Pose, Tremor, over
from evaluation.attacks.video import record_video
from kiosk.ports import Image
from kiosk.simulators.camera_effects import SimulatedSensor, shop_background
from kiosk.simulators.light import ReflectanceMap
from kiosk.simulators.portrait import MODELS


class ScreenSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lengths in millimetres. The defaults are an eleven-inch tablet, held by hand."""

    display_mm: tuple[float, float] = (240.0, 180.0)
    bezel_mm: float = 9.0
    pitch_mm: float = 0.096  # from pixel to pixel; 24-inch monitor 0.27, telephone 0.06
    distance_mm: float = 300.0
    gamma: float = 1.15  # of display and camera together; 1: as in life
    black: float = 0.03  # light of a black pixel
    brightness: float = 1.1  # white of the display against white of the shop
    subpixels: float = 0.35  # share of the light that the gaps between subpixels take at full contrast
    aperture: float = 0.8  # side of the camera's pixel that is sensitive; 1: no gaps
    lens_mtf: float = 0.5  # contrast that the lens leaves at the camera's own pixel frequency
    refresh_hz: float = 60.0
    flicker: float = 0.05  # depth of the backlight's modulation
    readout_ms: float = 25.0  # rolling shutter: from the first row to the last
    turn_deg: float = 0.0
    nod_deg: float = 0.0  # positive: it looks down, and mirrors what is below the camera
    haze: float = 0.01  # diffuse reflectance of its glass
    mirror: float = 0.04  # specular reflectance of plain glass, both ways (Fresnel, n = 1.5)
    tremor_mm: float = 2.0
    tremor_deg: float = 1.5
    clip_s: float = 2.0
    fps: float = 25.0


class ScreenReplay:
    """A display that shows a video of the person.

    Raises ValueError if there is no face in `photo`; ModelError, EngineError.
    """

    def __init__(
        self,
        photo: Image,
        settings: ScreenSettings = ScreenSettings(),  # noqa: B008 - frozen
        *,
        size: tuple[int, int] = (640, 480),
        seed: int = 0,
        models: Path = MODELS,
    ) -> None:
        self._settings, self._camera = settings, Pinhole(size)
        self._pose = Pose(z=settings.distance_mm, turn=settings.turn_deg, nod=settings.nod_deg)
        self._tremor = Tremor(settings.tremor_mm, settings.tremor_deg, seed)
        self._background, self._sensor = shop_background(size, seed), SimulatedSensor(size, seed)
        clip = record_video(photo, settings.clip_s, settings.fps, size=size, seed=seed, models=models)
        self._clip = [cv2.LUT(frame, _tone_curve(settings)) for frame in clip]
        self._mask = np.full((size[1], size[0]), 255, np.uint8)

    def render(self, at: float, *, mouth: float = 0.0, turn: float = 0.0, nod: float = 0.0) -> Image:
        """Render the picture at `at` seconds. The mouth moves as it was recorded."""
        pose = self._tremor.moved(self._pose, at)
        to_picture, frame = (
            self._display_to_picture(pose),
            self._clip[int(at * self._settings.fps) % len(self._clip)],
        )
        shown = cv2.warpPerspective(frame, to_picture, self._camera.size)
        lit = cv2.warpPerspective(self._mask, to_picture, self._camera.size)
        light = cv2.multiply(np.asarray(shown), self._light(to_picture, pose, at), scale=1 / 128)
        scene = over(self._with_bezel(pose), np.asarray(light), np.asarray(lit))
        return self._sensor.capture(scene, at)

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap:
        """Return what the display's glass reflects, some of it as a mirror; the display shines by itself.

        Relative to the display's own light, which is about `brightness` times what skin would reflect. The
        mirror shows the camera a point 2·z·tan(nod) below itself; the terminal's screen reaches from 5 to
        50 cm there, and shines with about 1/0.28 of the illuminance that it gives a face at half a metre.
        """
        s, pose = self._settings, self._tremor.moved(self._pose, at)
        sees_mm = 2 * pose.z * math.tan(math.radians(pose.nod))
        mirrored = 50 <= sees_mm <= 500 and abs(pose.turn) < 20
        near = (USUAL_MM / pose.z) ** 2
        skin = 0.35
        share = (s.haze * near + (s.mirror * math.pi / 0.28 if mirrored else 0.0)) / (s.brightness * skin)
        to_picture = self._display_to_picture(pose)
        there = cv2.warpPerspective(self._mask, to_picture, self._camera.size).astype(np.float32) / 255
        return np.asarray(there * share + (1 - there) * wall, np.float32)

    def _display_to_picture(self, pose: Pose) -> NDArray[np.float64]:
        return self._camera.sheet_to_picture(self._camera.size, self._settings.display_mm, pose)

    def _with_bezel(self, pose: Pose) -> Image:
        """Return the shop with the dark rim of the display before it."""
        edge = 2 * self._settings.bezel_mm
        wide, tall = self._settings.display_mm
        size = self._camera.size
        to_picture = self._camera.sheet_to_picture(size, (wide + edge, tall + edge), pose)
        corners = np.array([[[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]]], np.float64)
        seen = cv2.perspectiveTransform(corners, to_picture)
        scene = self._background.copy()
        cv2.fillPoly(scene, [np.rint(seen).astype(np.int32)], (16, 16, 17), cv2.LINE_AA)
        return scene

    def _light(self, to_picture: NDArray[np.float64], pose: Pose, at: float) -> Image:
        """Return (height, width, 3): the display's light at each pixel; 128 is the mean.

        The backlight flickers while the rolling shutter reads one row after the other.
        """
        s, height = self._settings, self._camera.size[1]
        when = at + np.arange(height) / height * s.readout_ms / 1000
        flicker = 1 + s.flicker * np.sin(2 * math.pi * 2 * s.refresh_hz * when)
        rows = np.asarray(flicker, np.float32)[:, None, None]
        grid = moire(self._settings, self._camera, to_picture, pose)
        return np.asarray(cv2.convertScaleAbs(grid * rows, alpha=128), np.uint8)


def contrast(settings: ScreenSettings, camera: Pinhole) -> float:
    """Return the amplitude of the moiré: what lens and sensor leave of the display's pixel grid.

    The grid has `f` cycles for each camera pixel; a square aperture leaves sinc(aperture · f) (the usual
    formula of detector sampling), the lens `lens_mtf` to the power f.
    """
    cycles = 1 / (settings.pitch_mm * camera.px_per_mm(settings.distance_mm))
    folded = abs(float(np.sinc(settings.aperture * cycles)))
    return float(settings.subpixels * folded * settings.lens_mtf**cycles)


def moire(
    settings: ScreenSettings, camera: Pinhole, to_picture: NDArray[np.float64], pose: Pose
) -> NDArray[np.float32]:
    """Return (height, width, 3) about 1: the display's grid, sampled where the camera's pixels are.

    Sampling a grid that is finer than the camera's pixels folds it to a coarse one by itself; red, green and
    blue are a third of a pitch apart, so the stripes are coloured.
    """
    width, height = camera.size
    depth = contrast(settings, camera)
    x, y = _display_positions(np.linalg.inv(to_picture), (width, height))
    across = settings.display_mm[0] / width / settings.pitch_mm * 2 * math.pi
    cos, sin = cv2.polarToCart(np.full_like(x, depth), np.asarray(across * x, np.float32))
    row = 1 + 0.6 * depth * cv2.polarToCart(np.ones_like(y), np.asarray(across * y, np.float32))[0]
    third = math.sqrt(0.75)
    stripes = (1 - 0.5 * cos - third * sin, 1 + cos, 1 - 0.5 * cos + third * sin)
    return np.asarray(cv2.merge([np.asarray(stripe * row, np.float32) for stripe in stripes]), np.float32)


def _display_positions(
    back: NDArray[np.floating], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where each pixel of the picture is on the display's texture."""
    width, height = size
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    b = back.astype(np.float32)
    below = b[2, 0] * x + b[2, 1] * y + b[2, 2]
    return (b[0, 0] * x + b[0, 1] * y + b[0, 2]) / below, (b[1, 0] * x + b[1, 1] * y + b[1, 2]) / below


def _tone_curve(settings: ScreenSettings) -> NDArray[np.uint8]:
    """Return (256,): the camera's level for each grey level that is shown."""
    shown = (np.arange(256) / 255) ** settings.gamma
    light = settings.brightness * (settings.black + (1 - settings.black) * shown)
    return np.clip(light * 255, 0, 255).astype(np.uint8)
