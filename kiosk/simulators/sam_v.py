"""A SAM-V card reader on a pseudo-terminal: it speaks the real protocol to the real driver.

    with SamVOnPty() as reader:
        reader.put(card)          # a driver that opened `reader.port` can read it
        reader.faults.append(Fault(Command.READ, Status.READ_FAILED))

Like the readers in the shops it finds each card once: after it was selected, the card must be lifted before
it is found again.
"""

import contextlib
import os
import pty
import select
import struct
import threading
import tty
from collections.abc import Callable
from types import TracebackType

from msgspec import Struct

from kiosk.card.frames import Damaged, Scanner, build
from kiosk.card.layout import compose
from kiosk.card.protocol import PORTRAIT_BYTES, TEXT_BYTES, Command, Status
from kiosk.model import IdCard
from kiosk.worker import Worker

SAM_ID = struct.pack("<HHIII", 5, 1, 20_240_101, 1_234_567, 7_654_321)


class Fault(Struct, frozen=True):
    """What goes wrong the next time `command` is asked; each fault happens once.

    `status` replaces the answer's SW3; without it the answer is changed by `alter` (bytes of the whole frame;
    empty: no answer comes). `lift`: the card is taken away at that moment.
    """

    command: Command
    status: int | None = None
    alter: Callable[[bytes], bytes] | None = None
    lift: bool = False


class SamVOnPty:
    """`port` is what a driver opens. `put`, `lift`, `faults` and `unplug` may be used from any thread."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.asked: list[int] = []  # commands, as they came
        self._card: IdCard | None = None
        self._text: bytes | None = None
        self._state = "none"  # none → lying → found → selected
        self._lock = threading.Lock()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._worker = Worker("sam-v-on-pty", self._serve)

    def __enter__(self) -> "SamVOnPty":
        self._worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def put(self, card: IdCard, text: bytes | None = None) -> None:
        """Lay a card on the reader; `text`: what its chip holds instead of what belongs to `card`."""
        with self._lock:
            self._card, self._text, self._state = card, text, "lying"

    def lift(self) -> None:
        """Take the card away."""
        with self._lock:
            self._card, self._state = None, "none"

    def unplug(self) -> None:
        """Both ends of the line vanish, as with a USB adapter; may be called twice."""
        self._worker.stop()
        for end in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(end)

    def _serve(self, stop: threading.Event) -> None:
        scanner = Scanner()
        while not stop.is_set():
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if not ready:
                continue
            data = os.read(self._master, 4096)
            try:
                for body in scanner.feed(data):
                    self._reply(int.from_bytes(body[:2], "big"))
            except Damaged:
                os.write(self._master, _frame(Status.CHECKSUM))

    def _reply(self, command: int) -> None:
        self.asked.append(command)
        with self._lock:
            fault = next((f for f in self.faults if f.command == command), None)
            if fault is not None:
                self.faults.remove(fault)
            answer = self._answer(command) if fault is None or fault.status is None else _frame(fault.status)
            if fault is not None and fault.lift:
                self._card, self._state = None, "none"
        if fault is not None and fault.alter is not None:
            answer = fault.alter(answer)
        while answer:
            answer = answer[os.write(self._master, answer) :]

    def _answer(self, command: int) -> bytes:
        answers: dict[int, Callable[[], bytes]] = {
            Command.STATUS: lambda: _frame(Status.OK),
            Command.SAM_ID: lambda: _frame(Status.OK, SAM_ID),
            Command.FIND: self._find,
            Command.SELECT: self._select,
            Command.READ: self._read,
            Command.FURTHER_ADDRESS: self._further_address,
        }
        return answers[command]() if command in answers else _frame(Status.UNKNOWN)

    def _find(self) -> bytes:
        if self._state not in ("lying", "found"):
            return _frame(Status.FIND_FAILED)
        self._state = "found"
        return _frame(Status.FOUND, bytes(4))

    def _select(self) -> bytes:
        if self._state != "found":
            return _frame(Status.SELECT_FAILED)
        self._state = "selected"
        return _frame(Status.OK, bytes(8))

    def _read(self) -> bytes:
        if self._state != "selected" or self._card is None:
            return _frame(Status.READ_FAILED)
        text = compose(self._card) if self._text is None else self._text
        photo = self._card.portrait[:PORTRAIT_BYTES].ljust(PORTRAIT_BYTES, b"\0")
        return _frame(Status.OK, struct.pack(">HH", TEXT_BYTES, PORTRAIT_BYTES) + text + photo)

    def _further_address(self) -> bytes:
        return _frame(Status.EMPTY if self._state == "selected" else Status.READ_FAILED)


def _frame(status: int, data: bytes = b"") -> bytes:
    return build(bytes([0, 0, status]) + data)
