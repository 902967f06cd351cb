"""What the customers were told, written to disk at once: it must outlive a terminal that is killed.

One JSON line each: what happened, visit, and details. `comparison` compares it with both databases.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kiosk import events as e
from kiosk.model import Outcome, Stage
from tests.soak import disk


class OutcomeLog:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.visit = ""

    def note(self, what: str, visit: str, **more: object) -> None:
        line = msgspec.json.encode({"what": what, "visit": visit} | more) + b"\n"
        with disk.unlimited():
            os.write(self._file, line)

    def record(self, notice: e.Notice) -> None:
        """Record a notice; subscribe this to an engine."""
        match notice:
            case e.Print(slip):
                self.note(
                    "told", slip.id, outcome=slip.outcome.value, code=slip.code.value, cred=slip.credential
                )
            case e.Finished():
                self.note("finished", notice.visit, way=notice.way.value, stage=notice.stage.value)
            case e.Show(stage=Stage.OUT_OF_SERVICE):
                self.note("out of service", "", code=notice.code.value)

    def read(self) -> Iterator[dict]:
        with self.path.open("rb") as file:
            for line in file:
                yield msgspec.json.decode(line)

    def close(self) -> None:
        os.close(self._file)


PROMISES = frozenset({Outcome.ACTIVATED.value, Outcome.ACCEPTED.value, Outcome.PENDING.value})
"""Outcomes with which a customer leaves expecting a credential."""
