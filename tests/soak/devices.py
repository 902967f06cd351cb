"""Simple devices at the real ports, which can be broken from outside."""

import numpy as np

from kiosk.codes import Code
from kiosk.errors import CardError, DeviceLost, DeviceMissing
from kiosk.model import SAMPLE_RATE, AudioBlock, Frame, IdCard, ReaderIdentity, Slip
from kiosk.simulators.card_reader import READER

_PICTURE = np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8)
_SILENCE = np.zeros(SAMPLE_RATE // 50, np.float32)


class DeviceStates:
    """State of all devices. `broken`: names of those that do not work; `slips`: number of printed slips."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.broken: set[str] = set()
        self.slips = 0
        self.card: IdCard | None = None
        self.card_faults: list[Code] = []

    def lay(self, card: IdCard, faults: list[Code]) -> None:
        self.card, self.card_faults = card, faults

    def lift(self) -> None:
        self.card, self.card_faults = None, []


class _Device:
    name = ""
    missing = lost = Code.INTERNAL

    def __init__(self, states: DeviceStates) -> None:
        self._states = states

    def probe(self) -> None:
        if self.name in self._states.broken:
            raise DeviceMissing(self.missing, "pulled out")

    def open(self) -> None:
        self.probe()

    def close(self) -> None:
        pass

    def _work(self) -> None:
        if self.name in self._states.broken:
            raise DeviceLost(self.lost, "pulled out")


class Camera(_Device):
    name, missing, lost = "camera", Code.CAMERA_MISSING, Code.CAMERA_LOST

    def __init__(self, states: DeviceStates) -> None:
        super().__init__(states)
        self._seq = 0

    def read(self) -> Frame:
        self._work()
        self._seq += 1
        return Frame(image=_PICTURE, seq=self._seq, at=self._states.clock.monotonic())


class Microphone(_Device):
    name, missing, lost = "microphone", Code.MICROPHONE_MISSING, Code.MICROPHONE_LOST

    def open(self, deliver) -> None:
        self.probe()
        deliver(AudioBlock(samples=_SILENCE, seq=0, at=self._states.clock.monotonic()))

    def check(self) -> None:
        self._work()


class Reader(_Device):
    name, missing, lost = "reader", Code.READER_MISSING, Code.READER_LOST

    def identity(self) -> ReaderIdentity:
        self._work()
        return READER

    def present(self) -> bool:
        self._work()
        return self._states.card is not None

    def read(self) -> IdCard:
        self._work()
        if self._states.card_faults:
            raise CardError(self._states.card_faults.pop(0))
        assert self._states.card is not None
        return self._states.card


class Printer(_Device):
    name, missing, lost = "printer", Code.PRINTER_MISSING, Code.PRINTER_PAPER

    def open(self) -> None:
        pass

    def print(self, slip: Slip) -> None:
        self._work()
        self._states.slips += 1


class Speaker(_Device):
    name = "speaker"
