"""Driver `line`: a receipt printer on a serial line (also behind USB) or on the network."""

from contextlib import suppress
from typing import Literal

import serial
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.ports import Context
from kiosk.printing.document import Printed
from kiosk.printing.output_formats import Paper, check_language
from kiosk.printing.status import check

PATIENCE_S = 5.0
"""A printer that takes no byte for so long has no paper or an open lid."""
_CHUNK = 512
_FAULTS = (serial.SerialException, OSError)


class SerialOrNetworkPrinter:
    """Writes whole slips over pyserial, whose addresses also name hosts."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`port`: a device file, `hwgrep://VID:PID`, or `socket://HOST:9100` for one on the network."""

        port: str
        baud: int = 9600
        form: Literal["raster", "escpos"] = "raster"
        language: str = ""  # empty: that of the visit
        width: Literal["58mm", "80mm"] = "58mm"

        def __post_init__(self) -> None:
            check_language(self.language)

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._paper = Paper(settings.form, settings.width, settings.language)
        self._line: serial.SerialBase | None = None

    def open(self) -> None:
        """Raises DeviceMissing."""
        self.close()
        port = self._settings.port
        try:
            self._line = serial.serial_for_url(
                port, self._settings.baud, timeout=0.1, write_timeout=PATIENCE_S
            )
        except (*_FAULTS, ValueError) as error:
            raise DeviceMissing(Code.PRINTER_MISSING, f"{port}: {error}") from None

    def print(self, printed: Printed) -> None:
        """Raises DeviceLost with PRINTER_PAPER (it takes nothing) or PRINTER_MISSING (it is gone)."""
        made = self._paper.made(printed)
        check(self._write, self._answer)
        for at in range(0, len(made), _CHUNK):  # so that patience is for each part, however slow the line
            self._write(made[at : at + _CHUNK])

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            with suppress(*_FAULTS):
                line.close()

    def _write(self, data: bytes) -> None:
        if self._line is None:
            raise DeviceLost(Code.PRINTER_MISSING, "not open")
        try:
            self._line.write(data)
        except serial.SerialTimeoutException:
            raise DeviceLost(Code.PRINTER_PAPER, f"took nothing for {PATIENCE_S} s") from None
        except _FAULTS as error:
            raise DeviceLost(Code.PRINTER_MISSING, str(error)) from None

    def _answer(self, timeout_s: float) -> bytes:
        assert self._line is not None
        with suppress(*_FAULTS):
            self._line.timeout = timeout_s
            said: bytes = self._line.read(1)
            return said
        return b""
