"""The SAM-V commands that a terminal needs, and what each answer of the reader means.

A session talks to one reader; `ReaderPort` carries the bytes (a serial port, a test). Commands change nothing
and may be repeated, so after a damaged answer the command is sent again.
"""

import struct
import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import NoReturn, Protocol

from msgspec import Struct

from kiosk.card.frames import DamagedFrame, FrameScanner, build
from kiosk.codes import Code
from kiosk.errors import CardError, DeviceLost

ATTEMPTS = 3
GAP_S = 0.25
"""An answer that has begun and pauses for so long is broken off. USB adapters hand bytes over
every 16 ms, so a read of 1,295 bytes that lost some costs this much and not the whole time for an answer."""
TEXT_BYTES = 256
PORTRAIT_BYTES = 1024
FURTHER_ADDRESS_BYTES = 70
BAUDS = (115_200, 57_600, 38_400, 19_200, 9_600)
"""Rates that readers may be set to; the place of each is the parameter of the command (6000 … 6004)."""


class Command(IntEnum):
    """CMD and PARA in one number."""

    STATUS = 0x11FF
    SAM_ID = 0x12FF
    FIND = 0x2001
    SELECT = 0x2002
    READ = 0x3001
    FURTHER_ADDRESS = 0x3003
    CHIP_NUMBER = 0x3005
    BAUD = 0x6000


class Status(IntEnum):
    """SW3."""

    CHECKSUM = 0x10
    LENGTH = 0x11
    COMMAND = 0x21
    NOT_PERMITTED = 0x23
    UNKNOWN = 0x24
    CARD_REJECTS_SAM = 0x31
    SAM_REJECTS_CARD = 0x32
    VERIFY_FAILED = 0x33
    CARD_TYPE = 0x40
    READ_FAILED = 0x41
    RANDOM_NUMBER = 0x47
    SELF_TEST = 0x60
    UNAUTHORISED = 0x66
    FIND_FAILED = 0x80
    SELECT_FAILED = 0x81
    OK = 0x90
    EMPTY = 0x91
    FOUND = 0x9F


class StatusMeaning(Struct, frozen=True):
    """How a status other than success is reported. `card`: the card is the cause, else the reader."""

    code: Code
    card: bool = False


STATUS_MEANINGS: Mapping[Status, StatusMeaning] = {
    Status.CHECKSUM: StatusMeaning(Code.READER_FAULT),
    Status.LENGTH: StatusMeaning(Code.READER_FAULT),
    Status.COMMAND: StatusMeaning(Code.READER_FAULT),
    Status.NOT_PERMITTED: StatusMeaning(Code.READER_FAULT),
    Status.UNKNOWN: StatusMeaning(Code.READER_FAULT),
    Status.CARD_REJECTS_SAM: StatusMeaning(Code.CARD_REJECTED, card=True),
    Status.SAM_REJECTS_CARD: StatusMeaning(Code.CARD_NOT_GENUINE, card=True),
    Status.VERIFY_FAILED: StatusMeaning(Code.CARD_NOT_GENUINE, card=True),
    Status.CARD_TYPE: StatusMeaning(Code.CARD_WRONG_TYPE, card=True),
    Status.READ_FAILED: StatusMeaning(Code.CARD_UNREADABLE, card=True),
    Status.RANDOM_NUMBER: StatusMeaning(Code.READER_FAULT),
    Status.SELF_TEST: StatusMeaning(Code.READER_FAULT),
    Status.UNAUTHORISED: StatusMeaning(Code.READER_UNAUTHORISED),
    Status.FIND_FAILED: StatusMeaning(Code.CARD_REMOVED, card=True),
    Status.SELECT_FAILED: StatusMeaning(Code.CARD_MOVED, card=True),
    Status.EMPTY: StatusMeaning(Code.CARD_UNREADABLE, card=True),
    # Where they are not expected, the reader is out of step.
    Status.OK: StatusMeaning(Code.READER_FAULT),
    Status.FOUND: StatusMeaning(Code.READER_FAULT),
}
"""Every status of the makers' pages; printed with its next step in docs/codes.md."""

UNKNOWN_STATUS = StatusMeaning(Code.READER_FAULT)
"""A status that no page lists: nothing is known of the card, so it is not read."""

_NO_CARD = (Status.FIND_FAILED, Status.SELECT_FAILED, Status.EMPTY)
_SEND_AGAIN = (Status.CHECKSUM, Status.LENGTH)
"""The reader got our command damaged."""


class ReaderPort(Protocol):
    """Bytes to and from a reader."""

    def send(self, data: bytes) -> None:
        """Drop what came unasked, then send. Raises DeviceLost."""

    def receive(self, timeout_s: float) -> bytes:
        """Return what there is, waiting for the first byte; empty if none came in time. Raises DeviceLost."""


class ReaderAnswer(Struct, frozen=True):
    """SW3 as the number that came, and the data after it."""

    status: int
    data: bytes


