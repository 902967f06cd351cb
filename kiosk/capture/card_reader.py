"""ID-card readers: the driver `sam-v`, for readers that speak SAM-V on a serial line."""

import errno
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import serial
from msgspec import Struct

from kiosk.card.layout import parse
from kiosk.card.protocol import BAUDS, Command, Session, well
from kiosk.codes import Code
from kiosk.errors import CardError, DeviceBusy, DeviceLost, DeviceMissing
from kiosk.model import IdCard
from kiosk.ports import Context

_FAULTS = (serial.SerialException, termios.error, OSError)
"""What pyserial lets through when a reader is unplugged, depending on the moment."""
_IN_USE = (errno.EBUSY, errno.EAGAIN)
_PASSING = (Code.CARD_UNREADABLE, Code.CARD_MOVED)
"""Failures that a second read may cure: the first one often meets a card that still moves."""
_LISTEN_S = 0.4
"""So long a reader may take to tell its state while its rate is looked for: five rates in two seconds."""


class SamV:
    """A SAM-V reader on a serial port or a USB-serial adapter."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`port`: a device file, or `hwgrep://VID:PID` for whatever file that USB adapter gets."""

        port: str = ""
        baud: int = 115_200  # tried first; then all that readers know
        timeout_s: float = 2.0  # for one answer; text and photo take about one second

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._line: SerialLine | None = None
        self._session: Session | None = None
        self._holds = False  # a card is selected

    def open(self) -> None:
        """Find the reader at whatever rate it talks, and ask it to talk at the highest.

        Raises DeviceMissing, DeviceBusy, DeviceLost.
        """
        self.close()
        self._line = SerialLine(self._settings.port, self._settings.baud)
        try:
            found = self._find_rate(self._line)
            self._session = Session(self._line, self._settings.timeout_s)
            if found != BAUDS[0]:
                self._hasten(self._line, self._session, found)
        except DeviceLost:
            self.close()
            raise

    def _find_rate(self, line: "SerialLine") -> int:
        """The rate at which the reader answered, and told that it is well.

        Raises DeviceMissing (no answer that can be read, at any rate), DeviceLost.
        """
        patience = min(_LISTEN_S, self._settings.timeout_s)
        for baud in dict.fromkeys((self._settings.baud, *BAUDS)):
            line.set_baud(baud)
            try:
                answer = Session(line, patience, attempts=2).ask(Command.STATUS)
            except DeviceLost:
                if line.gone:
                    raise
            else:
                well(answer.status)
                return baud
        raise DeviceMissing(Code.READER_MISSING, f"{self._settings.port}: nothing answers at any rate")

    def _hasten(self, line: "SerialLine", session: Session, found: int) -> None:
        """At 9,600 a card takes 1.4 s on the line alone. A reader that will not go faster stays as it is."""
        if not session.set_baud(BAUDS[0]):
            return
        line.set_baud(BAUDS[0])
        try:
            session.check()
        except DeviceLost:
            line.set_baud(found)
            session.check()

    def present(self) -> bool:
        """Whether a card lies on the reader. Raises DeviceLost."""
        session = self._opened()
        self._holds = self._holds and session.holds()
        try:
            return self._holds or session.find()
        except CardError:
            return True  # why it cannot be taken is told when it is read

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
        self.gone = False

    def set_baud(self, baud: int) -> None:
        """Raises DeviceLost."""
        with self._lost():
            self._serial.baudrate = baud

    def send(self, data: bytes) -> None:
        with self._lost():
            self._serial.reset_input_buffer()
            self._serial.write(data)

    def receive(self, timeout_s: float) -> bytes:
        with self._lost():
            self._serial.timeout = timeout_s
            first: bytes = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""

    def close(self) -> None:
        with suppress(*_FAULTS):
            self._serial.close()

    @contextmanager
    def _lost(self) -> Iterator[None]:
        try:
            yield
        except _FAULTS as error:
            self.gone = True
            raise DeviceLost(Code.READER_LOST, str(error)) from None
