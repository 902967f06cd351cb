"""The visits' logs: a full disk costs the log, never the visit."""

import re
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from kiosk import events as e
from kiosk import settings
from kiosk.codes import Code
from kiosk.errors import UNREADABLE
from kiosk.model import CardFacts, DigitHeard, FaceSeen, Outcome, Stage
from kiosk.visit import replay
from kiosk.visit.policy import visit_policy
from kiosk.visit_logs import VisitLogs

NUMBER = "0000-1111-2222-3333"
FINISHED = e.Finished(
    visit=NUMBER, outcome=Outcome.REFERRED, code=Code.OUTBOX_FULL, stage=Stage.SUBMIT, verdicts=()
)


@pytest.fixture
def records(tmp_path: Path) -> VisitLogs:
    s = settings.load()
    return VisitLogs(tmp_path, visit_policy(s), measures=True)


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


EVENTS = get_args(e.Event)
WHEN = re.compile("at|.*_unix|gaps_s|again_s")
"""Numbers that are times, or central's."""
FACE = FaceSeen(at=1.0, seq=1, likeness=0.61234, pitch=3.5)
DIGIT = DigitHeard(at=2.0, window=0, scores=(0.0,) * 11, pitch_hz=187.25)
CARD = e.CardRead(CardFacts(age=67, days_valid=811, days_since_issue=2222, number_valid=True))


def lines(folder: Path) -> list[bytes]:
    return (folder / f"{NUMBER}.jsonl").read_bytes().splitlines()


@pytest.mark.parametrize("measures", [False, True])
def test_what_was_measured_of_a_person_is_kept_only_where_the_settings_say_so(tmp_path, measures):
    logs = VisitLogs(tmp_path, visit_policy(settings.load()), measures=measures)
    for at, event in enumerate((FACE, DIGIT, CARD, e.Cancelled())):
        logs.record(NUMBER, float(at), event)
    logs.close(FINISHED)
    kept = b"\n".join(lines(tmp_path / "visits"))
    for measure in (b"0.61234", b"187.25", b"67", b"811", b"2222", b"FaceSeen", b"scores"):
        assert measure not in kept
    assert b"Cancelled" in kept
    with pytest.raises(UNREADABLE):
        replay.read(lines(tmp_path / "visits"))
    assert (tmp_path / "measures").exists() is measures
    if measures:
        assert [row.event for row in replay.read(lines(tmp_path / "measures"))[1]][:2] == [FACE, DIGIT]


def test_the_defaults_keep_no_measures():
    assert settings.load().retention.measures_days == 0


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_no_event_brings_a_measure_into_the_log_that_is_kept(event):
    """A measure is a number with a fraction; an event with such a field must be left out of the log."""
    measures = {name for name in floats(event) if not WHEN.fullmatch(name)}
    if measures:
        assert event in (FaceSeen, DigitHeard), f"{event.__name__} has {measures}"


def floats(kind: type) -> Iterator[str]:
    """Yield the names of the fields of a struct, and of those inside it, whose type has a float in it."""
    for field in msgspec.structs.fields(kind):
        inside = [part for part in (field.type, *get_args(field.type)) if isinstance(part, type)]
        for part in inside:
            if issubclass(part, msgspec.Struct):
                yield from floats(part)
        if "float" in str(field.type):
            yield field.name


def test_with_room_the_log_is_there(records, tmp_path):
    records.record(NUMBER, 1.0, e.Cancelled())
    records.close(FINISHED)
    assert (tmp_path / "visits" / f"{NUMBER}.jsonl").read_bytes().count(b"\n") >= 2
