"""Terminals and clerks in the database alone, with times that are set: who counts, and when."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms, clerks, terminals
from central.protocol.messages import Reader
from central.storage.database import Database
from central.storage.tables import AuditAlarm, ClerkPost, Terminal, TerminalState
from tests.support import protocol_terminal

NOW = 1_790_000_000.0
KEY, OTHER_KEY = "A" * 43, "B" * 43
READER = Reader.model_validate(protocol_terminal.READER)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    database = Database(database_url)
    with database.write() as opened:
        opened.add_all(Terminal(id=name, state=TerminalState.ENROLLED) for name in ("T-1", "T-2"))
        opened.flush()
        yield opened
    database.close()


# ── clerks ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def clerk(session: Session) -> str:
    return clerks.add(session, ["T-1"], "clerk", NOW)[0]


def periods(session: Session, terminal: str, number: str) -> list[tuple[str, float, float | None]]:
    session.flush()
    found = clerks.staff_periods(session, terminal).get(number, [])
    return sorted((period.role, period.from_unix, period.until_unix) for period in found)


def test_a_period_begins_when_the_clerk_is_added(session: Session, clerk: str) -> None:
    assert periods(session, "T-1", clerk) == [("clerk", NOW, None)]
    assert periods(session, "T-2", clerk) == []


def test_a_period_ends_with_the_first_of_leaving_and_being_disabled(session: Session, clerk: str) -> None:
    clerks.assign(session, clerk, ["T-2"], NOW + 10)
    clerks.disable(session, clerk, NOW + 20)
    assert periods(session, "T-1", clerk) == [("clerk", NOW, NOW + 10)]
    assert periods(session, "T-2", clerk) == [("clerk", NOW + 10, NOW + 20)]
    clerks.assign(session, clerk, [], NOW + 30)
    assert periods(session, "T-2", clerk) == [("clerk", NOW + 10, NOW + 20)]


def test_who_stays_at_a_terminal_keeps_the_period(session: Session, clerk: str) -> None:
    clerks.assign(session, clerk, ["T-1", "T-2", "T-2"], NOW + 10)
    assert periods(session, "T-1", clerk) == [("clerk", NOW, None)]
    assert periods(session, "T-2", clerk) == [("clerk", NOW + 10, None)]


def test_another_role_is_another_period(session: Session, clerk: str) -> None:
    clerks.change_role(session, clerk, "clerk", NOW + 5)
    assert periods(session, "T-1", clerk) == [("clerk", NOW, None)]  # no change
    clerks.change_role(session, clerk, "supervisor", NOW + 10)
    expected = [("clerk", NOW, NOW + 10), ("supervisor", NOW + 10, None)]
    assert periods(session, "T-1", clerk) == expected


@pytest.mark.parametrize("terminal", ["T-9", "T-2"])
def test_nobody_is_assigned_to_a_terminal_that_is_unknown_or_revoked(
    session: Session, clerk: str, terminal: str
) -> None:
    terminals.revoke(session, "T-2", NOW)
    with pytest.raises(clerks.NotFound, match=terminal):
        clerks.assign(session, clerk, [terminal], NOW + 10)


def test_the_list_names_present_terminals_only(session: Session, clerk: str) -> None:
    clerks.assign(session, clerk, ["T-2"], NOW + 10)
    assert session.query(ClerkPost).count() == 2
    [listed] = clerks.list_all(session)
    assert (listed.number, listed.terminals) == (clerk, ["T-2"])


@pytest.mark.parametrize(
    ("pin", "good"),
    [
        ("274918", True),
        ("112938", True),  # two equal ones are no run
        ("111385", False),
        ("581113", False),
        ("123850", False),
        ("850321", False),
        ("135790", True),  # three even steps of two are none
        ("121212", False),  # three different digits at least, and then one more
        ("123123", False),
        ("27491", False),
        ("2749180", False),
        ("27491a", False),
    ],
)
def test_a_pin_is_not_easy_to_guess(pin: str, good: bool) -> None:
    assert clerks.is_good_pin(pin) is good


# ── enrolment ────────────────────────────────────────────────────────────────────────────────────


def code_for(session: Session, terminal: str, now: float = NOW, valid_s: float = 100.0) -> str:
    return terminals.enrolment_code(session, terminal, None, now, valid_s)


@pytest.mark.parametrize(("later_s", "accepted"), [(99.9, True), (100.0, False), (101.0, False)])
def test_a_code_is_accepted_while_it_is_valid(session: Session, later_s: float, accepted: bool) -> None:
    code = code_for(session, "T-1")
    if accepted:
        terminals.enrol(session, "T-1", code, KEY, READER, NOW + later_s)
        known = session.get_one(Terminal, "T-1")
        assert (known.public_key, known.enrolled_unix) == (KEY, NOW + later_s)
        return
    with pytest.raises(Problem) as refused:
        terminals.enrol(session, "T-1", code, KEY, READER, NOW + later_s)
    assert (refused.value.status, refused.value.code) == (403, Code.ENROLMENT_REFUSED)


@pytest.mark.parametrize(("terminal", "key"), [("T-2", KEY), ("T-1", OTHER_KEY), ("T-9", KEY)])
def test_a_code_serves_one_terminal_and_one_key(session: Session, terminal: str, key: str) -> None:
    code = code_for(session, "T-1")
    terminals.enrol(session, "T-1", code, KEY, READER, NOW)
    assert terminals.enrol(session, terminal, code, key, READER, NOW + 1) is None  # and an alarm
    assert session.get_one(Terminal, "T-1").public_key == KEY


def test_a_code_that_was_given_before_a_revocation_is_over(session: Session) -> None:
    code = code_for(session, "T-1")
    assert terminals.revoke(session, "T-1", NOW + 1)
    with pytest.raises(Problem):
        terminals.enrol(session, "T-1", code, KEY, READER, NOW + 2)
    known = session.get_one(Terminal, "T-1")
    assert (known.state, known.revoked_unix) == (TerminalState.REVOKED, NOW + 1)
    with pytest.raises(terminals.TerminalRevoked):
        code_for(session, "T-1", NOW + 3)
    assert not terminals.revoke(session, "T-9", NOW)


def test_a_revoked_terminal_does_not_come_back_with_a_valid_code(session: Session) -> None:
    """Its codes end with the revocation; this is what happens if one did not."""
    code = code_for(session, "T-1")
    session.get_one(Terminal, "T-1").state = TerminalState.REVOKED
    with pytest.raises(Problem):
        terminals.enrol(session, "T-1", code, KEY, READER, NOW + 1)


def test_a_place_stays_unless_another_is_given(session: Session) -> None:
    terminals.enrolment_code(session, "T-3", "店一", NOW, 100.0)
    code = terminals.enrolment_code(session, "T-3", None, NOW + 1, 100.0)
    assert terminals.enrol(session, "T-3", code, KEY, READER, NOW + 2) == "店一"
    terminals.enrolment_code(session, "T-3", "店二", NOW + 3, 100.0)
    assert session.get_one(Terminal, "T-3").place == "店二"


# ── alarms ───────────────────────────────────────────────────────────────────────────────────────


def test_an_open_alarm_holds_its_own_terminal_only(session: Session) -> None:
    session.get_one(Terminal, "T-1").enrolled_unix = NOW
    alarms.raise_rewound(session, "T-1", 3, 9, NOW + 10)
    session.flush()
    assert (alarms.is_held(session, "T-1"), alarms.is_held(session, "T-2")) == (True, False)
    alarms.raise_rewound(session, "T-1", 2, 9, NOW + 11)  # one is open
    assert session.query(AuditAlarm).count() == 1
    assert alarms.accept(session, "T-2", "2001", NOW + 12) == 0
    assert alarms.is_held(session, "T-1")
    assert alarms.accept(session, "T-1", "2001", NOW + 12) == 1
    assert not alarms.is_held(session, "T-1")
    assert alarms.trusted_since(session, "T-1") == NOW + 10
    (row,) = session.query(AuditAlarm)
    assert (row.accepted_unix, row.accepted_by, row.seq, row.last_seq) == (NOW + 12, "2001", 3, 9)


def test_a_new_enrolment_closes_what_came_before_it(session: Session) -> None:
    alarms.raise_rewound(session, "T-1", 3, 9, NOW)
    session.get_one(Terminal, "T-1").enrolled_unix = NOW + 1
    session.flush()
    assert not alarms.is_held(session, "T-1")
    assert alarms.open_alarms(session) == []
    session.get_one(Terminal, "T-1").enrolled_unix = NOW
    session.flush()
    assert alarms.is_held(session, "T-1")


def test_alarms_come_in_the_order_of_their_times(session: Session) -> None:
    alarms.note_lost(session, "T-2", ["V-2"], NOW + 5)
    alarms.raise_rewound(session, "T-1", 3, 9, NOW + 3)
    alarms.note_lost(session, "T-1", ["V-1"], NOW + 1)
    session.flush()
    assert [(a.terminal, a.what, a.detail) for a in alarms.open_alarms(session)] == [
        ("T-1", "request.lost", "V-1"),
        ("T-1", "audit.rewound", "from record 9 to 3"),
        ("T-2", "request.lost", "V-2"),
    ]
    assert alarms.accept(session, "T-1", "2001", NOW + 6) == 2
    assert [a.terminal for a in alarms.open_alarms(session)] == ["T-2"]
