"""Driver `file`: print to a printer's device file, append to an ordinary file, or write into a folder."""

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
from kiosk.printing.document import PrintDocument
from kiosk.printing.output_formats import FILE_FORMATS, DocumentEncoder, OutputFormat, check_language
from kiosk.printing.status import WatchedPrinter

WRITE_TIMEOUT_S = 5.0
"""A printer that takes no byte for so long has no paper or an open lid."""


class FilePrinter:
    """Printer that writes whole documents. A device that blocks is given up after `WRITE_TIMEOUT_S`."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`path`: a device file (usblp), an ordinary file, or a folder for `png` and `pdf`.

        `form`: raster is drawn here, escpos is text in the printer's own font, text is UTF-8.
        """

        path: str
        form: OutputFormat = "raster"
        language: str = ""  # empty: that of the visit
        width: Literal["58mm", "80mm"] = "58mm"

        def __post_init__(self) -> None:
            check_language(self.language)

    def __init__(self, settings: Settings, context: Context) -> None:
        self._path = Path(settings.path)
        self._encoder = DocumentEncoder(settings.form, settings.width, settings.language)
        self._folder = settings.form in FILE_FORMATS
        self._file: int | None = None
        self._watched = WatchedPrinter(self._write, self._receive)

    def open(self) -> None:
        """Open the device or file. Raises DeviceMissing."""
        self.close()
        if self._folder:
            if not self._path.is_dir():
                raise DeviceMissing(Code.PRINTER_MISSING, f"{self._path}: no such folder")
            return
        flags = os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
        try:  # in /dev nothing is made: a printer that is switched off must not become a file
            if is_device(self._path):
                self._file = _open_device(self._path, flags)
            else:
                self._file = os.open(self._path, os.O_WRONLY | flags | os.O_CREAT, 0o644)
        except OSError as error:
            raise DeviceMissing(Code.PRINTER_MISSING, f"{self._path}: {error.strerror}") from None

    def print(self, document: PrintDocument) -> None:
        """Write one document.

        Raises DeviceLost: PRINTER_PAPER (takes nothing), PRINTER_MISSING (gone), PRINTER_UNKNOWN (a device
        that gets plain text is not asked), and as `WatchedPrinter`.
        """
        if self._folder:
            try:
                path = self._path / f"{document.id}.{self._encoder.form}"
                path.write_bytes(self._encoder.encode(document))
            except OSError as error:
                raise _lost(error) from None
        elif self._is_watched:
            self._watched.print(self._encoder.commands(document))
        else:
            self._write(self._encoder.encode(document))
            self._refuse_to_know()

    def check(self) -> None:
        """Ask an ESC/POS printer; of files and folders it is enough that they can be opened.

        Raises DeviceLost as `WatchedPrinter`, PRINTER_UNKNOWN if it does not answer or is not asked.
        """
        self._refuse_to_know()
        if self._is_watched and not self._watched.check():
            raise DeviceLost(Code.PRINTER_UNKNOWN, "the printer does not answer")

    @property
    def _is_watched(self) -> bool:
        return is_device(self._path) and self._encoder.form != "text"

    def _refuse_to_know(self) -> None:
        if is_device(self._path) and not self._is_watched:
            raise DeviceLost(
                Code.PRINTER_UNKNOWN, "a printer that gets plain text is not asked for its status"
            )

    def close(self) -> None:
        """Close the device or file."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _receive(self, timeout_s: float) -> bytes:
        """Return one byte of the printer's answer; none if it cannot be read from, or does not answer."""
        with suppress(OSError):
            if self._file is not None and select.select([self._file], [], [], timeout_s)[0]:
                return os.read(self._file, 1)
        return b""

    def _write(self, data: bytes) -> None:
        if self._file is None:
            raise DeviceLost(Code.PRINTER_MISSING, "not open")
        end = time.monotonic() + WRITE_TIMEOUT_S
        while data:
            _, ready, _ = select.select([], [self._file], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise DeviceLost(Code.PRINTER_PAPER, f"took nothing for {WRITE_TIMEOUT_S} s")
            written = self._write_some(data)
            if written:
                data, end = data[written:], time.monotonic() + WRITE_TIMEOUT_S

    def _write_some(self, data: bytes) -> int:
        assert self._file is not None
        try:
            return os.write(self._file, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise _lost(error) from None


def is_device(path: Path) -> bool:
    """Return whether `path` is a printer's device file and not a file or folder."""
    return path.is_relative_to("/dev")


def _open_device(path: Path, flags: int) -> int:
    """Open for reading and writing, so that the status can be asked; else only for writing."""
    try:
        return os.open(path, os.O_RDWR | flags)
    except PermissionError:
        return os.open(path, os.O_WRONLY | flags)


def _lost(error: OSError) -> DeviceLost:
    code = Code.PRINTER_PAPER if error.errno == errno.ENOSPC else Code.PRINTER_MISSING
    return DeviceLost(code, error.strerror or "")
