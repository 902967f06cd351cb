"""A receipt printer on a pseudo-terminal that speaks ESC/POS: runs out of paper, opens, jams, falls silent.

`python -m kiosk.simulators.receipt_printer [FAULT]` prints the settings of one and what it prints, until
interrupted.

It splits what comes into commands. Real-time questions are answered at once, everything else in its turn, and
not while it has stopped, as printers do.
"""

import argparse
import contextlib
import os
import pty
import select
import sys
import threading
import time
import tty
from collections import deque
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from kiosk.printing import escpos
from kiosk.worker import Worker

PLENTY = 1_000_000
"""Rows of dots on a roll that does not end."""
LINE_ROWS = 24
_HEALTHY = escpos.STATUS_PATTERN


class PrinterFault(StrEnum):
    """What is wrong with the printer."""

    NONE = "none"
    PAPER_OUT = "paper_out"  # at the start
    PAPER_ENDS = "paper_ends"  # in the middle of a slip
    COVER = "cover"
    CUTTER = "cutter"  # at the first cut
    SILENT = "silent"  # prints, and answers nothing: a one-way connection
    FALLS_SILENT = "falls_silent"  # in the middle of a slip: switched off
    NO_REPORT = "no_report"  # knows DLE EOT, not GS r


class ReceiptPrinterOnPty:
    """Printer whose `path` a driver opens. `rows` and `cuts` count what is on paper."""

    def __init__(self, fault: PrinterFault = PrinterFault.NONE, ends_after_rows: int = 200) -> None:
        """`ends_after_rows`: where paper or power end in the middle of a slip."""
        self.fault = fault
        self.rows = self.cuts = 0
        self.received = b""
        self.has_cut = threading.Event()
        self._limit = ends_after_rows
        self._jammed = False
        self._unread = b""
        self._commands: deque[bytes] = deque()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = Path(os.ttyname(self._slave))
        self._worker = Worker("receipt-printer", self._serve)

    def __enter__(self) -> "ReceiptPrinterOnPty":
        self._worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()
        for end in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(end)

    @property
    def _paper_left(self) -> int:
        if self.fault is PrinterFault.PAPER_OUT:
            return 0
        return self._limit - self.rows if self.fault is PrinterFault.PAPER_ENDS else PLENTY

    @property
    def _is_off(self) -> bool:
        return self.fault is PrinterFault.FALLS_SILENT and self.rows >= self._limit

    @property
    def _stopped(self) -> bool:
        return self._paper_left <= 0 or self._jammed or self._is_off or self.fault is PrinterFault.COVER

    def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if select.select([self._master], [], [], 0.02)[0]:
                data = os.read(self._master, 65_536)
                self.received += data
                self._unread += data
            while command := self._next_command():
                if command.startswith(b"\x10\x04"):
                    self._answer(self._status(command[2]))
                else:
                    self._commands.append(command)
                self._work()
            self._work()

    def _next_command(self) -> bytes:
        """Take one whole command; empty if there is none yet."""
        length = _length(self._unread)
        if not 0 < length <= len(self._unread):
            return b""
        command, self._unread = self._unread[:length], self._unread[length:]
        return command

    def _work(self) -> None:
        while self._commands and not self._stopped:
            command = self._commands.popleft()
            if command.startswith(b"\x1dv0"):
                self._feed(int.from_bytes(command[6:8], "little"))
            elif command == b"\n":
                self._feed(LINE_ROWS)
            elif command == escpos.FEED_AND_CUT:
                self._jammed = self.fault is PrinterFault.CUTTER
                self.cuts += not self._jammed
                if self.cuts:
                    self.has_cut.set()
            elif command == escpos.REPORT_WHEN_DONE and self.fault is not PrinterFault.NO_REPORT:
                self._answer(0)

    def _feed(self, rows: int) -> None:
        limit = self._limit if self.fault is PrinterFault.FALLS_SILENT else PLENTY
        self.rows += min(rows, self._paper_left, limit - self.rows)

    def _status(self, question: int) -> int:
        paper_out = self._paper_left <= 0
        bits = {
            escpos.ASK_OFFLINE[2]: escpos.COVER_OPEN * (self.fault is PrinterFault.COVER)
            | escpos.STOPPED_BY_PAPER * paper_out
            | escpos.ERROR * self._jammed,
            escpos.ASK_ERROR[2]: escpos.CUTTER_STUCK * self._jammed,
            escpos.ASK_PAPER[2]: escpos.PAPER_OUT * paper_out,
        }
        return _HEALTHY | bits.get(question, 0)

    def _answer(self, status: int) -> None:
        if self.fault is not PrinterFault.SILENT and not self._is_off:
            os.write(self._master, bytes([status]))


def _length(data: bytes) -> int:
    """Return the length of the first command; 0 if that cannot be told yet."""
    fixed = {b"\x10\x04": 3, b"\x1b@": 2, b"\x1c&": 2, b"\x1dV": 4, b"\x1dr": 3}
    if data[:1] not in (b"\x10", b"\x1b", b"\x1c", b"\x1d"):
        return 1
    if data[:2] != b"\x1dv":
        return fixed.get(data[:2], 0)
    across, down = (int.from_bytes(data[at : at + 2], "little") for at in (4, 6))
    return 8 + across * down if len(data) >= 8 else 0


def main() -> None:
    """Offer a printer until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.simulators.receipt_printer")
    parser.add_argument(
        "fault", type=PrinterFault, nargs="?", default=PrinterFault.NONE, choices=list(PrinterFault)
    )
    with ReceiptPrinterOnPty(parser.parse_args().fault) as printer:
        print(f'[printer]\ndriver = "file"\npath = "{printer.path}"', flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)
                sys.stderr.write(f"\r{printer.rows} rows, {printer.cuts} cuts ")


if __name__ == "__main__":
    main()
