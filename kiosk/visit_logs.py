"""Write the visits' logs: one file a visit, without personal data; `kiosk.privacy` erases them.

`visits/` holds what happened, without what was measured of the person. `measures/` holds whole logs that can
be replayed, for finding a fault: only while `[retention] measures_days` is more than 0.
"""

import logging
import os
from pathlib import Path
from typing import BinaryIO

from kiosk import events as e
from kiosk.files import make_private, open_private
from kiosk.visit import replay
from kiosk.visit.policy import VisitPolicy
from kiosk.visit_number import is_visit_number

log = logging.getLogger(__name__)


class VisitLogs:
    """Writes `<folder>/visits/<number>.jsonl`. A full disk costs the log, never the visit."""

    def __init__(self, folder: Path, policy: VisitPolicy, *, measures: bool) -> None:
        """`measures`: write whole logs to `<folder>/measures` too."""
        self._short = _LogFile(folder / "visits", replay.WITHOUT_MEASURES)
        self._whole = _LogFile(folder / "measures", replay.encode_policy(policy)) if measures else None

    def record(self, number: str, at: float, event: e.Event) -> None:
        """Write what a visit is fed at `at` (capture clock); another number begins another file."""
        if (short := replay.without_measures(event)) is not None:
            self._short.write(number, replay.encode_event(at, short))
        if self._whole is not None:
            self._whole.write(number, replay.encode_event(at, event))

    def close(self, finished: e.Finished) -> None:
        """Close the files of a visit and log how the visit ended."""
        log.info("visit %s %s %s %s", finished.visit, finished.way, finished.outcome, finished.code)
        self._short.close()
        if self._whole is not None:
            self._whole.close()


class _LogFile:
    """The present visit's file in a folder."""

    def __init__(self, folder: Path, first_line: bytes) -> None:
        self._folder = folder
        self._first_line = first_line
        self._file: BinaryIO | None = None
        self._number = ""

    def write(self, number: str, line: bytes) -> None:
        """Write a line; another number begins another file."""
        try:
            if number != self._number:
                self._open(number)
            if self._file is not None:
                self._file.write(line)
        except OSError as error:
            log.warning("visit log not written: %s", error.strerror)

    def close(self) -> None:
        """Write what is still in the buffer, which fails where the disk is full, and close the file."""
        self._number = ""
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError as error:
            log.warning("visit log not written: %s", error.strerror)

    def _open(self, number: str) -> None:
        self.close()
        self._number = number
        if is_visit_number(number):  # any other text must not name a file
            make_private(self._folder)
            handle = open_private(self._folder / f"{number}.jsonl", os.O_WRONLY | os.O_APPEND)
            self._file = os.fdopen(handle, "ab")
            self._file.write(self._first_line)
