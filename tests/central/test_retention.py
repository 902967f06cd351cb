"""Central erases what is due every day; its signed receipts cannot be altered or removed."""

import json
import time
from pathlib import Path
from urllib.error import HTTPError

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.__main__ import main
from central.api.routes import look_up
from central.privacy import retention
from central.security import keys
from central.settings import Retention
from central.storage.database import Database
from central.storage.tables import Activation, Challenge, Credential, Terminal
from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal, person

DAY = 86_400.0
NOW = 2e9
KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def database(database_url: str):
    database = Database(database_url)
    yield database
    database.close()


def activation(id: str, status: str, at: float, **other) -> Activation:
    defaults = {
        "terminal": "T",
        "body_sha256": "0" * 64,
        "evidence": f"measures of {id}",
        "received_unix": at,
    }
    return Activation(id=id, status=status, at_unix=at, **(defaults | other))


def credential(serial: str, revoked: float | None) -> Credential:
    personal = {"person": f"hash of {serial}", "phone": b"sealed phone", "password": "scrypt$00$00"}
    return Credential(
        serial=serial, activation=serial, simulated=True, opened_unix=1.0, revoked_unix=revoked, **personal
    )


def fill(database: Database) -> None:
    old, new = NOW - 400 * DAY, NOW - 100 * DAY
    with database.write() as session:
        session.add(Terminal(id="T"))
        session.flush()
        session.add_all(
            [
                activation("OLD", "ACTIVATED", old),
                activation("NO", "REFUSED", old),
                activation("NEW", "ACTIVATED", new),
                activation("OPEN", "PENDING", old, sealed="{}"),
                activation("HALF", "RUNNING", old, sealed="{}"),
            ]
        )
        session.flush()
        session.add_all([credential("OLD", NOW - 181 * DAY), credential("NEW", NOW - 179 * DAY)])
        session.add_all(
            Challenge(id=f"c{i}", terminal="T", issued_unix=0, expires_unix=old, used_by=used)
            for i, used in enumerate((None, "OLD", "OPEN"))
        )


def test_due_data_is_erased_and_open_requests_stay(database: Database):
    fill(database)
    done = {one.kind: one.count for one in retention.erase(database, KEY, Retention(), NOW)}
    assert done == {"evidence": 2, "ended credentials": 1, "challenges": 2}
    with database.read() as session:
        left = {row.id: row.evidence for row in session.query(Activation)}
        assert {id for id, evidence in left.items() if not evidence} == {"OLD", "NO"}
        assert len(left) == 5  # the numbers stay: each serves once, for ever
        ended = session.get(Credential, "OLD")
        assert (ended.person, ended.phone, ended.password) == ("", b"", "")
        assert session.get(Credential, "NEW").phone
        assert [row.id for row in session.query(Challenge)] == ["c2"]
    assert retention.erase(database, KEY, Retention(), NOW) == []


def test_a_request_whose_evidence_was_erased_can_still_be_looked_up(database: Database):
    fill(database)
    retention.erase(database, KEY, Retention(), NOW)
    with database.read() as session:
        state = look_up.find_state(session, "OLD")
    assert (state.status, state.code, state.way) == ("ACTIVATED", "ok", "")


def test_erased_data_is_gone_from_the_file(database: Database, tmp_path: Path):
    if database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's files keep erased rows until its vacuum")
    fill(database)
    assert b"measures of OLD" in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    retention.erase(database, KEY, Retention(), NOW)
    content = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert b"measures of OLD" not in content
    assert b"hash of OLD" not in content
    assert b"measures of OPEN" in content


def test_receipts_are_a_signed_chain(database: Database):
    fill(database)
    retention.erase(database, KEY, Retention(), NOW)
    with database.read() as session:
        tokens = retention.tokens(session)
    checked = retention.verify(tokens, KEY.public_key())
    assert [one.seq for one in checked] == [1, 2, 3]
    assert (checked[0].from_unix, checked[0].to_unix) == (NOW - 400 * DAY, NOW - 400 * DAY)
    for wrong in (tokens[1:], [tokens[0], tokens[2]], tokens[::-1], [tokens[0] + "x", *tokens[1:]]):
        with pytest.raises(retention.ReceiptsAltered):
            retention.verify(wrong, KEY.public_key())
    with pytest.raises(retention.ReceiptsAltered):
        retention.verify(tokens, Ed25519PrivateKey.generate().public_key())


def test_an_interrupted_erasure_is_rolled_back(database: Database, monkeypatch):
    fill(database)
    monkeypatch.setattr(retention.jwt, "encode", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        retention.erase(database, KEY, Retention(), NOW)
    with database.read() as session:
        assert session.get(Activation, "OLD").evidence
        assert retention.tokens(session) == []


def test_privacy_commands(tmp_path: Path, capsys):
    data = tmp_path / "data"
    assert main(["init", "--data", str(data)]) == 0
    database = Database(f"sqlite:///{data / 'central.sqlite3'}")
    fill(database)
    database.close()
    assert main(["privacy", "report", "--json", "--data", str(data)]) == 0
    out = capsys.readouterr().out
    found = {one["kind"]: one["count"] for one in json.loads(out[out.index("[") :])}
    assert (found["requests to decide"], found["evidence"], found["receipts"]) == (2, 3, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: NOW)
        assert main(["privacy", "erase", "--due", "--data", str(data)]) == 0
    assert "2 evidence" in capsys.readouterr().out
    assert main(["privacy", "receipts", "--raw", "--data", str(data)]) == 0
    raw = tmp_path / "receipts.txt"
    raw.write_text(capsys.readouterr().out)
    assert main(["privacy", "receipts", "--file", str(raw), "--data", str(data)]) == 0
    assert "3 receipts, unbroken" in capsys.readouterr().out
    raw.write_text("\n".join(raw.read_text().split()[:1] * 2))
    assert main(["privacy", "receipts", "--file", str(raw), "--data", str(data)]) == 1
    assert main(["privacy", "report", "--data", str(data)]) == 0
    assert "OLD" not in capsys.readouterr().out
    assert keys.load(data / "keys")


def test_the_server_erases_by_itself_and_an_erased_credential_stays_ended(tmp_path: Path):
    """The terms are set to a moment, so what was just ended is due at the next start."""
    quick = "[retention]\nended_days = 1e-9\nevidence_days = 1e-9\n"
    who = person()
    with running_central(tmp_path / "one") as central:
        caller = ProtocolTerminal(central)
        receipt = caller.activate(caller.activation(who)).json()
        asked = {"id": receipt["id"], "password": who["password"]}
        path = f"/v1/credentials/{receipt['credential']}/revoke"
        central.open("POST", path, asked).close()
        central.stop()
        (central.data / "central.toml").write_text(quick)
        central.start()
        assert _until(central, "SELECT count(*) FROM erasures", 2)
        with pytest.raises(HTTPError, match="403"):
            central.open("POST", path, asked)
        assert caller.look_up(receipt["id"]).json()["status"] == "ACTIVATED"


def _until(central: RunningCentral, query: str, wanted: int) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if central.rows(query) == [(wanted,)]:
            return True
        time.sleep(0.1)
    return False
