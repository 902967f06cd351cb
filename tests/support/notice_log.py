"""Records the notices of a terminal in order; a test waits for those that are still to come."""

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Slip, Stage

TIMEOUT_S = 400.0
"""No test measures time: a machine that is busy with other things may be twenty times as slow."""

N = TypeVar("N", bound=e.Notice)


class NoticeLog:
    """Notices of an engine; subscribe `see`. Waits consider everything after a mark."""

    def __init__(self) -> None:
        self._notices: list[e.Notice] = []
        self._news = threading.Condition()

    def see(self, notice: e.Notice) -> None:
        with self._news:
            self._notices.append(notice)
            self._news.notify_all()

    @property
    def mark(self) -> int:
        """The present position; later notices are after it."""
        return len(self._notices)

    def all(self, kind: type[N], since: int = 0) -> list[N]:
        return [n for n in self._notices[since:] if isinstance(n, kind)]

    def wait(self, kind: type[N], wanted: Callable[[N], bool] = lambda _: True, since: int = 0) -> N:
        """Return the first notice of that kind that is wanted; fails the test if none comes in time."""

        def found() -> N | None:
            return next((n for n in self.all(kind, since) if wanted(n)), None)

        with self._news:
            self._news.wait_for(found, TIMEOUT_S)
        answer = found()
        if answer is None:
            pytest.fail(f"no such {kind.__name__}; {self.summary(since)}")
        return answer

    def wait_for_stage(self, stage: Stage, since: int = 0) -> e.Show:
        return self.wait(e.Show, lambda show: show.stage is stage, since)

    def wait_for_slip(self, outcome: Outcome, since: int = 0) -> Slip:
        return self.wait(e.Print, lambda printed: printed.slip.outcome is outcome, since).slip

    def wait_for_missing(self, missing: dict[Device, Code], since: int = 0) -> None:
        """Wait until exactly this is reported missing; an empty mapping means in service."""
        self.wait(e.OutOfService, lambda n: {f.device: f.code for f in n.missing} == missing, since)

    def summary(self, since: int = 0) -> str:
        """Return the notices as text for a failure message, without hints and digits."""
        kinds = e.Show | e.Print | e.Finished | e.OutOfService
        return "; ".join(str(n) for n in self._notices[since:] if isinstance(n, kinds))
