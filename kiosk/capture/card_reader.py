"""Driver `sam-v`: ID-card readers that speak SAM-V on a serial line."""

import errno
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import serial
from msgspec import Struct

from kiosk.capture.usb_socket import usb_socket
from kiosk.card.layout import parse
from kiosk.card.protocol import BAUDS, Command, Session, require_ready
from kiosk.codes import Code
from kiosk.errors import CardError, DeviceBusy, DeviceLost, DeviceMissing
from kiosk.model import IdCard, ReaderIdentity
from kiosk.ports import Context

_SERIAL_ERRORS = (serial.SerialException, termios.error, OSError)
"""What pyserial raises when a reader is unplugged, depending on the moment."""
_IN_USE = (errno.EBUSY, errno.EAGAIN)
_TRANSIENT = (Code.CARD_UNREADABLE, Code.CARD_MOVED)
"""Failures that a second read may cure: at the first one the card often still moves."""
_PROBE_S = 0.4
"""A reader may take so long to answer while its rate is searched: five rates in two seconds."""


class SamV:
    """A SAM-V reader on a serial port or a USB-serial adapter."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`port`: a device file, or `hwgrep://VID:PID` for whatever file that USB adapter gets."""

        port: str = ""
        baud: int = 115_200  # tried first; then all that readers know
        timeout_s: float = 2.0  # for one answer; text and photo take about one second

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._port: SerialPort | None = None
        self._session: Session | None = None
        self._card_selected = False

    def open(self) -> None:
        """Find the rate at which the reader talks, and ask it to use the highest.

        Raises DeviceMissing, DeviceBusy, DeviceLost.
        """
        self.close()
        self._port = SerialPort(self._settings.port, self._settings.baud)
        try:
            found = self._find_rate(self._port)
            self._session = Session(self._port, self._settings.timeout_s)
            if found != BAUDS[0]:
                self._raise_rate(self._port, self._session, found)
        except DeviceLost:
            self.close()
            raise

    def _find_rate(self, port: "SerialPort") -> int:
        """Return the rate at which the reader answered that it is ready.

        Raises DeviceMissing (no answer that can be read, at any rate), DeviceLost.
        """
        timeout_s = min(_PROBE_S, self._settings.timeout_s)
        for baud in dict.fromkeys((self._settings.baud, *BAUDS)):
            port.set_baud(baud)
            try:
                answer = Session(port, timeout_s, attempts=2).ask(Command.STATUS)
            except DeviceLost:
                if port.gone:
                    raise
            else:
                require_ready(answer.status)
                return baud
        raise DeviceMissing(Code.READER_MISSING, f"{self._settings.port}: nothing answers at any rate")

    def _raise_rate(self, port: "SerialPort", session: Session, found: int) -> None:
        """Ask for the highest rate: at 9,600 a card takes 1.4 s on the line alone.

        A reader that does not go faster stays at the rate `found`. Raises DeviceLost.
        """
        if not session.set_baud(BAUDS[0]):
            return
        port.set_baud(BAUDS[0])
        try:
            session.check()
        except DeviceLost:
            port.set_baud(found)
            session.check()

    def identity(self) -> ReaderIdentity:
        """Ask for the number of the security module, and look up the socket. Raises DeviceLost."""
        session, port = self._require_session(), self._port
        return ReaderIdentity(session.sam_id(), usb_socket(port.device) if port is not None else "")

    def present(self) -> bool:
        """Say whether a card lies on the reader. Raises DeviceLost."""
        session = self._require_session()
        self._card_selected = self._card_selected and session.holds()
        try:
            return self._card_selected or session.find()
        except CardError:
            return True  # why it cannot be taken is reported when it is read

    def read(self) -> IdCard:
        """Return the card that is present, read once more if it moved. Raises CardError, DeviceLost."""
        session = self._require_session()
        if not self._card_selected and not session.find():
            raise CardError(Code.CARD_REMOVED, "no card is found")
        try:
            return self._read(session)
        except CardError as error:
            if error.code not in _TRANSIENT:
                raise
        self._card_selected = False
        if not session.find():
            raise CardError(Code.CARD_MOVED, "not found again while it was read")
        return self._read(session)

    def close(self) -> None:
        """Close the port. Never raises."""
        port, self._port, self._session, self._card_selected = self._port, None, None, False
        if port is not None:
            port.close()

    def _read(self, session: Session) -> IdCard:
        if not self._card_selected:
            session.select()
            self._card_selected = True
        return parse(*session.read())

    def _require_session(self) -> Session:
        if self._session is None:
            raise DeviceLost(Code.READER_LOST, "not open")
        return self._session


class SerialPort:
    """`kiosk.card.protocol.ReaderPort` over pyserial."""

    def __init__(self, port: str, baud: int) -> None:
        """Open the port for this process alone. Raises DeviceMissing, DeviceBusy."""
        if not port:
            raise DeviceMissing(Code.READER_MISSING, "[card_reader] port is not set")
        try:
            self._serial = serial.serial_for_url(port, baud, timeout=0.1, write_timeout=1.0, exclusive=True)
        except (*_SERIAL_ERRORS, ValueError) as error:
            if getattr(error, "errno", None) in _IN_USE:
                raise DeviceBusy(Code.READER_BUSY, port) from None
            raise DeviceMissing(Code.READER_MISSING, f"{port}: {error}") from None
        self.gone = False

    @property
    def device(self) -> Path:
        """The device file; of `hwgrep://` the one that was found."""
        return Path(self._serial.port or "")

    def set_baud(self, baud: int) -> None:
        """Change the rate. Raises DeviceLost."""
        with self._losses():
            self._serial.baudrate = baud

    def send(self, data: bytes) -> None:
        """Drop what came unasked, then send. Raises DeviceLost."""
        with self._losses():
            self._serial.reset_input_buffer()
            self._serial.write(data)

    def receive(self, timeout_s: float) -> bytes:
        """Return what there is, waiting for the first byte; empty if none came in time. Raises DeviceLost."""
        with self._losses():
            self._serial.timeout = timeout_s
            first: bytes = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""

    def close(self) -> None:
        """Close the port. Never raises."""
        with suppress(*_SERIAL_ERRORS):
            self._serial.close()

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except _SERIAL_ERRORS as error:
            self.gone = True
            raise DeviceLost(Code.READER_LOST, str(error)) from None
