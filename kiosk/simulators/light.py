"""Simulated light of the screen on what is before the terminal, and a camera that corrects for it.

Physics, in linear light: a matt surface that faces a small bright rectangle of luminance L and area A at a
distance d gets the illuminance E = L · A / (d² + A/π) (a disk of that area, on its axis), and reflects the
same share of it as of the shop's light. So a picture taken in the shop's light alone is multiplied,
channel by channel, by 1 + r · E_screen / E_shop, where r is the surface's `ReflectanceMap`: how it is turned
to the screen (Lambert's cosine) and how far away it is.

The camera then corrects its exposure and its white balance, each with a time constant, and codes with a
power of 1/2.2, through which a factor stays a factor. It is simulation; reports say so.
"""

import math
from bisect import bisect_right

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.ports import Image
from kiosk.visit.rules.light import FADE_S, LINEAR

ReflectanceMap = NDArray[np.float32]
"""(height, width): how much of the screen's light a surface reflects, relative to a matt surface that faces
the screen at the usual distance, which has 1."""
Colour = tuple[float, float, float]
"""Linear light of the screen, red, green, blue, 1 = its white."""

GAMMA = 2.2
_GREY = (0.5, 0.5, 0.5)
_MAX_REFLECTANCE = 4.0  # nearer surfaces get no more
_LOW_LIGHT_LX = 150.0  # with less light the camera raises its gain, and its noise
_NOISE = 2.0  # grey levels at that light
_WALL_M = 2.5  # from the screen to what stands behind the person


