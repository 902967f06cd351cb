"""ID-card readers: the driver `sam-v`, for readers that speak SAM-V on a serial line."""

import errno
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import serial
from msgspec import Struct

from kiosk.card.layout import parse
from kiosk.card.protocol import Session
from kiosk.codes import Code
from kiosk.errors import CardError, DeviceBusy, DeviceLost, DeviceMissing
from kiosk.model import IdCard
from kiosk.ports import Context

_FAULTS = (serial.SerialException, termios.error, OSError)
"""What pyserial lets through when a reader is unplugged, depending on the moment."""
_IN_USE = (errno.EBUSY, errno.EAGAIN)
_PASSING = (Code.CARD_UNREADABLE, Code.CARD_MOVED)
"""Failures that a second read may cure: the first one often meets a card that still moves."""


class SamV:
    """A SAM-V reader on a serial port or a USB-serial adapter."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`port`: a device file, or `hwgrep://VID:PID` for whatever file that USB adapter gets."""

        port: str = ""
        baud: int = 115_200
        timeout_s: float = 2.0  # for one answer; text and photo take about one second

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._line: SerialLine | None = None
        self._session: Session | None = None
        self._holds = False  # a card is selected

    def open(self) -> None:
        """Raises DeviceMissing, DeviceBusy, DeviceLost."""
        self.close()
        self._line = SerialLine(self._settings.port, self._settings.baud)
        self._session = Session(self._line, self._settings.timeout_s)
        try:
            self._session.check()
        except DeviceLost as error:
            self.close()
            if error.code is Code.READER_LOST:
                raise DeviceMissing(Code.READER_MISSING, f"{self._settings.port}: nothing answers") from None
            raise

    def present(self) -> bool:
        """Whether a card lies on the reader. Raises DeviceLost."""
        session = self._opened()
        self._holds = self._holds and session.holds()
        return self._holds or session.find()

    def read(self) -> IdCard:
        """Text and photo of the card that is present; once more if it moved. Raises CardError, DeviceLost."""
        session = self._opened()
        if not self._holds and not session.find():
            raise CardError(Code.CARD_REMOVED, "no card is found")
        try:
            return self._read(session)
        except CardError as error:
            if error.code not in _PASSING:
                raise
        self._holds = False
        if not session.find():
            raise CardError(Code.CARD_MOVED, "not found again while it was read")
        return self._read(session)

    def close(self) -> None:
        line, self._line, self._session, self._holds = self._line, None, None, False
        if line is not None:
            line.close()

    def _read(self, session: Session) -> IdCard:
        if not self._holds:
            session.select()
            self._holds = True
        return parse(*session.read())

    def _opened(self) -> Session:
        if self._session is None:
            raise DeviceLost(Code.READER_LOST, "not open")
        return self._session


class SerialLine:
    """A `kiosk.card.protocol.Line` over pyserial."""

    def __init__(self, port: str, baud: int) -> None:
        """Raises DeviceMissing, DeviceBusy."""
        if not port:
            raise DeviceMissing(Code.READER_MISSING, "[card_reader] port is not set")
        try:
            self._serial = serial.serial_for_url(port, baud, timeout=0.1, write_timeout=1.0, exclusive=True)
        except (*_FAULTS, ValueError) as error:
            if getattr(error, "errno", None) in _IN_USE:
                raise DeviceBusy(Code.READER_BUSY, port) from None
            raise DeviceMissing(Code.READER_MISSING, f"{port}: {error}") from None

    def send(self, data: bytes) -> None:
        with _lost():
            self._serial.reset_input_buffer()
            self._serial.write(data)

    def receive(self, timeout_s: float) -> bytes:
        with _lost():
            self._serial.timeout = timeout_s
            first: bytes = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""

    def close(self) -> None:
        with suppress(*_FAULTS):
            self._serial.close()


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        raise DeviceLost(Code.READER_LOST, str(error)) from None
