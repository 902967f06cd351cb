"""Driver `file`: slips into a printer's device file, onto the end of an ordinary file, or into a folder."""

import errno
import os
import select
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.ports import Context
from kiosk.printing.document import Printed
from kiosk.printing.output_formats import FILES, Form, Paper, check_language
from kiosk.printing.status import check

PATIENCE_S = 5.0
"""A printer that takes no byte for so long has no paper or an open lid."""


class FilePrinter:
    """Writes whole slips. A device that blocks is given up after `PATIENCE_S`, never waited for."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`path`: a device file (usblp), an ordinary file, or a folder for `png` and `pdf`."""

        path: str
        form: Form = "raster"  # raster: drawn here; escpos: text in the printer's own font; text: UTF-8
        language: str = ""  # empty: that of the visit
        width: Literal["58mm", "80mm"] = "58mm"

        def __post_init__(self) -> None:
            check_language(self.language)

    def __init__(self, settings: Settings, context: Context) -> None:
        self._path = Path(settings.path)
        self._paper = Paper(settings.form, settings.width, settings.language)
        self._folder = settings.form in FILES
        self._file: int | None = None

    def open(self) -> None:
        """Raises DeviceMissing."""
        self.close()
        if self._folder:
            if not self._path.is_dir():
                raise DeviceMissing(Code.PRINTER_MISSING, f"{self._path}: no such folder")
            return
        flags = os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
        try:  # in /dev nothing is made: a printer that is switched off must not become a file
            if self._path.is_relative_to("/dev"):
                self._file = _both_ways(self._path, flags)
            else:
                self._file = os.open(self._path, os.O_WRONLY | flags | os.O_CREAT, 0o644)
        except OSError as error:
            raise DeviceMissing(Code.PRINTER_MISSING, f"{self._path}: {error.strerror}") from None

    def print(self, printed: Printed) -> None:
        """Raises DeviceLost with PRINTER_PAPER (it takes nothing) or PRINTER_MISSING (it is gone)."""
        made = self._paper.made(printed)
        if self._folder:
            self._keep(f"{printed.id}.{self._paper.form}", made)
            return
        if self._path.is_relative_to("/dev") and self._paper.form != "text":
            check(self._write, self._answer)
        self._write(made)

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _keep(self, name: str, made: bytes) -> None:
        try:
            (self._path / name).write_bytes(made)
        except OSError as error:
            raise _lost(error) from None

    def _answer(self, timeout_s: float) -> bytes:
        """What a printer says; empty if it cannot be read from, or says nothing."""
        with suppress(OSError):
            if self._file is not None and select.select([self._file], [], [], timeout_s)[0]:
                return os.read(self._file, 1)
        return b""

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
            raise _lost(error) from None


def _both_ways(path: Path, flags: int) -> int:
    """Printers that can be asked are; a device that only takes is opened for that."""
    try:
        return os.open(path, os.O_RDWR | flags)
    except PermissionError:
        return os.open(path, os.O_WRONLY | flags)


def _lost(error: OSError) -> DeviceLost:
    code = Code.PRINTER_PAPER if error.errno == errno.ENOSPC else Code.PRINTER_MISSING
    return DeviceLost(code, error.strerror or "")
