"""References: the kept picture or the register's photo, and until when a picture is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from central.activation.authority import ask_reference
from central.activation.simulated_authority import SimulatedAuthority
from central.authentication.references import References
from central.codes import Code
from central.credentials import lifecycle, reference_pictures
from central.exceptions import Problem
from central.protocol.messages import Purpose
from central.security.personal_data import PersonalData
from central.settings import Evidence
from central.storage.database import Database
from central.storage.tables import Activation, Credential, Terminal
from central.storage.verification_tables import ReferencePicture
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import person

NUMBER = "449999195001010019"
PICTURE = b"\xff\xd8 a picture of somebody \xff\xd9"
PROTECTION = PersonalData(bytes(32))
PERSON = PROTECTION.person(NUMBER)
NOW = 2e9


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def credential(visit: str, asked: float = NOW - 10) -> Credential:
    return Credential(
        serial=f"S-{visit}",
        activation=visit,
        person=PERSON,
        phone=PROTECTION.encrypt("13800000000", f"S-{visit}"),
        password=PROTECTION.passwords.stored_form("19283746"),
        simulated=True,
        asked_unix=asked,
    )


def open_with_picture(database: Database) -> None:
    with database.write() as session:
        session.add(Terminal(id="T"))
        session.flush()
        for visit in ("V1", "V2", "V3"):
            session.add(
                Activation(
                    id=visit, terminal="T", body_sha256="0" * 64, evidence="", received_unix=NOW,
                    status="ACTIVATED", at_unix=NOW, credential="S-V1",
                )
            )  # fmt: skip
        session.flush()
        lifecycle.carry_out(session, Purpose.OPEN, credential("V1"), PROTECTION, NOW)
        reference_pictures.keep(
            session,
            PROTECTION,
            person=PERSON,
            credential="S-V1",
            picture=PICTURE,
            consent_sha256="c" * 64,
            now=NOW,
        )


def kept(database: Database) -> bytes | None:
    with database.read() as session:
        return reference_pictures.find(session, PROTECTION, PERSON)


def test_a_picture_is_kept_encrypted_and_bound_to_its_person(database: Database) -> None:
    open_with_picture(database)
    assert kept(database) == PICTURE
    with database.write() as session:
        row = session.get_one(ReferencePicture, PERSON)
        assert PICTURE[2:20] not in row.picture
        session.add(
            ReferencePicture(
                person="f" * 64, credential="S", picture=row.picture, consent_sha256="c", kept_unix=NOW
            )
        )
        session.flush()
        with pytest.raises(ValueError, match="does not open"):
            reference_pictures.find(session, PROTECTION, "f" * 64)
        assert reference_pictures.kept_since(session, PERSON) == NOW


def test_a_picture_is_erased_on_demand(database: Database) -> None:
    open_with_picture(database)
    with database.write() as session:
        assert reference_pictures.forget(session, PERSON)
        assert not reference_pictures.forget(session, PERSON)
    assert kept(database) is None


@pytest.mark.parametrize("purpose", [Purpose.END, Purpose.ERASE, Purpose.RENEW])
def test_a_picture_ends_with_its_credential(database: Database, purpose: Purpose) -> None:
    open_with_picture(database)
    with database.write() as session:
        code, _ = lifecycle.carry_out(session, purpose, credential("V2", NOW), PROTECTION, NOW + 1)
    assert code is Code.OK
    assert kept(database) is None


@pytest.mark.parametrize("purpose", [Purpose.NEW_PHONE, Purpose.NEW_PASSWORD])
def test_a_picture_stays_with_a_credential_that_is_changed(database: Database, purpose: Purpose) -> None:
    open_with_picture(database)
    with database.write() as session:
        lifecycle.carry_out(session, purpose, credential("V2", NOW), PROTECTION, NOW + 1)
    assert kept(database) == PICTURE


def test_a_picture_stays_if_an_older_request_comes_late(database: Database) -> None:
    open_with_picture(database)
    with database.write() as session:
        code, _ = lifecycle.carry_out(session, Purpose.END, credential("V2", NOW - 99), PROTECTION, NOW + 1)
    assert code is Code.PERSON_ALREADY_OPEN
    assert kept(database) == PICTURE


def test_a_picture_ends_when_its_owner_ends_the_credential_online(database: Database) -> None:
    open_with_picture(database)
    lifecycle.revoke(database, PROTECTION, "S-V1", "V1", "19283746", NOW + 1)
    assert kept(database) is None


def register(folder: Path, **person: object) -> SimulatedAuthority:
    people = {"people": [{"number": NUMBER, "name": "测试"} | person]}
    (folder / "people.json").write_text(json.dumps(people), encoding="utf-8")
    return SimulatedAuthority(folder / "people.json")


def test_the_kept_picture_comes_before_the_registers_photo(database: Database, tmp_path: Path) -> None:
    photo = base64.b64encode(b"\xff\xd8 photo").decode()
    authority = register(tmp_path, photo=photo)
    references = References(database, PROTECTION, lambda *who: ask_reference(authority, *who))
    assert references.find("测试", NUMBER) == b"\xff\xd8 photo"
    assert references.find("别人", NUMBER) is None
    assert references.find("测试", "449999195001010035") is None
    open_with_picture(database)
    assert references.find("测试", NUMBER) == PICTURE


def test_a_register_without_a_photo_gives_none(tmp_path: Path) -> None:
    assert ask_reference(register(tmp_path), "测试", NUMBER) is None


def test_a_silent_register_is_no_missing_photo(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        ask_reference(register(tmp_path, unavailable_for_s=60), "测试", NUMBER)
    assert (refused.value.status, refused.value.code) == (503, Code.AUTHORITY_UNAVAILABLE)


# ── over the wire ────────────────────────────────────────────────────────────────────────────────

JPEG = b"\xff\xd8\xff\xe0 a picture of somebody \xff\xd9"
AGREED = {"language": "zh-Hans", "text_sha256": "ab" * 32}
OF_REQUEST = {"picture": base64.b64encode(JPEG).decode(), "consent": AGREED}


@pytest.fixture
def central(tmp_path: Path, database_url: str) -> Iterator[InProcessCentral]:
    known = Evidence(more_consents={"kept_picture": frozenset({AGREED["text_sha256"]})})
    central = InProcessCentral(tmp_path, database_url=database_url, evidence=known)
    yield central
    central.close()


@pytest.fixture
def terminal(central: InProcessCentral) -> InProcessTerminal:
    return InProcessTerminal(central, "GZ-0001")


def kept_of(central: InProcessCentral, who: dict[str, Any]) -> bytes | None:
    protection = central.service.personal_data
    with central.service.database.read() as session:
        return reference_pictures.find(session, protection, protection.person(who["number"]))


def test_a_picture_that_was_agreed_to_is_kept_with_the_credential(
    central: InProcessCentral, terminal: InProcessTerminal
) -> None:
    who = person(reference=OF_REQUEST)
    request = terminal.activation(who, reference=AGREED)
    receipt = terminal.activate(request).json()
    assert receipt["status"] == "ACTIVATED"
    assert terminal.activate(request).json() == receipt
    assert kept_of(central, who) == JPEG
    assert central.service.references.find(who["name"], who["number"]) == JPEG
    with central.service.database.read() as session:
        row = session.get_one(ReferencePicture, central.service.personal_data.person(who["number"]))
        assert (row.credential, row.consent_sha256) == (receipt["credential"], AGREED["text_sha256"])
    renewal = terminal.activation(who | {"purpose": "renew"}, reference=AGREED, purpose="renew")
    serial = terminal.activate(renewal).json()["credential"]
    with central.service.database.read() as session:
        row = session.get_one(ReferencePicture, central.service.personal_data.person(who["number"]))
        assert row.credential == serial != receipt["credential"]
    without = {key: value for key, value in who.items() if key not in ("reference", "phone", "password")}
    erasing = terminal.activation(without | {"purpose": "erase"}, purpose="erase")
    assert terminal.activate(erasing).json()["status"] == "ACTIVATED"
    assert kept_of(central, who) is None


@pytest.mark.parametrize(
    ("inside", "outside", "purpose", "code"),
    [
        (OF_REQUEST, None, "open", "evidence.refused"),
        (OF_REQUEST, {**AGREED, "language": "en"}, "open", "evidence.refused"),
        (OF_REQUEST, {**AGREED, "text_sha256": "cd" * 32}, "open", "consent.unknown"),
        (OF_REQUEST, AGREED, "new_password", "consent.unknown"),
        ({**OF_REQUEST, "picture": "AAAA"}, AGREED, "open", "evidence.unsealable"),
        ({**OF_REQUEST, "picture": "/9j/AAA"}, AGREED, "open", "evidence.unsealable"),
        ({**OF_REQUEST, "picture": "/9j/" + "A" * 174_772}, AGREED, "open", "evidence.unsealable"),
    ],
)
def test_a_picture_without_its_consent_is_refused_and_not_kept(
    central: InProcessCentral,
    terminal: InProcessTerminal,
    inside: dict[str, Any],
    outside: dict[str, Any] | None,
    purpose: str,
    code: str,
) -> None:
    who = person(reference=inside, purpose=purpose)
    receipt = terminal.activate(terminal.activation(who, reference=outside, purpose=purpose)).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", code)
    assert kept_of(central, who) is None


def test_no_picture_is_kept_of_a_request_that_is_refused(
    central: InProcessCentral, terminal: InProcessTerminal
) -> None:
    who = person()
    assert terminal.activate(terminal.activation(who)).json()["status"] == "ACTIVATED"
    second = terminal.activation(who | {"reference": OF_REQUEST}, reference=AGREED)
    assert terminal.activate(second).json()["code"] == "person.already_open"
    assert kept_of(central, who) is None


def test_a_picture_waits_with_its_request_for_the_register(
    central: InProcessCentral, terminal: InProcessTerminal
) -> None:
    who = person(reference=OF_REQUEST)
    silent = {"people": [{"number": who["number"], "unavailable_for_s": 1e6}]}
    assert central.client.request("PUT", "/simulation/people", json=silent).status_code < 300
    receipt = terminal.activate(terminal.activation(who, reference=AGREED)).json()
    assert receipt["status"] == "PENDING"
    assert kept_of(central, who) is None
    assert central.client.request("PUT", "/simulation/people", json={"people": []}).status_code < 300
    with central.service.database.write() as session:
        session.get_one(Activation, receipt["id"]).recheck_unix = 0.0
    for claim in central.service.activations.claim_due(10):
        central.service.activations.resume(claim)
    assert terminal.look_up(receipt["id"]).json()["status"] == "ACTIVATED"
    assert kept_of(central, who) == JPEG
    with central.service.database.read() as session:
        assert session.get_one(Activation, receipt["id"]).sealed is None
