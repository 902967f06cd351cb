"""The visits' logs: a full disk costs the log, never the visit."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk import events as e
from kiosk import settings
from kiosk.codes import Code
from kiosk.model import Outcome, Stage
from kiosk.visit.policy import visit_policy
from kiosk.visit_logs import VisitLogs

NUMBER = "0000-1111-2222-3333"
FINISHED = e.Finished(
    visit=NUMBER, outcome=Outcome.REFERRED, code=Code.OUTBOX_FULL, stage=Stage.SUBMIT, verdicts=()
)


@pytest.fixture
def records(tmp_path: Path) -> VisitLogs:
    s = settings.load()
    return VisitLogs(tmp_path, visit_policy(s))


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow by a byte; not longer than needed, for pytest may write into a file too."""
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)


def test_a_disk_that_is_full_when_the_log_is_closed_ends_no_visit(records):
    """What is written waits in a buffer, so it is the closing that fails."""
    with full_disk():
        records.record(NUMBER, 1.0, e.Cancelled())
        records.close(FINISHED)
        records.record("4444-5555-6666-7777", 2.0, e.Cancelled())
        records.record(NUMBER, 3.0, e.Cancelled())
        records.close(FINISHED)


def test_with_room_the_log_is_there(records, tmp_path):
    records.record(NUMBER, 1.0, e.Cancelled())
    records.close(FINISHED)
    assert (tmp_path / "visits" / f"{NUMBER}.jsonl").read_bytes().count(b"\n") >= 2
