"""Watch a receipt printer before, while and after it prints: what it does not say was done, was perhaps not.

Real-time questions (DLE EOT n) are answered at once, even by a printer that has stopped. `GS r 1` is answered
when its turn comes, so after everything that was sent before it: its answer means that the slip is out. Many
printers on a one-way connection never answer anything; then it stays unknown whether they printed.
"""

import time
from collections.abc import Callable, Iterable

from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.printing import escpos

ANSWER_S = 0.3
"""A printer that can answer does so within milliseconds."""
FINISH_S = 15.0
"""A long slip takes a slow printer less than this."""
_MOST_BYTES = 16
"""So many bytes that are no answer are read past, such as a status that the printer sends by itself."""


class WatchedPrinter:
    """Sends documents and asks how they fare.

    `receive` waits for so many seconds and returns one byte, or none.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        receive: Callable[[float], bytes],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._receive = receive
        self._clock = clock
        self._finished = False

    def check(self) -> bool:
        """Return whether the printer answers.

        Raises DeviceLost: PRINTER_COVER, PRINTER_PAPER, PRINTER_FAULT.
        """
        offline = self._ask(escpos.ASK_OFFLINE)
        if offline is None:
            return False
        if offline & escpos.COVER_OPEN:
            raise DeviceLost(Code.PRINTER_COVER, f"status {offline:02X}")
        if offline & escpos.STOPPED_BY_PAPER:
            raise DeviceLost(Code.PRINTER_PAPER, f"status {offline:02X}")
        if offline & escpos.ERROR:
            cause = self._ask(escpos.ASK_ERROR)
            raise DeviceLost(Code.PRINTER_FAULT, "no cause" if cause is None else _fault(cause))
        paper = self._ask(escpos.ASK_PAPER)
        if paper is not None and paper & escpos.PAPER_OUT:
            raise DeviceLost(Code.PRINTER_PAPER, f"status {paper:02X}")
        return True

    def print(self, commands: Iterable[bytes]) -> None:
        """Send a document and return once it is printed.

        Raises DeviceLost as `check`, and PRINTER_UNKNOWN if the printer did not say that it printed.
        """
        answers = self.check()
        for command in commands:
            self._send(command)
            # Never inside a command: a question there would be printed as a part of the picture.
            answers = answers and self.check()
        if not (answers and self._has_finished()):
            raise DeviceLost(Code.PRINTER_UNKNOWN, "the printer does not answer")

    def _has_finished(self) -> bool:
        """Wait for the end; return whether the printer was heard until then. Raises DeviceLost."""
        self._finished = False
        self._send(escpos.REPORT_WHEN_DONE)
        until = self._clock() + FINISH_S
        while not self._finished and self._clock() < until:
            report = self._receive(ANSWER_S)
            self._note(report)
            if not report and not self.check():
                return self._finished
        # Without the report it knows no GS r, but was well all the time. The knife comes last: its error too.
        return self.check()

    def _ask(self, question: bytes) -> int | None:
        """Return the byte of a status; None if none comes."""
        self._send(question)
        for _ in range(_MOST_BYTES):
            answer = self._receive(ANSWER_S)
            if not answer:
                return None
            if answer[0] & escpos.STATUS_FIXED == escpos.STATUS_PATTERN:
                return answer[0]
            self._note(answer)
        return None

    def _note(self, answer: bytes) -> None:
        if answer and answer[0] & escpos.REPORT_FIXED == 0:
            self._finished = True


def _fault(cause: int) -> str:
    return "the knife is stuck" if cause & escpos.CUTTER_STUCK else f"error {cause:02X}"
