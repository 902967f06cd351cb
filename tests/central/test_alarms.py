"""A log that went back, and requests that a terminal lost: seen at central, and the terminal is held."""

from pathlib import Path

import pytest

from central.fleet import alarms, audit_heads
from central.fleet.audit_heads import AuditHead
from central.storage.database import Database, migrate
from central.storage.tables import Activation, StoredAuditHead
from central.storage.tables import Terminal as Row
from tests.central.test_heartbeat import beat
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, visit_number

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


@pytest.fixture
def database(tmp_path: Path):
    made = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    migrate(made.engine)
    with made.write() as session:
        session.add(Row(id="T", enrolled_unix=1000.0))
    yield made
    made.close()


class Told:
    """Heads of terminal T, as they come with signed requests."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def head(self, seq: int, hash: str, signed: float, at: float | None = None) -> bool:
        """Is it held after that?"""
        with self.database.write() as session:
            audit_heads.store(session, "T", AuditHead(seq, hash), signed, signed if at is None else at)
        with self.database.read() as session:
            return alarms.is_held(session, "T")

    def accept(self, now: float) -> int:
        with self.database.write() as session:
            return alarms.accept(session, "T", "2001", now)


@pytest.fixture
def told(database: Database) -> Told:
    return Told(database)


def test_a_log_that_grows_is_no_alarm(told: Told) -> None:
    for n in range(1, 20):
        assert not told.head(n, f"{n:064x}", 2000.0 + n)
        assert not told.head(n, f"{n:064x}", 2000.5 + n), "nothing was written in between"


@pytest.mark.parametrize("hash", [A, C], ids=["as it was told once", "one nobody knows"])
def test_a_head_from_before_that_was_signed_later_is_an_alarm(told: Told, hash: str) -> None:
    """A disk that was put back; whether its head was ever told makes no difference."""
    told.head(3, A, 2000.0)
    assert not told.head(9, B, 2010.0)
    assert told.head(3, hash, 2020.0)


def test_a_request_that_was_overtaken_is_none(told: Told) -> None:
    told.head(9, B, 2010.0)
    assert not told.head(7, A, 2005.0, at=2030.0), "signed before, arrived after"
    assert not told.head(8, C, 2013.0, at=2030.0), "two processes, within the same moment"


def test_another_record_in_the_same_place_is_an_alarm_whenever_it_was_signed(told: Told) -> None:
    told.head(9, B, 2010.0)
    assert told.head(9, A, 2000.0)


def test_the_way_out_is_a_person_and_then_the_new_log_counts(told: Told) -> None:
    told.head(9, B, 2010.0)
    assert told.head(1, A, 2020.0)
    assert told.head(2, C, 2030.0), "and it stays so"
    assert told.accept(2040.0) == 1
    assert not told.head(3, "d" * 64, 2050.0)
    assert not told.head(20, "e" * 64, 2060.0), "what stood in the old log's place is no contradiction"
    assert told.head(2, C, 2070.0), "back again: another alarm"
    with told.database.read() as session:
        assert [anchor.seq for anchor in audit_heads.stored(session, "T")] == [1, 2, 3, 20]


def test_a_new_enrolment_begins_anew(told: Told) -> None:
    told.head(9, B, 2010.0)
    assert told.head(1, A, 2020.0)
    with told.database.write() as session:
        session.get_one(Row, "T").enrolled_unix = 2030.0
    assert not told.head(1, C, 2040.0)
    with told.database.read() as session:
        assert session.query(StoredAuditHead).count() == 3, "the old ones stay as evidence"


def test_what_came_after_all_is_not_lost(database: Database) -> None:
    with database.write() as session:
        alarms.note_lost(session, "T", ["V-1", "V-2"], 5.0)
        alarms.note_lost(session, "T", ["V-1"], 6.0)
        assert [a.detail for a in alarms.open_alarms(session)] == ["V-1", "V-2"]
        session.add(Activation(id="V-1", terminal="T", body_sha256="", evidence="{}", received_unix=0.0))
        session.flush()
        alarms.note_lost(session, "T", ["V-1"], 7.0)
        assert [a.detail for a in alarms.open_alarms(session)] == ["V-2"]
        assert (alarms.is_lost(session, "V-1"), alarms.is_lost(session, "V-2")) == (False, True)
        assert alarms.accept(session, "T", "2001", 8.0) == 1
        assert alarms.open_alarms(session) == []
        assert alarms.is_lost(session, "V-2"), "the customer is told on"


# ── over the wire ────────────────────────────────────────────────────────────────────────────────


def rewind(terminal: ProtocolTerminal) -> dict[str, object]:
    beat(terminal, f"5:{A}")
    return dict(beat(terminal, f"5:{B}").json())


def alarm_lines(central: RunningCentral, terminal: ProtocolTerminal) -> list[str]:
    try:
        said = central.command("alarms")
    except AssertionError as error:  # status 1: there is something
        said = str(error)
    return [line for line in said.splitlines() if terminal.name in line]


def test_a_held_terminal_serves_nobody_and_nobody_is_refused(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    waiting = terminal.activation()
    assert beat(terminal).json()["audit_rewound"] is False
    assert rewind(terminal)["audit_rewound"] is True
    (line,) = alarm_lines(central, terminal)
    assert "audit.rewound" in line
    answer = terminal.send("POST", "/v1/challenges", b'{"count":1}')
    assert (answer.status_code, answer.json()["code"]) == (409, "audit.rewound")
    receipt = terminal.activate(waiting).json()
    assert (receipt["status"], receipt["code"]) == ("PENDING", "audit.rewound")
    assert "核查终端" in central.get(f"/look-up/{waiting['id']}")
    assert central.credentials(waiting["id"]) == 0
    assert "audit.rewound from record 5 to 5" in central.command("fleet", "show")
    central.command("alarms", "accept", terminal.name, "--by", "2001")
    assert terminal.until_settled(waiting["id"])["status"] == "ACTIVATED"
    assert alarm_lines(central, terminal) == []
    assert beat(terminal).json()["audit_rewound"] is False
    assert len(terminal.challenges()) == 1


def test_verify_is_not_content_with_a_sound_file_of_a_log_that_went_back(
    central: RunningCentral, terminal: ProtocolTerminal, tmp_path: Path
) -> None:
    from kiosk.audit.log import AuditLog
    from kiosk.audit.record import Kind

    log = AuditLog(tmp_path / "audit.log")
    for n in range(3):
        log.append(Kind.SERVICE_IN, facts={"n": n})
        beat(terminal, f"{log.head.seq}:{log.head.hash}")
    arguments = ("audit", "verify", str(log.path), "--terminal", terminal.name)
    assert "3 of 3 heads" in central.command(*arguments)
    beat(terminal, f"3:{A}")
    with pytest.raises(AssertionError, match="altered, here or before"):
        central.command(*arguments)
    central.command("alarms", "accept", terminal.name, "--by", "2001")
    beat(terminal, f"2:{B}")
    with pytest.raises(AssertionError):
        central.command(*arguments)


def test_a_lost_request_is_told_to_the_customer_and_to_central(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    lost = visit_number()
    assert beat(terminal, lost=[lost]).status_code == 200
    page = terminal.session.get(f"{central.url}/look-up/{lost}", timeout=20)
    assert (page.status_code, "丢失" in page.text) == (200, True)
    assert [line.split()[-1] for line in alarm_lines(central, terminal)] == [lost]
    central.command("alarms", "accept", terminal.name, "--by", "2001")
    assert alarm_lines(central, terminal) == []
    beat(terminal, lost=[lost])
    assert alarm_lines(central, terminal) == [], "told again, noted already"


def test_nonsense_is_not_lost(terminal: ProtocolTerminal) -> None:
    for lost in (["x"], [visit_number()] * 101, "x", None):
        assert beat(terminal, lost=lost).status_code == 422


def test_somebody_elses_request_does_not_become_lost_by_being_called_so(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    other = ProtocolTerminal(central)
    request = other.activation()
    assert other.activate(request).json()["status"] == "ACTIVATED"
    beat(terminal, lost=[request["id"]])
    assert "已开通" in central.get(f"/look-up/{request['id']}")
    assert alarm_lines(central, terminal) == []
