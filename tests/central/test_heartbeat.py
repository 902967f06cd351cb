"""Heartbeats at central: audit heads are stored, and exports of audit logs are checked against them."""

import json
from pathlib import Path

import jwt
import pytest

from central.fleet import audit
from central.fleet.audit_heads import AuditHead
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind, decode
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal

HEARTBEAT = {"versions": {"kiosk": "0.1.0"}, "waiting": 0, "oldest_s": None, "sealing": "SM2-SM4GCM"}


def beat(terminal: ProtocolTerminal, head: str | None = None, **other):
    headers = {"Audit-Head": head} if head else {}
    return terminal.send("POST", "/v1/heartbeat", json.dumps(HEARTBEAT | other).encode(), **headers)


def test_reply_to_a_heartbeat(terminal: ProtocolTerminal) -> None:
    reply = beat(terminal).json()
    assert (reply["status"], reply["versions_known"]) == ("ok", True)
    # Central has no SM2 key, so it hands out the one it has.
    assert reply["sealing"] == terminal.enrolment["sealing"]
    assert beat(terminal, versions={"kiosk": "9.9"}).json()["versions_known"] is False
    assert beat(terminal, versions={}).json()["versions_known"] is False


def test_what_a_terminal_says_of_itself_is_shown(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    out = {"code": "camera.lost", "since_unix": 1784511000.0}
    state = {
        "out_of_service": out,
        "devices": {"camera": "camera.lost", "printer": "printer.lost"},
        "free_mb": 9,
    }
    assert beat(terminal, state=state).status_code == 200
    lines = central.command("fleet", "show", "--faults").splitlines()
    (line,) = (line for line in lines if line.startswith(terminal.name))
    assert "camera.lost since 2026-07-20 09:30" in line
    assert "printer printer.lost" in line
    assert beat(terminal, state=state | {"out_of_service": None, "devices": {}}).status_code == 200
    assert terminal.name not in central.command("fleet", "show", "--faults")
    assert terminal.name in central.command("fleet", "show")


@pytest.mark.parametrize(
    "wrong",
    [{"devices": {"camera": "X Y"}}, {"devices": {f"d{i}": "ok" for i in range(33)}}, {"free_mb": -1}],
)
def test_a_malformed_state_is_refused(terminal: ProtocolTerminal, wrong: dict[str, object]) -> None:
    state = {"out_of_service": None, "devices": {}, "free_mb": None} | wrong
    assert beat(terminal, state=state).status_code == 422


def test_a_revoked_terminal_gets_403(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    central.command("revoke", terminal.name)
    answer = beat(terminal)
    assert (answer.status_code, answer.json()["code"]) == (403, "terminal.revoked")


@pytest.mark.parametrize("head", ["x", "1", "1:abc", f"-1:{'0' * 64}", f"01:{'0' * 64}", f"1:{'A' * 64}"])
def test_malformed_audit_heads_are_refused(terminal: ProtocolTerminal, head: str) -> None:
    assert beat(terminal, head).status_code == 422


def test_a_terminals_export_is_verified_against_the_heads_at_central(
    central: RunningCentral, terminal: ProtocolTerminal, tmp_path: Path
) -> None:
    log = AuditLog(tmp_path / "audit.log")
    for n in range(6):
        log.append(RecordKind.VISIT_BEGAN, visit="AAAA-0001", facts={"n": n})
        assert beat(terminal, f"{log.head.seq}:{log.head.hash}").status_code == 200
    export = tmp_path / "export"
    rows = log.path.read_bytes().splitlines(keepends=True)

    def verdict(lines: list[bytes]) -> str:
        export.write_bytes(b"".join(lines))
        try:
            return central.command("audit", "verify", str(export), "--terminal", terminal.name)
        except AssertionError as error:
            return str(error)

    assert verdict(rows).startswith(f"{terminal.name}: 6 records, unbroken; 6 of 6")
    assert "record 3: missing" in verdict(rows[:2] + rows[3:])
    assert "record 2: reordered" in verdict([rows[0], rows[2], rows[1], *rows[3:]])
    assert "record 4: altered" in verdict([*rows[:3], rows[3].replace(b'"n":3', b'"n":4'), *rows[4:]])
    assert "record 5: missing" in verdict(rows[:4])
    # Wholly rewritten from the third on, every hash made anew: only central can tell.
    other = AuditLog(tmp_path / "other.log")
    for n in range(6):
        other.append(RecordKind.VISIT_BEGAN, visit="AAAA-0001", facts={"n": n})
    assert "record 1: altered, here or before" in verdict(other.path.read_bytes().splitlines(keepends=True))


def test_heads_of_a_rewound_log_are_stored_as_evidence(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    for head in (f"5:{'a' * 64}", f"5:{'a' * 64}", f"5:{'b' * 64}", f"3:{'c' * 64}"):
        assert beat(terminal, head).status_code == 200
    from central.fleet import audit_heads

    database = central.open_database()
    with database.read() as session:
        heads = audit_heads.stored(session, terminal.name)
    database.close()
    assert heads == [AuditHead(3, "c" * 64), AuditHead(5, "a" * 64), AuditHead(5, "b" * 64)]
    assert f"the audit log of {terminal.name} went back" in central.log.read_text()


def test_two_heads_for_one_record_contradict_each_other(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.log")
    log.append(RecordKind.SERVICE_IN)
    rows = log.path.read_bytes().splitlines()
    true = AuditHead(1, decode(rows[0]).hash)
    assert audit.check(rows, [true]).at == 0
    assert audit.check(rows, [true, AuditHead(1, "b" * 64)]).at == 1


def test_both_ends_find_the_same_fault_in_an_export(tmp_path: Path) -> None:
    """Two programs, one format."""
    import random

    from kiosk.audit.log import LogHead
    from kiosk.audit.verify import verify

    log = AuditLog(tmp_path / "audit.log")
    for n in range(12):
        log.append(RecordKind.VISIT_FINISHED, facts={"n": n})
    true = log.path.read_bytes().splitlines()
    chosen = random.Random(1)
    for _ in range(300):
        rows = list(true)
        for _ in range(chosen.randrange(3)):
            at = chosen.randrange(len(rows))
            match chosen.randrange(4):
                case 0:
                    del rows[at]
                case 1:
                    rows.insert(chosen.randrange(len(rows)), rows.pop(at))
                case 2:
                    rows[at] = rows[at].replace(b"visit", b"vizit")
                case 3:
                    rows[at] = rows[at][: chosen.randrange(len(rows[at]))]
        rows = [row for row in rows if row]
        heads = [AuditHead(12, log.head.hash)]
        ours = verify(rows, [LogHead(*head) for head in heads])
        theirs = audit.check(rows, heads)
        assert (ours.at, ours.fault.split(":")[0]) == (theirs.at, theirs.fault.split(":")[0])


# ── what a terminal lacks comes with the answer ──────────────────────────────────────────────────


def claims_of(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def test_one_that_does_not_ask_gets_the_answer_of_before(terminal: ProtocolTerminal) -> None:
    """Earlier versions of the terminal send no `wants`."""
    assert set(beat(terminal).json()) == {
        "status", "simulation", "time_unix", "version", "versions_known", "sealing", "audit_rewound", "held",
    }  # fmt: skip


def test_challenges_and_roster_come_with_the_answer(terminal: ProtocolTerminal) -> None:
    number, _ = terminal.add_clerk()
    given = beat(terminal, wants={"challenges": 25, "roster": None}).json()["given"]
    assert given["challenges_code"] == "ok"
    assert len({claims_of(token)["jti"] for token in given["challenges"]}) == 25
    assert [member["number"] for member in claims_of(given["roster"]["token"])["members"]] == [number]
    # They are real: a visit can use one.
    challenge = claims_of(given["challenges"][7])["jti"]
    assert terminal.activate(terminal.activation(challenge=challenge)).json()["status"] == "ACTIVATED"


def test_a_roster_comes_again_only_when_it_has_changed(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    def roster(version: str | None):
        return beat(terminal, wants={"challenges": 0, "roster": version}).json()["given"]["roster"]

    number, _ = terminal.add_clerk()
    first = roster(None)
    assert roster(first["version"]) is None
    for change in (["reset-pin", number], ["unlock", number], ["disable", number]):
        central.command("clerk", *change)
        changed = roster(first["version"])
        assert changed["version"] != first["version"], change
        first = changed
    assert claims_of(first["token"])["members"] == []


@pytest.mark.parametrize(
    "wants", [{"challenges": 201, "roster": None}, {"challenges": 1}, {"challenges": 1, "roster": "x"}, 7]
)
def test_malformed_wants_are_refused(terminal: ProtocolTerminal, wants: object) -> None:
    answer = beat(terminal, wants=wants)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


def test_a_held_terminal_gets_no_challenges_and_its_roster(terminal: ProtocolTerminal) -> None:
    beat(terminal, f"5:{'a' * 64}")
    reply = beat(terminal, f"5:{'b' * 64}", wants={"challenges": 3, "roster": None}).json()
    assert reply["audit_rewound"]
    assert (reply["given"]["challenges"], reply["given"]["challenges_code"]) == ([], "audit.rewound")
    assert reply["given"]["roster"]["token"]
