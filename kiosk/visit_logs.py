"""The visits' logs on disk: one file a visit, without personal data; `kiosk.privacy` erases them."""

import logging
from pathlib import Path
from typing import BinaryIO

from kiosk import events as e
from kiosk.visit import replay
from kiosk.visit.policy import VisitPolicy

log = logging.getLogger(__name__)


class VisitLogs:
    """Writes `<folder>/visits/<number>.jsonl`. A full disk costs the log, never the visit."""

    def __init__(self, folder: Path, policy: VisitPolicy) -> None:
        self._folder = folder / "visits"
        self._head = replay.encode_policy(policy)
        self._file: BinaryIO | None = None
        self._number = ""

    def record(self, number: str, at: float, event: e.Event) -> None:
        try:
            if number != self._number:
                self._open(number)
            if self._file is not None:
                self._file.write(replay.encode_event(at, event))
        except OSError as error:
            log.warning("visit log not written: %s", error.strerror)

    def close(self, finished: e.Finished) -> None:
        """End the file of a visit."""
        log.info("visit %s %s %s %s", finished.visit, finished.way, finished.outcome, finished.code)
        self._number = ""
        self._end()

    def _end(self) -> None:
        """What was not written yet is written now, which fails where the disk is full."""
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError as error:
            log.warning("visit log not written: %s", error.strerror)

    def _open(self, number: str) -> None:
        self._end()
        self._number = number
        if not set(number) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-") or not number:
            return  # a number that was not minted here names no file
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = (self._folder / f"{number}.jsonl").open("ab")
        self._file.write(self._head)
