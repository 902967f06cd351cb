"""What a terminal told its shells, in order; a test waits for what is still to come."""

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Slip, Stage

PATIENCE_S = 90.0
"""Nothing here is a measurement: a machine that is busy with other tests may take its time."""

N = TypeVar("N", bound=e.Notice)


class NoticeLog:
    """Subscribe `see` to an engine. Waits look at what came after a mark, the present one included."""

    def __init__(self) -> None:
        self._notices: list[e.Notice] = []
        self._news = threading.Condition()

    def see(self, notice: e.Notice) -> None:
        with self._news:
            self._notices.append(notice)
            self._news.notify_all()

    @property
    def mark(self) -> int:
        """Now."""
        return len(self._notices)

    def all(self, kind: type[N], since: int = 0) -> list[N]:
        return [n for n in self._notices[since:] if isinstance(n, kind)]

    def wait(self, kind: type[N], wanted: Callable[[N], bool] = lambda _: True, since: int = 0) -> N:
        """The first notice of that kind that is wanted; fails the test if none comes."""

        def found() -> N | None:
            return next((n for n in self.all(kind, since) if wanted(n)), None)

        with self._news:
            self._news.wait_for(found, PATIENCE_S)
        answer = found()
        if answer is None:
            pytest.fail(f"no such {kind.__name__}; {self.told(since)}")
        return answer

    def wait_for_stage(self, stage: Stage, since: int = 0) -> e.Show:
        return self.wait(e.Show, lambda show: show.stage is stage, since)

    def wait_for_slip(self, outcome: Outcome, since: int = 0) -> Slip:
        return self.wait(e.Print, lambda printed: printed.slip.outcome is outcome, since).slip

    def wait_for_missing(self, missing: dict[Device, Code], since: int = 0) -> None:
        """Until the terminal says that exactly this is missing; nothing: that it is in service."""
        self.wait(e.OutOfService, lambda n: {f.device: f.code for f in n.missing} == missing, since)

    def told(self, since: int = 0) -> str:
        """The course of things for the text of a failure; without hints and digits."""
        kinds = e.Show | e.Print | e.Finished | e.OutOfService
        return "; ".join(str(n) for n in self._notices[since:] if isinstance(n, kinds))
