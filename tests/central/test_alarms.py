"""Rewound audit logs and lost requests raise alarms at central; a rewound log puts the terminal on hold."""

from pathlib import Path

import pytest

from central.fleet import alarms, audit_heads, terminals
from central.fleet.audit_heads import AuditHead
from central.protocol.messages import Reader
from central.storage.database import Database
from central.storage.tables import Activation, StoredAuditHead
from central.storage.tables import Terminal as Row
from tests.central.test_heartbeat import beat
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, visit_number

READER = Reader(sam="1", socket="")
A, B, C = ("a" * 64, "b" * 64, "c" * 64)
OTHER_KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


@pytest.fixture
def database(database_url: str):
    made = Database(database_url)
    with made.write() as session:
        session.add(Row(id="T", enrolled_unix=1000.0))
    yield made
    made.close()


class AuditHeadHistory:
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
def history(database: Database) -> AuditHeadHistory:
    return AuditHeadHistory(database)


def test_a_growing_log_raises_no_alarm(history: AuditHeadHistory) -> None:
    for n in range(1, 20):
        assert not history.head(n, f"{n:064x}", 2000.0 + n)
        assert not history.head(n, f"{n:064x}", 2000.5 + n), "nothing was written in between"


def test_the_head_of_an_empty_log_says_nothing(history: AuditHeadHistory) -> None:
    history.head(3, A, 2000.0)
    assert not history.head(0, B, 2010.0)
    with history.database.read() as session:
        assert [head.seq for head in audit_heads.stored(session, "T")] == [3]


@pytest.mark.parametrize("hash", [A, C], ids=["sent before", "never sent"])
def test_an_earlier_head_that_was_signed_later_raises_an_alarm(history: AuditHeadHistory, hash: str) -> None:
    """A disk image was restored; whether its head was ever sent makes no difference."""
    history.head(3, A, 2000.0)
    assert not history.head(9, B, 2010.0)
    assert history.head(3, hash, 2020.0)


def test_an_overtaken_request_raises_no_alarm(history: AuditHeadHistory) -> None:
    history.head(9, B, 2010.0)
    assert not history.head(7, A, 2005.0, at=2030.0), "signed before, arrived after"
    assert not history.head(8, C, 2013.0, at=2030.0), "two processes, within the same moment"


def test_another_hash_for_the_same_record_raises_an_alarm(history: AuditHeadHistory) -> None:
    history.head(9, B, 2010.0)
    assert history.head(9, A, 2000.0)


def test_an_accepted_alarm_lets_the_new_log_count(history: AuditHeadHistory) -> None:
    history.head(9, B, 2010.0)
    assert history.head(1, A, 2020.0)
    assert history.head(2, C, 2030.0), "and it stays so"
    assert history.accept(2040.0) == 1
    assert not history.head(3, "d" * 64, 2050.0)
    assert not history.head(20, "e" * 64, 2060.0), "what stood in the old log's place is no contradiction"
    assert history.head(2, C, 2070.0), "back again: another alarm"
    with history.database.read() as session:
        assert [anchor.seq for anchor in audit_heads.stored(session, "T")] == [1, 2, 3, 20]


def test_heads_before_a_new_enrolment_do_not_count(history: AuditHeadHistory) -> None:
    history.head(9, B, 2010.0)
    assert history.head(1, A, 2020.0)
    with history.database.write() as session:
        session.get_one(Row, "T").enrolled_unix = 2030.0
    assert not history.head(1, C, 2040.0)
    with history.database.read() as session:
        assert session.query(StoredAuditHead).count() == 3, "the old ones stay as evidence"


def test_a_request_that_arrives_later_is_not_lost(database: Database) -> None:
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
        assert alarms.is_lost(session, "V-2"), "the customer is told on the page"


# ── over the wire ────────────────────────────────────────────────────────────────────────────────


def rewind(terminal: ProtocolTerminal) -> dict[str, object]:
    beat(terminal, f"5:{A}")
    return dict(beat(terminal, f"5:{B}").json())


def alarm_lines(central: RunningCentral, terminal: ProtocolTerminal) -> list[str]:
    try:
        output = central.command("alarms")
    except AssertionError as error:  # status 1: there is something
        output = str(error)
    return [line for line in output.splitlines() if terminal.name in line]


def test_a_held_terminal_gets_no_challenges_and_its_requests_wait(
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


def test_a_used_enrolment_code_changes_nothing_and_raises_an_alarm(central: RunningCentral) -> None:
    terminal = ProtocolTerminal(central)
    code = central.enrol_code(terminal.name)
    assert terminal.enrol(code).status_code == 201
    beat(terminal, f"5:{A}")
    beat(terminal, f"5:{B}")
    before = alarm_lines(central, terminal)
    assert terminal.enrol(code).status_code == 201, "the first answer may have been lost"
    assert alarm_lines(central, terminal) == before
    assert beat(terminal).json()["audit_rewound"] is True

    for _ in range(2):
        answer = terminal.enrol(code, public_key={"kty": "OKP", "crv": "Ed25519", "x": OTHER_KEY})
        assert (answer.status_code, answer.json()["code"]) == (403, "enrolment.used")
    assert beat(terminal).json()["audit_rewound"] is True, "still held, and the first key counts"
    found = alarm_lines(central, terminal)
    assert (len(found), [line for line in found if "enrolment.used" in line]) == (2, found[1:])
    central.command("alarms", "accept", terminal.name, "--by", "2001")
    assert alarm_lines(central, terminal) == []
    assert (
        terminal.enrol(code, public_key={"kty": "OKP", "crv": "Ed25519", "x": OTHER_KEY}).status_code == 403
    )
    assert len(alarm_lines(central, terminal)) == 1, "another try, another alarm"


def test_a_used_code_does_not_bring_back_a_key_that_was_rotated(database: Database) -> None:
    with database.write() as session:
        code = terminals.enrolment_code(session, "T", None, 0.0, 100.0)
        assert terminals.enrol(session, "T", code, "old", READER, 1.0) == ""
        assert terminals.enrol(session, "T", code, "old", READER, 2.0) == ""
        assert session.get_one(Row, "T").enrolled_unix == 1.0
        session.get_one(Row, "T").public_key = "new"
        assert terminals.enrol(session, "T", code, "old", READER, 3.0) is None
        assert session.get_one(Row, "T").public_key == "new"


def test_verify_fails_for_a_held_terminal_even_if_the_file_is_sound(
    central: RunningCentral, terminal: ProtocolTerminal, tmp_path: Path
) -> None:
    from kiosk.audit.log import AuditLog
    from kiosk.audit.record import RecordKind

    log = AuditLog(tmp_path / "audit.log")
    for n in range(3):
        log.append(RecordKind.SERVICE_IN, facts={"n": n})
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


def test_a_lost_request_is_shown_to_the_customer_and_raises_an_alarm(
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
    assert alarm_lines(central, terminal) == [], "sent again, noted already"


def test_lost_numbers_must_have_the_right_form(terminal: ProtocolTerminal) -> None:
    for lost in (["x"], [visit_number()] * 101, "x", None):
        assert beat(terminal, lost=lost).status_code == 422


def test_a_terminal_cannot_declare_another_terminals_request_lost(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    other = ProtocolTerminal(central)
    request = other.activation()
    assert other.activate(request).json()["status"] == "ACTIVATED"
    beat(terminal, lost=[request["id"]])
    assert "已开通" in central.get(f"/look-up/{request['id']}")
    assert alarm_lines(central, terminal) == []
