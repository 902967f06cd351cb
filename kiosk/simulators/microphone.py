"""Driver `simulated`: microphone that delivers the simulated shop's sound in real time."""

import threading
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import SAMPLE_RATE, AudioBlock
from kiosk.ports import Context
from kiosk.worker import Worker

BLOCK = SAMPLE_RATE // 50
"""20 ms, as the real driver delivers."""


class SimulatedMicrophoneSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Has no settings."""


class SimulatedMicrophone:
    """Implements `ports.Microphone`: each block is delivered when its last sample is over."""

    Settings = SimulatedMicrophoneSettings

    def __init__(self, settings: SimulatedMicrophoneSettings, context: Context) -> None:
        self._shop = context.world
        self._clock = context.clock
        self._worker: Worker | None = None

    def probe(self) -> None:
        """Raise DeviceMissing where there is no simulated shop."""
        if self._shop is None:
            raise DeviceMissing(Code.MICROPHONE_MISSING, "there is no simulated shop")

    def open(self, deliver: Callable[[AudioBlock], None]) -> None:
        """Begin to deliver blocks, on a thread of its own. Raises DeviceMissing."""
        self.probe()
        self.close()
        self._worker = Worker(
            "simulated-microphone", lambda stop: self._deliver_blocks(deliver, stop)
        ).start()

    def check(self) -> None:
        """Raise DeviceLost if no more blocks come."""
        if self._worker is None or not self._worker.alive:
            raise DeviceLost(Code.MICROPHONE_LOST, "the simulated microphone has stopped")

    def close(self) -> None:
        """Stop delivering blocks."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _deliver_blocks(self, deliver: Callable[[AudioBlock], None], stop: threading.Event) -> None:
        began = self._clock()
        seq = 0
        while not stop.is_set():
            at = began + seq * BLOCK / SAMPLE_RATE
            early = at + BLOCK / SAMPLE_RATE - self._clock()
            if early > 0 and stop.wait(early):
                return
            samples = np.asarray(self._shop.sound(at, BLOCK), np.float32)
            deliver(AudioBlock(samples=samples, seq=seq, at=at))
            seq += 1
