"""Driver `line`: print on a receipt printer on a serial port (also behind USB) or on the network."""

from contextlib import suppress
from typing import Literal

import serial
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.ports import Context
from kiosk.printing.document import PrintDocument
from kiosk.printing.output_formats import DocumentEncoder, check_language
from kiosk.printing.status import WatchedPrinter

WRITE_TIMEOUT_S = 5.0
"""A printer that takes no byte for so long has no paper or an open lid."""
_CHUNK = 512
_FAULTS = (serial.SerialException, OSError)


class SerialOrNetworkPrinter:
    """Printer that writes whole documents over pyserial, whose addresses also name hosts."""

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
        self._encoder = DocumentEncoder(settings.form, settings.width, settings.language)
        self._port: serial.SerialBase | None = None
        self._watched = WatchedPrinter(self._write, self._receive)

    def open(self) -> None:
        """Open the port or connection. Raises DeviceMissing."""
        self.close()
        port = self._settings.port
        try:
            self._port = serial.serial_for_url(
                port, self._settings.baud, timeout=0.1, write_timeout=WRITE_TIMEOUT_S
            )
        except (*_FAULTS, ValueError) as error:
            raise DeviceMissing(Code.PRINTER_MISSING, f"{port}: {error}") from None

    def print(self, document: PrintDocument) -> None:
        """Write one document.

        Raises DeviceLost: PRINTER_PAPER (takes nothing), PRINTER_MISSING (gone), and as `WatchedPrinter`.
        """
        self._watched.print(self._encoder.commands(document))

    def check(self) -> None:
        """Ask the printer. Raises DeviceLost as `WatchedPrinter`, also if it does not answer."""
        if not self._watched.check():
            raise DeviceLost(Code.PRINTER_UNKNOWN, "the printer does not answer")

    def close(self) -> None:
        """Close the port or connection."""
        port, self._port = self._port, None
        if port is not None:
            with suppress(*_FAULTS):
                port.close()

    def _write(self, data: bytes) -> None:
        if self._port is None:
            raise DeviceLost(Code.PRINTER_MISSING, "not open")
        try:
            for at in range(0, len(data), _CHUNK):  # the timeout is for each part, however slow the port
                self._port.write(data[at : at + _CHUNK])
        except serial.SerialTimeoutException:
            raise DeviceLost(Code.PRINTER_PAPER, f"took nothing for {WRITE_TIMEOUT_S} s") from None
        except _FAULTS as error:
            raise DeviceLost(Code.PRINTER_MISSING, str(error)) from None

    def _receive(self, timeout_s: float) -> bytes:
        assert self._port is not None
        with suppress(*_FAULTS):
            self._port.timeout = timeout_s
            answer: bytes = self._port.read(1)
            return answer
        return b""
