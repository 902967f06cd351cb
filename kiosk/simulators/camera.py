"""Driver `simulated`: camera that delivers pictures of the simulated shop, 25 a second by default."""

import time
from typing import ClassVar

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import Frame
from kiosk.ports import Context
from kiosk.simulators.shop import SimulatedShop


class SimulatedCameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`fps`: frames per second."""

    fps: float = 25.0


class SimulatedCamera:
    """Implements `ports.Camera`."""

    Settings: ClassVar[type[Struct]] = SimulatedCameraSettings

    def __init__(self, settings: SimulatedCameraSettings, context: Context) -> None:
        self._period = 1.0 / settings.fps
        self._shop: SimulatedShop | None = context.world
        self._clock = context.clock
        self._seq = 0
        self._due: float | None = None  # None: closed

    def probe(self) -> None:
        """Raise DeviceMissing where there is no simulated shop."""
        if self._shop is None:
            raise DeviceMissing(Code.CAMERA_MISSING, "there is no simulated shop")

    def open(self) -> None:
        """Begin to deliver frames. Raises DeviceMissing."""
        self.probe()
        self._due = self._clock()

    def read(self) -> Frame:
        """Wait for the next frame and return it; a late caller skips frames. Raises DeviceLost."""
        if self._due is None or self._shop is None:
            raise DeviceLost(Code.CAMERA_LOST, "not open")
        time.sleep(max(0.0, self._due - self._clock()))
        at = self._clock()
        self._due = (self._due if at - self._due < self._period else at) + self._period
        self._seq += 1
        return Frame(image=self._shop.picture(at), seq=self._seq, at=at)

    def close(self) -> None:
        """Stop delivering frames."""
        self._due = None
