"""The day's book: how each visit ended and what staff did, for the panel and the daily report.

One file of JSON lines a day in China. Nothing personal: numbers of visits and clerks, codes, times. A
book that cannot be written loses a line, never a visit; the audit log is the proof.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from kiosk.china_time import china_date
from kiosk.codes import Code
from kiosk.errors import UNREADABLE
from kiosk.events import Finished
from kiosk.files import make_private, open_private
from kiosk.model import Outcome, Purpose, Stage

log = logging.getLogger(__name__)


class VisitRow(Struct, frozen=True, kw_only=True, tag="visit"):
    """How a visit ended. `way`: how the person was checked; empty: by voice."""

    at_unix: float = 0.0
    visit: str
    outcome: Outcome
    code: Code
    stage: Stage
    way: str = ""
    purpose: Purpose = Purpose.OPEN

    @classmethod
    def of(cls, finished: Finished) -> "VisitRow":
        """Return the row of a visit that has ended; the time is set when it is written."""
        return cls(
            visit=finished.visit,
            outcome=finished.outcome,
            code=finished.code,
            stage=finished.stage,
            way=finished.way,
            purpose=finished.purpose,
        )


class ActionRow(Struct, frozen=True, kw_only=True, tag="act"):
    """What a member of staff did."""

    at_unix: float = 0.0
    act: str
    clerk: str
    code: Code
    visit: str | None = None


DaybookRow = VisitRow | ActionRow
_decoder: msgspec.json.Decoder[DaybookRow] = msgspec.json.Decoder(DaybookRow)


class Daybook:
    """Thread-safe."""

    def __init__(self, folder: Path, clock_unix: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock_unix = clock_unix
        self._lock = threading.Lock()

    def write(self, row: DaybookRow) -> None:
        """Add a row under today's date with the present time; log a warning if that fails."""
        now = self._clock_unix()
        line = msgspec.json.encode(replace(row, at_unix=round(now, 3))) + b"\n"
        try:
            with self._lock:
                make_private(self._folder)
                handle = open_private(self._path(self.today()), os.O_WRONLY | os.O_APPEND)
                with os.fdopen(handle, "ab") as file:
                    file.write(line)
        except OSError as error:
            log.warning("day's book not written: %s", error.strerror)

    def read(self, day: date | None = None) -> list[DaybookRow]:
        """Return the rows of a day (default: today) in the order written, without a line that was torn."""
        try:
            lines = self._path(day or self.today()).read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("day's book not read: %s", error.strerror)
            return []
        rows = []
        for line in lines:
            with suppress(*UNREADABLE):
                rows.append(_decoder.decode(line))
        return rows

    def today(self) -> date:
        """Return today's date in China."""
        return china_date(self._clock_unix())

    def _path(self, day: date) -> Path:
        return self._folder / f"day-{day.isoformat()}.jsonl"
