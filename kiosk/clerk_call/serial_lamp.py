"""Driver `serial-lamp`: a lamp or buzzer at the counter that a byte string on a serial line switches.

Made for the USB relay boards with a CH340 that switch any 5 V lamp (type LCUS-1); `on` and `off` are those of
other boards, where they differ.
"""

from contextlib import suppress

import serial
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceError, DeviceLost, DeviceMissing
from kiosk.model import ClerkCallFacts
from kiosk.ports import Context

WRITE_TIMEOUT_S = 2.0
_FAULTS = (serial.SerialException, OSError, ValueError)


class SerialLamp:
    """Implements `ports.ClerkCall`. The line is opened for each switching: its plug may be pulled."""

    reaches = True

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`port`: a device file, or `hwgrep://VID:PID`. `on`, `off`: bytes in hex; without
        `off` the lamp goes off by itself.
        """

        port: str
        baud: int = 9600
        on: str = "A0 01 01 A2"
        off: str = "A0 01 00 A1"

        def __post_init__(self) -> None:
            if not bytes.fromhex(self.on):
                raise ValueError("on must hold at least one byte, in hex")
            bytes.fromhex(self.off)

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings

    def probe(self) -> None:
        """Open the line and close it. Raises DeviceMissing."""
        try:
            self._write(b"")
        except DeviceError as error:
            raise DeviceMissing(error.code, error.detail) from None

    def call(self, facts: ClerkCallFacts) -> None:
        """Switch the lamp on. Raises DeviceLost."""
        self._write(bytes.fromhex(self._settings.on))

    def end(self) -> None:
        """Switch the lamp off. Raises DeviceLost."""
        self._write(bytes.fromhex(self._settings.off))

    def _write(self, data: bytes) -> None:
        settings = self._settings
        line = None
        try:
            line = serial.serial_for_url(settings.port, settings.baud, write_timeout=WRITE_TIMEOUT_S)
            line.write(data)
        except _FAULTS as error:
            raise DeviceLost(Code.CLERK_CALL_FAILED, f"{settings.port}: {error}") from None
        finally:
            if line is not None:
                with suppress(*_FAULTS):
                    line.close()
