"""A person has at most one open credential: it is opened, renewed, or given a new password."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from central.codes import Code
from central.credentials import lifecycle
from central.protocol.messages import Purpose
from central.security.personal_data import PersonalData
from central.storage.database import Database, migrate
from central.storage.tables import Activation, Credential
from central.storage.tables import Terminal as TerminalRow
from tests.central.test_credentials import revoke
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, person, verdicts, visit_number

CHANGES = ["renew", "new_password", "new_phone", "end"]
"""What needs an open credential."""


def wish(terminal: ProtocolTerminal, who: dict[str, Any], purpose: str, **other: Any) -> dict[str, Any]:
    """Return a good request with its purpose inside and outside, and no more data than that needs."""
    visit = visit_number()
    needed = {key: value for key, value in who.items() if key not in _spared(Purpose(purpose))}
    sealed = terminal.seal(needed | {"purpose": purpose}, visit)
    checks = verdicts() if Purpose(purpose).has_phone else verdicts(phone=None)
    return terminal.activation(id=visit, sealed=sealed, purpose=purpose, verdicts=checks) | other


def _spared(purpose: Purpose) -> set[str]:
    given = {"password": purpose.has_password, "phone": purpose.has_phone}
    return {field for field, needed in given.items() if not needed}


def opened(terminal: ProtocolTerminal, who: dict[str, Any]) -> dict[str, Any]:
    receipt = terminal.activate(terminal.activation(who)).json()
    assert receipt["status"] == "ACTIVATED", receipt
    return dict(receipt)


def open_ones(central: RunningCentral, serials: set[str]) -> int:
    database = central.open_database()
    alive = select(func.count()).where(Credential.revoked_unix.is_(None), Credential.serial.in_(serials))
    with database.read() as session:
        found = session.scalar(alive) or 0
    database.close()
    return found


def test_renewal_ends_the_old_credential(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    who = person()
    old = opened(terminal, who)
    body = json.dumps(wish(terminal, who | {"password": "73519264"}, "renew")).encode()
    new = terminal.activate(body).json()
    assert (new["status"], new["code"]) == ("ACTIVATED", "ok")
    assert new["credential"] != old["credential"]
    assert open_ones(central, {old["credential"], new["credential"]}) == 1
    assert terminal.activate(body).json() == new
    assert terminal.look_up(old["id"]).json() == old  # what was said stays said
    assert "代替" in central.get(f"/look-up/{old['id']}")
    assert "网证已换新" in central.get(f"/look-up/{new['id']}")
    assert revoke(terminal, new["credential"], new["id"], who["password"]).status_code == 403
    assert revoke(terminal, new["credential"], new["id"], "73519264").status_code == 200
    assert "已注销" in central.get(f"/look-up/{new['id']}")


@pytest.mark.parametrize("slip", ["old", "new"])
def test_a_new_password_keeps_the_serial(
    central: RunningCentral, terminal: ProtocolTerminal, slip: str
) -> None:
    """The serial stays; either slip and the new password end it."""
    who = person()
    old = opened(terminal, who)
    for _ in range(5):  # the door that wrong guesses closed opens for the owner
        revoke(terminal, old["credential"], old["id"], "00000000")
    body = json.dumps(wish(terminal, who | {"password": "73519264"}, "new_password")).encode()
    new = terminal.activate(body).json()
    assert (new["status"], new["credential"]) == ("ACTIVATED", old["credential"])
    assert terminal.activate(body).json() == new
    assert "密码已重设" in central.get(f"/look-up/{new['id']}")
    assert "网证已开通" in central.get(f"/look-up/{old['id']}")
    number = {"old": old, "new": new}[slip]["id"]
    assert revoke(terminal, old["credential"], number, who["password"]).status_code == 403
    assert revoke(terminal, old["credential"], number, "73519264").status_code == 200


@pytest.mark.parametrize("purpose", CHANGES)
def test_without_an_open_credential_there_is_nothing_to_change(
    terminal: ProtocolTerminal, purpose: str
) -> None:
    receipt = terminal.activate(wish(terminal, person(), purpose)).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "person.not_open")
    assert receipt["credential"] is None


@pytest.mark.parametrize("purpose", CHANGES)
def test_every_purpose_needs_the_same_checks(
    central: RunningCentral, terminal: ProtocolTerminal, purpose: str
) -> None:
    who = person()
    old = opened(terminal, who)
    checks = {"card", "phone", "face", "liveness", "digits", "lips", "continuity"} - _spared(Purpose(purpose))
    for check in sorted(checks):
        lacking = wish(terminal, who, purpose, verdicts=verdicts(**{check: None}))
        assert terminal.activate(lacking).json()["code"] == "evidence.incomplete", check
    assert terminal.activate(wish(terminal, who, purpose, challenge="none")).json()["status"] == "REFUSED"
    stranger = wish(terminal, person(), purpose)
    assert terminal.activate(stranger).json()["code"] == "person.not_open"
    assert revoke(terminal, old["credential"], old["id"], who["password"]).status_code == 200


@pytest.mark.parametrize("outside", ["open", "renew", "new_password"])
def test_the_purpose_must_be_equal_outside_and_inside(terminal: ProtocolTerminal, outside: str) -> None:
    who = person()
    opened(terminal, who)
    for inside in {"open", "renew", "new_password"} - {outside}:
        request = wish(terminal, who, inside) | {"purpose": outside}
        assert terminal.activate(request).json()["code"] == "evidence.refused"


@pytest.mark.parametrize("purpose", CHANGES)
def test_an_older_late_request_changes_nothing(terminal: ProtocolTerminal, purpose: str) -> None:
    who = person()
    opened(terminal, who)
    late = wish(terminal, who | {"password": "11112222"}, purpose)
    newer = terminal.activate(wish(terminal, who | {"password": "73519264"}, "renew")).json()
    assert newer["status"] == "ACTIVATED"
    assert terminal.activate(late).json()["code"] == "person.already_open"
    assert revoke(terminal, newer["credential"], newer["id"], "73519264").status_code == 200


def test_concurrent_renewals_leave_one_open_credential(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    who = person()
    serials = {opened(terminal, who)["credential"]}
    bodies = [wish(terminal, who, purpose) for purpose in ["renew", "open", "new_password"] * 3]
    with ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(lambda body: terminal.alone().activate(body).json(), bodies))
    assert {a["code"] for a in answers} <= {"ok", "person.already_open"}
    assert any(a["code"] == "ok" for a in answers)
    serials |= {a["credential"] for a in answers if a["credential"]}
    assert open_ones(central, serials) == 1


STEPS = st.lists(
    st.tuples(st.sampled_from([*Purpose, "revoke"]), st.integers(0, 3), st.sampled_from("AB")), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_person_never_has_two_open_credentials(steps: list[tuple[Any, int, str]]) -> None:
    """After any sequence of requests at most one is open, and each answer equals the model's."""
    personal_data = PersonalData(b"v" * 32)
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'test.sqlite3'}")
        migrate(database.engine)
        with database.write() as session:
            session.add(TerminalRow(id="T"))
        model: dict[str, tuple[str, float]] = {}  # person → serial and time of the open one
        ended: dict[str, float] = {}  # person → when the last end was asked for
        for index, (step, asked, name) in enumerate(steps):
            _take_step(database, personal_data, (model, ended), index, step, float(asked), name)
            with database.read() as session:
                count = select(func.count()).where(Credential.revoked_unix.is_(None))
                live = session.execute(count.add_columns(Credential.person).group_by(Credential.person)).all()
            assert all(n == 1 for n, _ in live)
            assert len(live) == len(model)
        database.close()


