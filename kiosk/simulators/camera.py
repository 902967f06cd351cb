"""Driver `simulated`: camera that delivers pictures of the simulated shop, 25 a second by default."""

import time
import zlib
from typing import ClassVar, Literal

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.capture.camera import FrozenPictureDetector
from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import Frame
from kiosk.ports import Context, Image
from kiosk.simulators.shop import SimulatedShop

FREEZES_AFTER_S = 0.5
"""A camera that hangs gives some new frames each time it is opened."""

FROZEN_S = 3.0
"""As `[camera] frozen_s` of the real driver."""

Fault = Literal["none", "covered", "finger", "upside_down", "on_its_side", "frozen"]


class SimulatedCameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`fps`: frames per second. `fault`: what is wrong with the camera."""

    fps: float = 25.0
    fault: Fault = "none"


class SimulatedCamera:
    """Implements `ports.Camera`."""

    Settings: ClassVar[type[Struct]] = SimulatedCameraSettings

    def __init__(self, settings: SimulatedCameraSettings, context: Context) -> None:
        self._period = 1.0 / settings.fps
        self._shop: SimulatedShop | None = context.world
        self._clock = context.clock
        self._seq = 0
        self._due: float | None = None  # None: closed
        self._opened = 0.0
        self._frozen = FrozenPictureDetector(FROZEN_S)
        self.fault = settings.fault

    def probe(self) -> None:
        """Raise DeviceMissing where there is no simulated shop."""
        if self._shop is None:
            raise DeviceMissing(Code.CAMERA_MISSING, "there is no simulated shop")

    def open(self) -> None:
        """Begin to deliver frames. Raises DeviceMissing."""
        self.probe()
        self._due = self._opened = self._clock()
        self._frozen = FrozenPictureDetector(FROZEN_S)

    def read(self) -> Frame:
        """Wait for the next frame and return it; a late caller skips frames. Raises DeviceLost."""
        if self._due is None or self._shop is None:
            raise DeviceLost(Code.CAMERA_LOST, "not open")
        time.sleep(max(0.0, self._due - self._clock()))
        at = self._clock()
        self._due = (self._due if at - self._due < self._period else at) + self._period
        self._seq += 1
        seen_at = min(at, self._opened + FREEZES_AFTER_S) if self.fault == "frozen" else at
        picture = with_fault(self._shop.picture(seen_at), self.fault, seen_at)
        if self._frozen.is_frozen(picture, at):
            raise DeviceLost(Code.CAMERA_FROZEN, "the same picture")
        return Frame(image=picture, seq=self._seq, at=at)

    def close(self) -> None:
        """Stop delivering frames."""
        self._due = None


def with_fault(picture: Image, fault: Fault, at: float) -> Image:
    """Return what the camera gives of a scene that is `picture`, at `at` seconds."""
    if fault == "upside_down":
        return np.asarray(cv2.rotate(picture, cv2.ROTATE_180), np.uint8)
    if fault == "on_its_side":
        return np.asarray(cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE), np.uint8)
    if fault == "covered":
        return _noise(np.full(picture.shape, 8.0), at)
    if fault == "finger":  # light leaks in at one side, reddish
        across = np.linspace(10.0, 55.0, picture.shape[1])[None, :, None]
        return _noise(across * np.array([0.5, 0.6, 1.4]) * np.ones(picture.shape), at)
    return picture


def _noise(light: NDArray[np.float64], at: float) -> Image:
    """Add the noise of a sensor whose gain is turned up; the same time gives the same picture."""
    random = np.random.default_rng(zlib.crc32(np.float64(at).tobytes()))
    noisy = light + 4.0 * random.standard_normal(light.shape, dtype=np.float32)
    return np.clip(noisy, 0, 255).astype(np.uint8)
