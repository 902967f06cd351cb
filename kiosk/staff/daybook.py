"""The day's book: how each visit ended and what staff did; what the panel and the daily report show.

One file of JSON lines a day, in local time. Nothing personal: numbers of visits and clerks, codes, times. A
book that cannot be written costs a line of it, never a visit; the audit log is the proof.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.errors import UNREADABLE
from kiosk.events import Finished
from kiosk.model import Outcome, Stage

log = logging.getLogger(__name__)


class VisitRow(Struct, frozen=True, tag="visit"):
    """How a visit ended. `way`: how the person was checked; empty: the usual way."""

    at_unix: float
    visit: str
    outcome: Outcome
    code: Code
    stage: Stage
    way: str = ""

    @classmethod
    def of(cls, finished: Finished) -> "VisitRow":
        """Return the row of a visit that has ended; the time is set when it is written."""
        return cls(
            at_unix=0.0,
            visit=finished.visit,
            outcome=finished.outcome,
            code=finished.code,
            stage=finished.stage,
            way=finished.way,
        )


class ActionRow(Struct, frozen=True, tag="act"):
    """What somebody behind the counter did."""

    at_unix: float
    act: str
    clerk: str
    code: Code
    visit: str | None = None


Row = VisitRow | ActionRow
_decoder: msgspec.json.Decoder[Row] = msgspec.json.Decoder(Row)


class Daybook:
    """Thread-safe."""

    def __init__(self, folder: Path, clock_unix: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock_unix
        self._lock = threading.Lock()

    def write(self, row: Row) -> None:
        """Under today's date and the present time."""
        now = self._clock()
        line = msgspec.json.encode(replace(row, at_unix=round(now, 3))) + b"\n"
        try:
            with self._lock:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with self._path(self.today()).open("ab") as file:
                    file.write(line)
        except OSError as error:
            log.warning("day's book not written: %s", error.strerror)

    def read(self, day: date | None = None) -> list[Row]:
        """In the order written. A line that a power cut tore is left out."""
        try:
            lines = self._path(day or self.today()).read_bytes().splitlines()
        except OSError:
            return []
        return [row for line in lines if (row := _read(line)) is not None]

    def today(self) -> date:
        return datetime.fromtimestamp(self._clock()).date()

    def _path(self, day: date) -> Path:
        return self._folder / f"day-{day.isoformat()}.jsonl"


def _read(line: bytes) -> Row | None:
    try:
        return _decoder.decode(line)
    except UNREADABLE:
        return None