def _take_step(
    database: Database,
    personal_data: PersonalData,
    models: tuple[dict[str, tuple[str, float]], dict[str, float]],
    index: int,
    step: Any,
    asked: float,
    name: str,
) -> None:
    model, ended = models
    with database.write() as session:
        if step == "revoke":
            if name in model:
                session.get_one(Credential, model.pop(name)[0]).revoked_unix = 1.0
            return
        visit = f"V{index}"
        session.add(Activation(id=visit, terminal="T", body_sha256="", evidence="{}", received_unix=0.0))
        session.flush()
        new = _prepared(personal_data, visit, asked, name)
        code, serial = lifecycle.carry_out(session, step, new, personal_data, 1.0)
    late = ended.get(name, -1.0) >= asked
    assert code is (Code.PERSON_ENDED if late else _expected(model.get(name), step, asked))
    if step in (Purpose.END, Purpose.ERASE) and not late:
        ended[name] = asked
        if code is Code.OK and name in model and asked >= model[name][1]:
            assert serial == model.pop(name)[0]
        return
    assert (serial is not None) == (code is Code.OK)
    if serial is not None:
        kept = step in (Purpose.NEW_PASSWORD, Purpose.NEW_PHONE)
        assert (serial == model.get(name, ("", 0))[0]) == kept
        model[name] = (serial, asked)


def _prepared(personal_data: PersonalData, visit: str, asked: float, name: str) -> Credential:
    """Return a credential as `lifecycle.prepare` does, without the slow hash."""
    serial = lifecycle.new_serial()
    return Credential(
        serial=serial,
        activation=visit,
        person=personal_data.person(name),
        phone=personal_data.encrypt("1", serial),
        password=visit,
        simulated=True,
        asked_unix=asked,
    )


def _expected(had: tuple[str, float] | None, purpose: Purpose, asked: float) -> Code:
    if purpose is Purpose.OPEN:
        return Code.OK if had is None else Code.PERSON_ALREADY_OPEN
    if purpose is Purpose.ERASE:
        return Code.OK
    if had is None:
        return Code.PERSON_NOT_OPEN
    return Code.OK if asked >= had[1] else Code.PERSON_ALREADY_OPEN