class Session:
    """Conversation with one reader. Called from one thread."""

    def __init__(
        self,
        port: ReaderPort,
        timeout_s: float,
        *,
        attempts: int = ATTEMPTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `attempts`: how often a command is sent when damaged answers come."""
        self._port = port
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._clock = clock

    def check(self) -> None:
        """Ask for the reader's self-test.

        Raises DeviceLost with READER_FAULT, READER_UNAUTHORISED, READER_LOST.
        """
        require_ready(self.ask(Command.STATUS).status)

    def sam_id(self) -> str:
        """Return the security module's number as printed on the reader. Raises DeviceLost."""
        answer = self.ask(Command.SAM_ID)
        if answer.status != Status.OK or len(answer.data) != 16:
            raise DeviceLost(Code.READER_FAULT, "no SAM id")
        kind, variant, made, serial, check = struct.unpack("<HHIII", answer.data)
        return f"{kind:02d}.{variant:02d}-{made:08d}-{serial:010d}-{check:010d}"

    def find(self) -> bool:
        """Say whether there is a card that was not selected yet.

        Raises CardError where there is one that cannot be taken, DeviceLost.
        """
        status = self.ask(Command.FIND).status
        if status == Status.FOUND:
            return True
        if status not in _NO_CARD:
            raise_for(status)
        return False

    def select(self) -> None:
        """Select the card that was found. Raises CardError, DeviceLost."""
        answer = self.ask(Command.SELECT)
        if answer.status != Status.OK:
            raise_for(answer.status)

    def holds(self) -> bool:
        """Say whether the selected card is still there. Raises DeviceLost.

        A reader finds each card once; after that only an answer of the card itself shows that it still lies
        there. It is asked for its shortest item, which is discarded. A reader that does not know the command
        counts as one without the card.
        """
        return self.ask(Command.FURTHER_ADDRESS).status in (Status.OK, Status.EMPTY)

    def further_address(self) -> str:
        """Return the address that was added after the card was made; empty if there is none.

        Raises CardError, DeviceLost.
        """
        data = self._item(Command.FURTHER_ADDRESS)
        if len(data) not in (0, FURTHER_ADDRESS_BYTES):
            raise CardError(Code.CARD_MALFORMED, f"{len(data)} bytes of further address")
        try:
            return data.decode("utf-16-le").strip(" \0\u3000")
        except UnicodeDecodeError:
            raise CardError(Code.CARD_MALFORMED, "further address is not UTF-16") from None

    def chip_number(self) -> bytes:
        """Return the number of the chip itself, as the reader gives it; empty if it gives none.

        Makers do not agree on its length. Raises CardError, DeviceLost.
        """
        return self._item(Command.CHIP_NUMBER)

    def read(self) -> tuple[bytes, bytes]:
        """Return the selected card's text, 256 bytes, and photo, 1024. Raises CardError, DeviceLost."""
        answer = self.ask(Command.READ)
        if answer.status != Status.OK:
            raise_for(answer.status)
        sizes, content = answer.data[:4], answer.data[4:]
        if sizes != struct.pack(">HH", TEXT_BYTES, PORTRAIT_BYTES):
            raise CardError(Code.CARD_MALFORMED, f"sizes {sizes.hex()}")
        if len(content) != TEXT_BYTES + PORTRAIT_BYTES:
            raise CardError(Code.CARD_MALFORMED, f"{len(content)} bytes of text and photo")
        return content[:TEXT_BYTES], content[TEXT_BYTES:]

    def set_baud(self, baud: int) -> bool:
        """Ask the reader to use one of `BAUDS` from now on; say whether it will. Raises DeviceLost."""
        return self.ask(Command.BAUD + BAUDS.index(baud)).status == Status.OK

    def ask(self, command: int) -> ReaderAnswer:
        """Send a command, again after a damaged answer, and return the answer.

        Raises DeviceLost: READER_LOST (no answer), READER_FAULT.
        """
        for _ in range(self._attempts):
            body = self._exchange(build(command.to_bytes(2, "big")))
            if body is not None and body[2] not in _SEND_AGAIN:
                return ReaderAnswer(body[2], body[3:])
        raise DeviceLost(Code.READER_FAULT, f"{command:04X}: only damaged answers")

    def _item(self, command: Command) -> bytes:
        """Return an item that a card may hold or not; empty if not. Raises CardError, DeviceLost."""
        answer = self.ask(command)
        if answer.status == Status.EMPTY:
            return b""
        if answer.status != Status.OK:
            raise_for(answer.status)
        return answer.data

    def _exchange(self, frame: bytes) -> bytes | None:
        """Return the body of the answer; None if it was damaged. Raises DeviceLost if none comes in time."""
        scanner = FrameScanner()
        self._port.send(frame)
        end = self._clock() + self._timeout_s
        noise = 0
        while (left := end - self._clock()) > 0:
            data = self._port.receive(min(left, GAP_S) if scanner.begun else left)
            if not data and scanner.begun:
                return None
            noise += len(data)
            try:
                for body in scanner.feed(data):
                    return body if len(body) >= 3 else None
            except DamagedFrame:
                return None
        if noise:
            return None
        raise DeviceLost(Code.READER_LOST, f"no answer in {self._timeout_s} s")


def meaning(status: int) -> StatusMeaning:
    """Return what a status means where it is not the expected one."""
    known = status in Status.__members__.values()
    return STATUS_MEANINGS[Status(status)] if known else UNKNOWN_STATUS


def require_ready(status: int) -> None:
    """Check that the reader reports itself ready. Raises DeviceLost(READER_FAULT, READER_UNAUTHORISED)."""
    if status != Status.OK:
        found = meaning(status)
        raise DeviceLost(Code.READER_FAULT if found.card else found.code, f"SW3 {status:02X}")


def raise_for(status: int) -> NoReturn:
    """Raise the exception that a status calls for: CardError or DeviceLost."""
    found = meaning(status)
    known = Status(status).name if status in Status.__members__.values() else ""
    raise (CardError if found.card else DeviceLost)(found.code, f"SW3 {status:02X} {known}".rstrip())
