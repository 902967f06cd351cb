"""Erasing is due once a day, and waits for customers, the clock and the audit log."""

import pytest

from kiosk import settings
from kiosk.audit.log import AuditLog
from kiosk.codes import Code
from kiosk.privacy import erasure_schedule
from kiosk.privacy.erasure_schedule import INTERVAL_S, ErasureSchedule


class Harness:
    """A schedule with a clock that is set by hand, and a count of the eraser's runs."""

    def __init__(self, folder, monkeypatch):
        self.now, self.runs = 100.0, 0
        self.log = AuditLog(folder / "audit.log")
        monkeypatch.setattr(erasure_schedule.Eraser, "run", lambda _: self.count())
        self.schedule = ErasureSchedule(settings.load(), self.log, clock=lambda: self.now)

    def count(self):
        self.runs += 1

    def run(self, serving=False, clock_code=Code.OK):
        self.schedule.run_if_due(serving=serving, clock_code=clock_code)
        return self.runs


@pytest.fixture
def harness(tmp_path, monkeypatch):
    return Harness(tmp_path, monkeypatch)


def test_it_runs_at_the_start_and_once_a_day(harness):
    assert harness.run() == harness.run() == 1
    harness.now += INTERVAL_S - 1
    assert harness.run() == 1
    harness.now += 1
    assert harness.run() == 2


def test_it_waits_while_a_customer_is_served_or_the_clock_is_wrong(harness):
    assert harness.run(serving=True) == 0
    assert harness.run(clock_code=Code.CLOCK_OFF) == 0
    assert harness.run() == 1


def test_it_waits_for_an_audit_log_that_can_record_it(harness):
    harness.log.path.mkdir()
    assert harness.run() == 0
    harness.log.path.rmdir()
    assert harness.run() == 1
