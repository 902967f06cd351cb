"""The card reader of a terminal: pinned by enrolment, replaced with permission, compared in every request."""

import json
from contextlib import closing
from typing import Any

import pytest
import requests

from central.activation.evidence import is_reader_pinned
from central.exceptions import Problem
from central.fleet import readers
from central.fleet.readers import ReaderPeriod
from central.protocol.messages import Reader
from central.storage.database import Database
from central.storage.tables import Terminal
from tests.central.test_evidence import request
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import READER, ProtocolTerminal

OTHER = READER | {"sam": "05.01-20240101-0001234567-0000000001"}
MOVED = READER | {"socket": "0000:00:14.0-2"}
FIRST, SECOND = Reader(**READER), Reader(**OTHER)
PINNED = (ReaderPeriod(FIRST, 1000.0, 2000.0), ReaderPeriod(SECOND, 2000.0, None))
SLACK_S = 60.0


def is_pinned(reader: dict[str, str] | None, at_unix: float) -> bool:
    return is_reader_pinned(request(reader=reader, at_unix=at_unix, began_unix=0.0), PINNED, SLACK_S)


@pytest.mark.parametrize(
    ("reader", "at", "accepted"),
    [
        (READER, 1500.0, True),
        (OTHER, 2500.0, True),
        (READER, 2500.0, False),
        (OTHER, 1500.0, False),
        (MOVED, 1500.0, False),
        (READER, 2030.0, True),
        (OTHER, 1970.0, True),
        (READER, 900.0, False),
        (None, 999.0, True),
        (None, 1000.0, False),
        (None, 2500.0, False),
    ],
)
def test_the_reader_counts_that_was_pinned_when_the_request_was_made(
    reader: dict[str, str] | None, at: float, accepted: bool
) -> None:
    assert is_pinned(reader, at) is accepted


def test_a_terminal_without_a_pinned_reader_sends_none() -> None:
    """It was enrolled by an earlier version, and runs it still: this version's is out of service then."""
    assert is_reader_pinned(request(reader=None), (), SLACK_S)
    assert not is_reader_pinned(request(), (), SLACK_S)


# ── over the wire ────────────────────────────────────────────────────────────────────────────────


def pin(terminal: ProtocolTerminal, reader: dict[str, str]) -> requests.Response:
    return terminal.send("POST", "/v1/terminals/reader", json.dumps({"reader": reader}).encode())


def answer(terminal: ProtocolTerminal, **other: Any) -> tuple[str, str]:
    receipt = terminal.activate(terminal.activation(**other)).json()
    return receipt["status"], receipt["code"]


def alarms(central: RunningCentral, terminal: ProtocolTerminal) -> int:
    return central.command("fleet", "show").split(terminal.name, 1)[1].split("\n")[0].count("reader.changed")


def test_enrolment_pins_the_reader_and_needs_one(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    assert terminal.enrolment["reader"] == READER
    assert READER["sam"] in central.command("fleet", "show")
    assert terminal.enrol(central.enrol_code(terminal.name), reader=None).status_code == 422


@pytest.mark.parametrize("reader", [OTHER, MOVED, None], ids=["security module", "socket", "none"])
def test_another_reader_in_the_evidence_is_refused_and_raises_one_alarm(
    central: RunningCentral, terminal: ProtocolTerminal, reader: dict[str, str] | None
) -> None:
    assert answer(terminal, reader=reader) == ("REFUSED", "reader.changed")
    assert answer(terminal, reader=reader) == ("REFUSED", "reader.changed")
    assert alarms(central, terminal) == 1
    assert answer(terminal) == ("ACTIVATED", "ok"), "the terminal is not held"
    central.command("alarms", "accept", terminal.name, "--by", "2001")
    assert alarms(central, terminal) == 0


def test_another_reader_is_pinned_once_after_permission(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    refused = pin(terminal, OTHER)
    assert (refused.status_code, refused.json()["code"]) == (403, "reader.changed")
    central.command("fleet", "reader", terminal.name)
    assert pin(terminal, OTHER).json() == {"reader": OTHER}
    assert pin(terminal, OTHER).status_code == 200, "the first answer may have been lost"
    assert pin(terminal, MOVED).status_code == 403, "the permission is spent"
    assert answer(terminal, reader=OTHER) == ("ACTIVATED", "ok")


def test_only_an_enrolled_terminal_gets_a_permission(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    central.command("revoke", terminal.name)
    for name in ("T-nobody", terminal.name):
        with pytest.raises(AssertionError, match="not enrolled"):
            central.command("fleet", "reader", name)


def test_a_permission_ends(database_url: str) -> None:
    with closing(Database(database_url)) as database, database.write() as session:
        session.add(Terminal(id="T", state="enrolled"))
        assert readers.permit(session, "T", 100.0)
        with pytest.raises(Problem):
            readers.replace(session, "T", FIRST, 100.0)
        readers.replace(session, "T", FIRST, 99.0)
        assert readers.current(session) == {"T": FIRST.sam}


def test_a_terminal_pins_no_reader_for_another(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    other = ProtocolTerminal(central)
    central.command("fleet", "reader", other.name)
    assert pin(terminal, OTHER).status_code == 403


def test_a_new_enrolment_pins_the_reader_that_is_connected_then(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    assert terminal.enrol(central.enrol_code(terminal.name), reader=OTHER).status_code == 201
    assert answer(terminal, reader=OTHER) == ("ACTIVATED", "ok")


def test_a_used_code_pins_no_other_reader(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    code = central.enrol_code(terminal.name)
    assert terminal.enrol(code).status_code == 201
    again = terminal.enrol(code, reader=OTHER)
    assert (again.status_code, again.json()["code"]) == (403, "enrolment.used")
    assert answer(terminal) == ("ACTIVATED", "ok")
