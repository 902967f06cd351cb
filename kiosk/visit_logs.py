"""Write the visits' logs: one file a visit, without personal data; `kiosk.privacy` erases them."""

import logging
from pathlib import Path
from typing import BinaryIO

from kiosk import events as e
from kiosk.visit import replay
from kiosk.visit.policy import VisitPolicy
from kiosk.visit_number import is_visit_number

log = logging.getLogger(__name__)


class VisitLogs:
    """Writes `<folder>/visits/<number>.jsonl`. A full disk costs the log, never the visit."""

    def __init__(self, folder: Path, policy: VisitPolicy) -> None:
        self._folder = folder / "visits"
        self._first_line = replay.encode_policy(policy)
        self._file: BinaryIO | None = None
        self._number = ""

    def record(self, number: str, at: float, event: e.Event) -> None:
        """Write what a visit is fed at `at` (capture clock); another number begins another file."""
        try:
            if number != self._number:
                self._open(number)
            if self._file is not None:
                self._file.write(replay.encode_event(at, event))
        except OSError as error:
            log.warning("visit log not written: %s", error.strerror)

    def close(self, finished: e.Finished) -> None:
        """Close the file of a visit and log how the visit ended."""
        log.info("visit %s %s %s %s", finished.visit, finished.way, finished.outcome, finished.code)
        self._number = ""
        self._close_file()

    def _open(self, number: str) -> None:
        self._close_file()
        self._number = number
        if is_visit_number(number):  # any other text must not name a file
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = (self._folder / f"{number}.jsonl").open("ab")
            self._file.write(self._first_line)

    def _close_file(self) -> None:
        """Write what is still in the buffer, which fails where the disk is full, and close the file."""
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError as error:
            log.warning("visit log not written: %s", error.strerror)
