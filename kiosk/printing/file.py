"""Driver `file`: slips into a printer's device file, or onto the end of an ordinary file."""

import errno
import os
import select
import time
from pathlib import Path
from typing import Literal

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import Slip
from kiosk.ports import Context
from kiosk.printing.escpos import encode
from kiosk.printing.slip import lines

PATIENCE_S = 5.0
"""A printer that takes no byte for so long has no paper or an open lid."""


class FilePrinter:
    """Writes whole slips. A device that blocks is given up after `PATIENCE_S`, never waited for."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`path`: a device file (usblp, serial) or an ordinary file; `columns`: 32 on 58 mm, 48 on 80 mm."""

        path: str
        form: Literal["text", "escpos"] = "escpos"  # text: UTF-8
        language: Literal["zh-Hans", "zh-Hant", "en"] = "zh-Hans"
        columns: int = 32

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._file: int | None = None

    def open(self) -> None:
        """Raises DeviceMissing."""
        self.close()
        path = Path(self._settings.path)
        flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
        try:  # in /dev nothing is made: a printer that is switched off must not become a file
            self._file = os.open(path, flags if path.is_relative_to("/dev") else flags | os.O_CREAT, 0o644)
        except OSError as error:
            raise DeviceMissing(Code.PRINTER_MISSING, f"{path}: {error.strerror}") from None

    def print(self, slip: Slip) -> None:
        """Raises DeviceLost with PRINTER_PAPER (it takes nothing) or PRINTER_MISSING (it is gone)."""
        text = lines(slip, self._settings.language, self._settings.columns)
        plain = "".join(line + "\n" for line in [*text, ""]).encode()
        self._write(encode(text) if self._settings.form == "escpos" else plain)

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            raise DeviceLost(Code.PRINTER_MISSING, "not open")
        end = time.monotonic() + PATIENCE_S
        while data:
            _, ready, _ = select.select([], [self._file], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise DeviceLost(Code.PRINTER_PAPER, f"took nothing for {PATIENCE_S} s")
            written = self._some(data)
            if written:
                data, end = data[written:], time.monotonic() + PATIENCE_S

    def _some(self, data: bytes) -> int:
        assert self._file is not None
        try:
            return os.write(self._file, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            code = Code.PRINTER_PAPER if error.errno == errno.ENOSPC else Code.PRINTER_MISSING
            raise DeviceLost(code, error.strerror or "") from None
