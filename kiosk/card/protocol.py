"""The SAM-V commands that a terminal needs, and what each answer of the reader means.

A session is one line to one reader; `Line` is what carries the bytes (a serial port, a test). Commands only
ask and may be repeated, so a damaged answer is asked again.
"""

import struct
import time
from enum import IntEnum
from typing import NoReturn, Protocol

from msgspec import Struct

from kiosk.card.frames import Damaged, Scanner, build
from kiosk.codes import Code
from kiosk.errors import CardError, DeviceLost

ATTEMPTS = 3
TEXT_BYTES = 256
PORTRAIT_BYTES = 1024


class Command(IntEnum):
    """CMD and PARA in one number."""

    STATUS = 0x11FF
    SAM_ID = 0x12FF
    FIND = 0x2001
    SELECT = 0x2002
    READ = 0x3001
    FURTHER_ADDRESS = 0x3003


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


CARD_CODES = {
    Status.CARD_REJECTS_SAM: Code.CARD_REJECTED,
    Status.SAM_REJECTS_CARD: Code.CARD_NOT_GENUINE,
    Status.VERIFY_FAILED: Code.CARD_NOT_GENUINE,
    Status.CARD_TYPE: Code.CARD_WRONG_TYPE,
    Status.READ_FAILED: Code.CARD_UNREADABLE,
    Status.EMPTY: Code.CARD_UNREADABLE,
    Status.FIND_FAILED: Code.CARD_REMOVED,
    Status.SELECT_FAILED: Code.CARD_MOVED,
}
"""What is wrong with the card or with how it lies: the next step is the customer's."""

READER_CODES = {Status.UNAUTHORISED: Code.READER_UNAUTHORISED}
"""What is wrong with the reader: staff. Every status that stands in neither table is READER_FAULT."""

_ASK_AGAIN = (Status.CHECKSUM, Status.LENGTH)
"""The reader got our command damaged."""


class Line(Protocol):
    """Bytes to and from a reader."""

    def send(self, data: bytes) -> None:
        """Drops what came unasked, then sends. Raises DeviceLost."""

    def receive(self, timeout_s: float) -> bytes:
        """What there is, waiting for the first byte; empty when nothing came in time. Raises DeviceLost."""


class Answer(Struct, frozen=True):
    """SW3 as the number that came, and the data behind it."""

    status: int
    data: bytes


class Session:
    """Talks to one reader; called from one thread."""

    def __init__(self, line: Line, timeout_s: float) -> None:
        self._line = line
        self._timeout_s = timeout_s

    def check(self) -> None:
        """The reader's self-test. Raises DeviceLost with READER_FAULT, READER_UNAUTHORISED, READER_LOST."""
        answer = self.ask(Command.STATUS)
        if answer.status != Status.OK:
            raise_for(answer.status)

    def sam_id(self) -> str:
        """The security module's number as printed on the reader. Raises DeviceLost."""
        answer = self.ask(Command.SAM_ID)
        if answer.status != Status.OK or len(answer.data) != 16:
            raise DeviceLost(Code.READER_FAULT, "no SAM id")
        kind, variant, made, serial, check = struct.unpack("<HHIII", answer.data)
        return f"{kind:02d}.{variant:02d}-{made:08d}-{serial:010d}-{check:010d}"

    def find(self) -> bool:
        """Is there a card that was not selected yet? Raises DeviceLost."""
        return self.ask(Command.FIND).status == Status.FOUND

    def select(self) -> None:
        """Take the card that was found. Raises CardError, DeviceLost."""
        answer = self.ask(Command.SELECT)
        if answer.status != Status.OK:
            raise_for(answer.status)

    def holds(self) -> bool:
        """Is the selected card still there? Raises DeviceLost.

        A reader finds each card once; after that only an answer of the card itself shows that it still lies
        there. It is asked for its shortest item, which is thrown away.
        """
        return self.ask(Command.FURTHER_ADDRESS).status in (Status.OK, Status.EMPTY)

    def read(self) -> tuple[bytes, bytes]:
        """Text (256 bytes) and photo (1024 bytes) of the selected card. Raises CardError, DeviceLost."""
        answer = self.ask(Command.READ)
        if answer.status != Status.OK:
            raise_for(answer.status)
        sizes, content = answer.data[:4], answer.data[4:]
        if sizes != struct.pack(">HH", TEXT_BYTES, PORTRAIT_BYTES):
            raise CardError(Code.CARD_MALFORMED, f"sizes {sizes.hex()}")
        if len(content) != TEXT_BYTES + PORTRAIT_BYTES:
            raise CardError(Code.CARD_MALFORMED, f"{len(content)} bytes of text and photo")
        return content[:TEXT_BYTES], content[TEXT_BYTES:]

    def ask(self, command: Command) -> Answer:
        """One answer, damaged ones asked again. Raises DeviceLost: READER_LOST (none), READER_FAULT."""
        for _ in range(ATTEMPTS):
            body = self._exchange(build(command.to_bytes(2, "big")))
            if body is not None and body[2] not in _ASK_AGAIN:
                return Answer(body[2], body[3:])
        raise DeviceLost(Code.READER_FAULT, f"{command.name}: only damaged answers")

    def _exchange(self, frame: bytes) -> bytes | None:
        """The body of the answer; None if it was damaged. Raises DeviceLost when none comes in time."""
        scanner = Scanner()
        self._line.send(frame)
        end = time.monotonic() + self._timeout_s
        noise = 0
        while (left := end - time.monotonic()) > 0:
            data = self._line.receive(left)
            noise += len(data)
            try:
                for body in scanner.feed(data):
                    return body if len(body) >= 3 else None
            except Damaged:
                return None
        if noise:
            return None
        raise DeviceLost(Code.READER_LOST, f"no answer in {self._timeout_s} s")


def raise_for(status: int) -> NoReturn:
    """The exception that a status calls for. Raises CardError or DeviceLost, always."""
    known = Status(status) if status in Status.__members__.values() else None
    name = f"SW3 {status:02X}" + (f" {known.name}" if known else "")
    if known in CARD_CODES:
        raise CardError(CARD_CODES[known], name)
    raise DeviceLost(READER_CODES.get(known, Code.READER_FAULT) if known else Code.READER_FAULT, name)
