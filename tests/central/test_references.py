"""References: the kept picture or the register's photo, and until when a picture is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.activation.authority import ask_reference
from central.activation.simulated_authority import SimulatedAuthority
from central.authentication.references import References
from central.codes import Code
from central.credentials import lifecycle, reference_pictures
from central.exceptions import Problem
from central.protocol.messages import Purpose
from central.security.personal_data import PersonalData
from central.storage.database import Database
from central.storage.tables import Activation, Credential, Terminal
from central.storage.verification_tables import ReferencePicture

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
