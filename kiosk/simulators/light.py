"""The screen's light on what stands before the terminal, and a camera that follows it.

Physics, in linear light: a matt surface that faces a small bright rectangle of luminance L and area A at a
distance d gets the illuminance E = L · A / (d² + A/π) (a disk of that area, on its axis), and throws the
same share of it back as of the shop's light. So a picture taken in the shop's light alone is multiplied,
channel by channel, by 1 + r · E_screen / E_shop, where r says how the surface stands to the screen
(Lambert's cosine, and distance).

The camera then changes its exposure and its white balance, each with a time constant, and codes with a
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

Map = NDArray[np.float32]
"""(height, width): the screen's light against the shop's, 1 for a matt surface that faces the screen at the
usual distance; one number where it is the same everywhere."""
Colour = tuple[float, float, float]
"""Linear light of the screen, red, green, blue, 1 = its white."""

GAMMA = 2.2
_GREY = (0.5, 0.5, 0.5)
_MOST = 4.0  # of a Map; nearer surfaces get no more
_QUIET_LX = 150.0  # with less light the camera turns its gain up, and its noise
_NOISE = 2.0  # grey levels at that light
_WALL_M = 2.5  # from the screen to what stands behind the person


class Surroundings(Struct, frozen=True, forbid_unknown_fields=True):
    """`shop_lx`: on an upright face. `kelvin`: colour temperature of the lamps. `nits`: the screen's
    white.
    """

    shop_lx: float = 300.0
    kelvin: float = 4500.0
    nits: float = 300.0
    screen_m2: float = 0.078  # of a 21.5-inch screen the part that changes colour: 0.27 m × 0.48 m · 0.6
    distance_m: float = 0.5

    def share(self, colour: Colour) -> NDArray[np.float64]:
        """(3,) blue, green, red: the screen's light on a face against the shop's."""
        a, d = self.screen_m2, self.distance_m
        screen = np.array(colour[::-1]) * self.nits * a / (d * d + a / math.pi)
        return np.asarray(screen / (self.shop_lx * lamp(self.kelvin)), np.float64)

    @property
    def wall(self) -> float:
        """What the wall behind gets of the screen's light against the face: the square of the distances."""
        return (self.distance_m / _WALL_M) ** 2


def lamp(kelvin: float) -> NDArray[np.float64]:
    """(3,) blue, green, red of a lamp of that colour temperature, relative luminance 1.

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
    """The screen's ground: colour `letters[i]` of `visit.rules.light` from `times[i]` on, flowing in; grey
    before.
    """

    times: tuple[float, ...]
    letters: str

    def at(self, at: float) -> Colour:
        """The colour at that time."""
        shown = bisect_right(self.times, at) - 1
        if shown < 0:
            return _GREY
        now, before = LINEAR[self.letters[shown]], LINEAR[self.letters[shown - 1]] if shown else _GREY
        part = min(1.0, (at - self.times[shown]) / FADE_S)
        red, green, blue = (b + (n - b) * part for n, b in zip(now, before, strict=True))
        return red, green, blue


class Automatic(Struct, frozen=True, forbid_unknown_fields=True):
    """A camera's own corrections: how far each goes (0 none … 1 all the way) and its time constant."""

    exposure: float = 0.9
    exposure_s: float = 0.5
    balance: float = 0.6  # grey world
    balance_s: float = 3.0


class LitCamera:
    """Adds the screen's light to pictures taken in the shop's alone. One stream of pictures, in order of
    time.
    """

    def __init__(
        self,
        where: Surroundings = Surroundings(),  # noqa: B008 - frozen
        automatic: Automatic = Automatic(),  # noqa: B008 - frozen
        seed: int = 0,
    ) -> None:
        self._where, self._automatic = where, automatic
        self._random = np.random.default_rng(seed)
        self._gains = np.ones(3)
        self._meant: NDArray[np.float64] | None = (
            None  # mean light of the first picture, which is taken for right
        )
        self._at = 0.0

    def see(self, picture: Image, answer: Map | float, colour: Colour | None, at: float) -> Image:
        """`picture` under the screen's `colour` (None: a dark screen); `answer`: how each pixel throws it
        back.
        """
        share = self._where.share(colour) if colour is not None else np.zeros(3)
        lit = _multiplied(picture, answer, share, self._gains)
        self._follow(lit, at)
        noise = _NOISE * math.sqrt(max(0.0, _QUIET_LX / self._where.shop_lx - 1))
        return lit if noise == 0 else self._noisy(lit, noise)

    def _follow(self, lit: Image, at: float) -> None:
        """Correct the gains for the next picture, as far as the time since the last one allows."""
        mean = (np.array(cv2.mean(lit)[:3]) / 255) ** GAMMA + 1e-4
        if self._meant is None:
            self._meant, self._at = mean, at
            return
        a, passed = self._automatic, max(0.0, at - self._at)
        self._at = at
        off = np.log(self._meant / mean)
        exposure = float(off.mean())
        step = a.exposure * exposure * (1 - math.exp(-passed / a.exposure_s))
        balance = a.balance * (off - exposure) * (1 - math.exp(-passed / a.balance_s))
        self._gains = self._gains * np.exp(step + balance)

    def _noisy(self, lit: Image, sigma: float) -> Image:
        noise = self._random.standard_normal(lit.shape, np.float32) * np.float32(sigma)
        return np.asarray(np.clip(lit + noise, 0, 255), np.uint8)


def _multiplied(
    picture: Image, answer: Map | float, share: NDArray[np.float64], gains: NDArray[np.float64]
) -> Image:
    if isinstance(answer, float):
        answer = np.full(picture.shape[:2], answer, np.float32)
    level = cv2.convertScaleAbs(answer, alpha=255 / _MOST)
    steps = np.arange(256)[:, None] / 255 * _MOST
    tables = (((1 + steps * share) * gains) ** (1 / GAMMA)).astype(np.float32)
    parts = [
        cv2.multiply(channel, cv2.LUT(level, np.ascontiguousarray(tables[:, i])), dtype=cv2.CV_8U)
        for i, channel in enumerate(cv2.split(picture))
    ]
    return np.asarray(cv2.merge(parts), np.uint8)


def relief_answer(relief: Map, mask: Map) -> Map:
    """Lambert's cosine over a face whose `relief` (pixels towards the camera) is known, 0 where no `mask` is.

    The screen stands below the camera: its middle is seen a quarter as far down as it is away.
    """
    down, right = np.gradient(cv2.GaussianBlur(relief, (0, 0), 3))
    towards = (1 + 0.25 * down) / np.sqrt(1 + right**2 + down**2) / math.hypot(1, 0.25)
    return np.asarray(np.clip(towards, 0, 1) * mask, np.float32)