class LightingConditions(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Light of shop and screen.

    `shop_lx`: illuminance of an upright face by the shop's lamps. `kelvin`: their colour temperature.
    `nits`: luminance of the screen's white, cd/m².
    """

    shop_lx: float = 300.0
    kelvin: float = 4500.0
    nits: float = 300.0
    screen_m2: float = 0.078  # part of a 21.5-inch screen that changes colour: 0.27 m × 0.48 m · 0.6
    distance_m: float = 0.5

    def screen_to_shop(self, colour: Colour) -> NDArray[np.float64]:
        """Return the ratio of the screen's light to the shop's on a face: (3,) blue, green, red."""
        a, d = self.screen_m2, self.distance_m
        screen = np.array(colour[::-1]) * self.nits * a / (d * d + a / math.pi)
        return np.asarray(screen / (self.shop_lx * lamp_colour(self.kelvin)), np.float64)

    @property
    def wall(self) -> float:
        """Screen's light on the wall behind relative to the face: the squared ratio of the distances."""
        return (self.distance_m / _WALL_M) ** 2


def lamp_colour(kelvin: float) -> NDArray[np.float64]:
    """Return (3,) blue, green, red of a lamp of that colour temperature, relative luminance 1.

    Chromaticity of the Planckian locus by Kim et al. (US patent 7024034, 2006), 1667–25000 K; sRGB primaries.
    """
    t = 1000.0 / kelvin
    if kelvin <= 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    rgb = to_rgb @ np.array([x / y, 1.0, (1 - x - y) / y])
    return np.asarray(np.maximum(rgb, 0.02)[::-1], np.float64)


class ScreenColours(Struct, frozen=True):
    """Background colours of the screen over time.

    Colour `letters[i]` of `visit.rules.light` from `times[i]` (seconds) on, fading in; grey before.
    """

    times: tuple[float, ...]
    letters: str

    def at(self, at: float) -> Colour:
        """Return the colour at `at` seconds."""
        shown = bisect_right(self.times, at) - 1
        if shown < 0:
            return _GREY
        now, before = LINEAR[self.letters[shown]], LINEAR[self.letters[shown - 1]] if shown else _GREY
        part = min(1.0, (at - self.times[shown]) / FADE_S)
        red, green, blue = (b + (n - b) * part for n, b in zip(now, before, strict=True))
        return red, green, blue


class AutoCorrection(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Automatic exposure and white balance: strength (0 none … 1 full) and time constant of each."""

    exposure: float = 0.9
    exposure_s: float = 0.5
    balance: float = 0.6  # grey world
    balance_s: float = 3.0


class LitCamera:
    """Camera that adds the screen's light to pictures taken in the shop's light alone.

    It takes one stream of pictures, in order of time.
    """

    def __init__(
        self,
        lighting: LightingConditions = LightingConditions(),  # noqa: B008 - frozen
        correction: AutoCorrection = AutoCorrection(),  # noqa: B008 - frozen
        seed: int = 0,
    ) -> None:
        self._lighting, self._correction = lighting, correction
        self._random = np.random.default_rng(seed)
        self._gains = np.ones(3)
        self._target: NDArray[np.float64] | None = None  # mean light of the first picture
        self._at = 0.0

    def capture(
        self, picture: Image, reflectance: ReflectanceMap | float, colour: Colour | None, at: float
    ) -> Image:
        """Return `picture` under the screen's `colour` (None: a dark screen), (height, width, 3) BGR."""
        ratio = self._lighting.screen_to_shop(colour) if colour is not None else np.zeros(3)
        lit = relight(picture, reflectance, ratio, self._gains)
        self._correct(lit, at)
        noise = _NOISE * math.sqrt(max(0.0, _LOW_LIGHT_LX / self._lighting.shop_lx - 1))
        if noise == 0:
            return lit
        noisy = lit + self._random.standard_normal(lit.shape, np.float32) * np.float32(noise)
        return np.asarray(np.clip(noisy, 0, 255), np.uint8)

    def _correct(self, lit: Image, at: float) -> None:
        """Correct the gains for the next picture, as far as the time since the last one allows."""
        mean = (np.array(cv2.mean(lit)[:3]) / 255) ** GAMMA + 1e-4
        if self._target is None:
            self._target, self._at = mean, at
            return
        a, passed = self._correction, max(0.0, at - self._at)
        self._at = at
        off = np.log(self._target / mean)
        exposure = float(off.mean())
        step = a.exposure * exposure * (1 - math.exp(-passed / a.exposure_s))
        balance = a.balance * (off - exposure) * (1 - math.exp(-passed / a.balance_s))
        self._gains = self._gains * np.exp(step + balance)


def relight(
    picture: Image,
    reflectance: ReflectanceMap | float,
    ratio: NDArray[np.float64],
    gains: NDArray[np.float64],
) -> Image:
    """Multiply each channel by (1 + reflectance · ratio) · gain in linear light, through look-up tables."""
    if isinstance(reflectance, float):
        reflectance = np.full(picture.shape[:2], reflectance, np.float32)
    level = cv2.convertScaleAbs(reflectance, alpha=255 / _MAX_REFLECTANCE)
    steps = np.arange(256)[:, None] / 255 * _MAX_REFLECTANCE
    tables = (((1 + steps * ratio) * gains) ** (1 / GAMMA)).astype(np.float32)
    parts = [
        cv2.multiply(channel, cv2.LUT(level, np.ascontiguousarray(tables[:, i])), dtype=cv2.CV_8U)
        for i, channel in enumerate(cv2.split(picture))
    ]
    return np.asarray(cv2.merge(parts), np.uint8)


def relief_reflectance(relief: ReflectanceMap, mask: ReflectanceMap) -> ReflectanceMap:
    """Return Lambert's cosine over a face of known `relief` (pixels towards the camera), 0 outside of `mask`.

    The screen is below the camera: its middle is a quarter as far down as it is away.
    """
    down, right = np.gradient(cv2.GaussianBlur(relief, (0, 0), 3))
    towards = (1 + 0.25 * down) / np.sqrt(1 + right**2 + down**2) / math.hypot(1, 0.25)
    return np.asarray(np.clip(towards, 0, 1) * mask, np.float32)
