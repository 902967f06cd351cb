"""Tables as the migrations make them, on SQLite and, where TEST_DATABASE_URL names one, on PostgreSQL."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from central.activation.recheck import delete_expired
from central.privacy.retention import erase
from central.security.personal_data import PersonalData
from central.settings import Retention
from central.storage.database import Database, migrate
from central.storage.tables import Activation, Base, Challenge, Credential, SeenToken, Terminal


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'test.sqlite3'}"
    if request.param == "postgresql":
        url = os.environ.get("TEST_DATABASE_URL", "")
        if not url:
            pytest.skip("TEST_DATABASE_URL names no PostgreSQL database")
    database = Database(url)
    yield database
    migrate(database.engine, "base")
    database.close()


def test_migrations_run_up_and_down(database: Database) -> None:
    for _ in range(2):
        migrate(database.engine)
        migrate(database.engine)  # nothing to do is no fault
        assert {"activations", "credentials"} <= set(inspect(database.engine).get_table_names())
        migrate(database.engine, "base")
        assert set(inspect(database.engine).get_table_names()) == {"alembic_version"}


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    migrate(database.engine)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_sqlite_is_set_to_durable_commits(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    with database.engine.connect() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    database.close()


def _credential(serial: str, activation: str, person: str) -> Credential:
    return Credential(
        serial=serial,
        activation=activation,
        person=person,
        phone=b"",
        password="",
        simulated=True,
        opened_unix=0.0,
    )


def _activation(visit: str) -> Activation:
    return Activation(id=visit, terminal="T", body_sha256="", evidence="{}", received_unix=0.0)


def test_constraints_allow_one_open_credential_a_person(database: Database) -> None:
    migrate(database.engine)
    with database.write() as session:
        session.add(Terminal(id="T"))
        session.flush()
        session.add_all([_activation("A"), _activation("B")])
        session.flush()
        session.add(_credential("1", "A", "p"))
    for serial, visit, person in (("2", "A", "q"), ("3", "B", "p")):
        with pytest.raises(IntegrityError), database.write() as session:
            session.add(_credential(serial, visit, person))
    with database.write() as session:
        session.get_one(Credential, "1").revoked_unix = 1.0
    with database.write() as session:  # ended credentials do not conflict
        session.add(_credential("4", "B", "p"))


def test_an_older_database_keeps_its_receipts(database: Database) -> None:
    """Which credential a visit opened stood only with the credential before."""
    migrate(database.engine, "0003")
    with database.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO terminals (id, district, place, kind, state) VALUES ('T', '', '', '', '')")
        )
        for visit in "AB":
            connection.execute(
                text(
                    "INSERT INTO activations (id, terminal, body_sha256, evidence, received_unix, status,"
                    " code, at_unix, absent, lease_unix)"
                    " VALUES (:visit, 'T', '', '{}', 0, 'ACTIVATED', 'ok', 0, 0, 0)"
                ),
                {"visit": visit},
            )
        connection.execute(
            text(
                "INSERT INTO credentials (serial, activation, person, phone, password, simulated,"
                " opened_unix, tries, closed_until_unix)"
                " VALUES ('1', 'A', 'p', :phone, '', :simulated, 0, 0, 0)"
            ),
            {"phone": b"", "simulated": True},
        )
    migrate(database.engine)
    with database.read() as session:
        credentials = {row.id: row.credential for row in session.query(Activation)}
        assert credentials == {"A": "1", "B": None}
        assert session.get_one(Credential, "1").asked_unix == 0.0


def test_only_expired_rows_are_deleted(database: Database) -> None:
    migrate(database.engine)
    now, day = 1e9, 86400.0
    with database.write() as session:
        session.add(Terminal(id="T"))
        session.flush()
        for name, expires, used in (
            ("old", now - 91 * day, None),
            ("spent", now - 91 * day, "A"),
            ("late", now - 8 * day, None),
            ("fresh", now + day, None),
        ):
            session.add(Challenge(id=name, terminal="T", issued_unix=0, expires_unix=expires, used_by=used))
        session.add_all(SeenToken(terminal="T", jti=str(at), expires_unix=now + at) for at in (-1, 1))
    delete_expired(database, now)
    erase(database, Ed25519PrivateKey.generate(), Retention(), now)
    with database.read() as session:
        assert {row.id for row in session.query(Challenge)} == {"late", "fresh"}
        assert [row.jti for row in session.query(SeenToken)] == ["1"]


def test_a_database_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "test.sqlite3"
    database = Database(f"sqlite:///{path}")
    migrate(database.engine)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Exception, match="9999"):
        migrate(database.engine)
    database.close()


def test_personal_data_is_hashed_and_encrypted() -> None:
    personal_data, other = PersonalData(b"a" * 32), PersonalData(b"b" * 32)
    assert personal_data.person("99000119900101001x") == personal_data.person("99000119900101001X")
    assert personal_data.person("990001199001010013") != other.person("990001199001010013")
    stored = personal_data.hash_password("20486173")
    assert personal_data.password_agrees("20486173", stored)
    assert not personal_data.password_agrees("20486174", stored)
    assert not other.password_agrees("20486173", stored)
    sealed = personal_data.encrypt("13900000000", "serial")
    assert personal_data.decrypt(sealed, "serial") == "13900000000"
    for wrong, bound in ((personal_data, "another"), (other, "serial")):
        with pytest.raises(ValueError, match="open"):
            wrong.decrypt(sealed, bound)
