"""Simulated SAM-V card reader on a pseudo-terminal: it speaks the real protocol to the real driver.

    with SamVOnPty() as reader:
        reader.put(card)          # a driver that opened `reader.port` can read it
        reader.faults.append(ReaderFault(Command.READ, Status.READ_FAILED))

Like the readers in the shops it finds each card once: after it was selected, the card must be lifted before
it is found again. `python -m kiosk.simulators.sam_v` lends such a reader to a terminal on the same machine;
`python -m kiosk.simulators.sam_v_faults` plays every fault to the real driver and prints the outcomes.
"""

import contextlib
import os
import pty
import select
import struct
import termios
import threading
import time
import tty
from collections.abc import Callable
from types import TracebackType

from msgspec import Struct

from kiosk.card.frames import DamagedFrame, FrameScanner, build
from kiosk.card.layout import compose
from kiosk.card.protocol import BAUDS, PORTRAIT_BYTES, TEXT_BYTES, Command, Status
from kiosk.model import IdCard
from kiosk.simulators.people import Person
from kiosk.worker import Worker

SAM_ID = struct.pack("<HHIII", 5, 1, 20_240_101, 1_234_567, 7_654_321)
_SPEEDS = {getattr(termios, f"B{baud}"): baud for baud in BAUDS}


class ReaderFault(Struct, frozen=True):
    """What goes wrong the next time `command` is asked; each fault happens once.

    `status` replaces the answer's SW3; without it the answer is changed by `alter` (bytes of the whole frame;
    empty: no answer comes). `lift`: the card is taken away at that moment; `delay_s`: the answer comes late;
    `unplug`: the connection is cut instead of an answer.
    """

    command: int
    status: int | None = None
    alter: Callable[[bytes], bytes] | None = None
    lift: bool = False
    delay_s: float = 0.0
    unplug: bool = False


class Chip(Struct, frozen=True):
    """Chip data beside text and photo."""

    further_address: str = ""
    number: bytes = b""


class SamVOnPty:
    """Reader whose `port` a driver opens. `put`, `lift`, `faults` and `unplug` may be used from any thread.

    `baud`: the only rate that it understands. `read_s`: how long reading the chip takes.
    """

    def __init__(self, baud: int = BAUDS[0], read_s: float = 0.0) -> None:
        self.faults: list[ReaderFault] = []
        self.commands: list[int] = []  # received so far
        self.chip = Chip()
        self.sam_id = SAM_ID
        self.baud = baud
        self.read_s = read_s
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
        """Lay a card on the reader; `text`: 256 bytes that its chip holds instead of the card's own."""
        with self._lock:
            self._card, self._text, self._state = card, text, "lying"

    def lift(self) -> None:
        """Take the card away."""
        with self._lock:
            self._card, self._state = None, "none"

    def send(self, data: bytes) -> None:
        """Send bytes that no command asked for."""
        os.write(self._master, data)

    def unplug(self) -> None:
        """Close both ends, as when a USB adapter is unplugged; may be called twice."""
        self._worker.stop()
        self._cut()

    def _cut(self) -> None:
        for end in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(end)

    def _serve(self, stop: threading.Event) -> None:
        scanner = FrameScanner()
        while not stop.is_set():
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if not ready:
                continue
            data = os.read(self._master, 4096)
            if _SPEEDS.get(termios.tcgetattr(self._master)[5]) != self.baud:
                continue  # a pseudo-terminal carries bytes at any rate; a reader understands one
            try:
                for body in scanner.feed(data):
                    if not self._reply(int.from_bytes(body[:2], "big")):
                        return
            except DamagedFrame:
                os.write(self._master, _frame(Status.CHECKSUM))

    def _reply(self, command: int) -> bool:
        """Answer a command, with the next fault for it if there is one; False: the connection was cut."""
        self.commands.append(command)
        with self._lock:
            fault = next((f for f in self.faults if f.command == command), ReaderFault(command))
            if fault in self.faults:
                self.faults.remove(fault)
            answer = self._answer(command) if fault.status is None else _frame(fault.status)
            if fault.lift:
                self._card, self._state = None, "none"
        if fault.unplug:
            self._cut()
            return False
        time.sleep(fault.delay_s + (self.read_s if command == Command.READ else 0.0))
        data = fault.alter(answer) if fault.alter else answer
        while data:
            data = data[os.write(self._master, data) :]
        if command >> 8 == Command.BAUD >> 8 and fault.status is None:
            self.baud = BAUDS[command & 0xFF]
        return True

    def _answer(self, command: int) -> bytes:
        answers: dict[int, Callable[[], bytes]] = {
            Command.STATUS: lambda: _frame(Status.OK),
            Command.SAM_ID: lambda: _frame(Status.OK, self.sam_id),
            Command.FIND: self._find,
            Command.SELECT: self._select,
            Command.READ: self._read,
            Command.FURTHER_ADDRESS: self._further_address,
            Command.CHIP_NUMBER: lambda: self._chip_data(self.chip.number),
        }
        answers |= {Command.BAUD + i: lambda: _frame(Status.OK) for i in range(len(BAUDS))}
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
        text = self.chip.further_address.encode("utf-16-le")
        return self._chip_data(text + " ".encode("utf-16-le") * ((70 - len(text)) // 2) if text else b"")

    def _chip_data(self, data: bytes) -> bytes:
        if self._state != "selected":
            return _frame(Status.READ_FAILED)
        return _frame(Status.OK, data) if data else _frame(Status.EMPTY)


def _frame(status: int, data: bytes = b"") -> bytes:
    return build(bytes([0, 0, status]) + data)


def main() -> None:
    """Lend a reader with a made-up card that is laid down and lifted every few seconds, until interrupted."""
    with SamVOnPty(read_s=0.8) as reader:
        print(f'[card_reader]\ndriver = "sam-v"\nport = "{reader.port}"', flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            for seed in range(1, 1000):
                reader.put(Person(seed, b"").card())
                time.sleep(20)
                reader.lift()
                time.sleep(5)


if __name__ == "__main__":
    main()
