"""Background, sensor noise and drifting exposure of simulated camera pictures."""

import math

import cv2
import numpy as np

from kiosk.ports import Image

_SHELVES = 5
_GOODS_PER_SHELF = 14
_BLUR = 0.018  # of the width: the shop is out of focus
_NOISE = 2.6  # standard deviation, grey levels
_NOISE_IMAGES = 4  # shifted about so that no two frames are alike
_SHIFT_PX = 32
_OFFSET = 32  # noise is stored as unsigned numbers about this one


_COLOURS = np.array(  # BGR of packets, bottles and tins
    [
        (70, 70, 180),
        (90, 170, 210),
        (200, 205, 210),
        (110, 150, 100),
        (170, 120, 80),
        (90, 100, 120),
        (80, 120, 190),
    ]
)


def shop_background(size: tuple[int, int], seed: int) -> Image:
    """Draw shelves with coloured goods under warm light, out of focus.

    `size` is (width, height); returns (height, width, 3) BGR.
    """
    width, height = size
    random = np.random.default_rng(seed)
    wall = np.full((height, width, 3), (168, 186, 196), np.uint8)
    for shelf in range(_SHELVES):
        bottom = (shelf + 1) * height // _SHELVES
        for good in range(_GOODS_PER_SHELF):
            left = good * width // _GOODS_PER_SHELF
            top = bottom - int(height / _SHELVES * random.uniform(0.4, 0.85))
            colour = [int(level) for level in random.choice(_COLOURS) + random.integers(-20, 20, 3)]
            cv2.rectangle(wall, (left, top), (left + width // _GOODS_PER_SHELF - 4, bottom), colour, -1)
        cv2.rectangle(wall, (0, bottom - 5), (width, bottom), (120, 132, 140), -1)
    soft = cv2.GaussianBlur(wall, (0, 0), _BLUR * width)
    light = np.linspace(1.05, 0.8, height)[:, None, None]
    return np.clip(soft * light, 0, 255).astype(np.uint8)


class SimulatedSensor:
    """Camera sensor: noise that differs from frame to frame, and an exposure that drifts by 3 %.

    `size` is (width, height).
    """

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        width, height = size
        self._size = size
        random = np.random.default_rng(seed)
        shape = (_NOISE_IMAGES, height + _SHIFT_PX, width + _SHIFT_PX, 3)
        noise = random.standard_normal(shape, np.float32) * _NOISE + _OFFSET
        self._noise_images = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
        self._phase = float(random.uniform(0, 2 * math.pi))

    def capture(self, scene: Image, at: float) -> Image:
        """Return a new picture of `scene` taken at `at` seconds, (height, width, 3) BGR."""
        gain = 1.0 + 0.03 * math.sin(0.5 * at + self._phase)
        return np.asarray(cv2.addWeighted(scene, gain, self.noise_at(at), 1.0, -_OFFSET), np.uint8)

    def noise_at(self, at: float) -> Image:
        """Pick noise by the time in milliseconds, so that the same time gives the same picture."""
        picked = int(at * 1000) * 2654435761 % (1 << 32)
        x, y = (picked >> 4) % _SHIFT_PX, (picked >> 12) % _SHIFT_PX
        width, height = self._size
        noise = self._noise_images[(picked >> 20) % _NOISE_IMAGES]
        return np.asarray(noise[y : y + height, x : x + width])
