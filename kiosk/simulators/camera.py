"""Driver `simulated` camera: sees what stands in the simulated shop, 25 times a second."""

import time
from typing import ClassVar

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import Frame
from kiosk.ports import Context
from kiosk.simulators.world import World


class SimulatedCameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    fps: float = 25.0


class SimulatedCamera:
    """`ports.Camera`."""

    Settings: ClassVar[type[Struct]] = SimulatedCameraSettings

    def __init__(self, settings: SimulatedCameraSettings, context: Context) -> None:
        self._period = 1.0 / settings.fps
        self._world: World | None = context.world
        self._clock = context.clock
        self._seq = 0
        self._due: float | None = None  # None: closed

    def probe(self) -> None:
        """Raises DeviceMissing where there is no simulated shop."""
        if self._world is None:
            raise DeviceMissing(Code.CAMERA_MISSING, "there is no simulated shop")

    def open(self) -> None:
        """Raises DeviceMissing."""
        self.probe()
        self._due = self._clock()

    def read(self) -> Frame:
        """Waits for the next frame's time, skipping frames that nobody fetched in time. Raises DeviceLost."""
        if self._due is None or self._world is None:
            raise DeviceLost(Code.CAMERA_LOST, "not open")
        time.sleep(max(0.0, self._due - self._clock()))
        at = self._clock()
        self._due = (self._due if at - self._due < self._period else at) + self._period
        self._seq += 1
        return Frame(image=self._world.picture(at), seq=self._seq, at=at)

    def close(self) -> None:
        self._due = None
