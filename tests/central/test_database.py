"""Tables as the migrations make them, on SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from central.api.exception_handlers import log_bug
from central.codes import Code
from central.fleet import clerks
from central.privacy.maintenance import delete_expired
from central.privacy.retention import erase
from central.security.personal_data import PersonalData
from central.settings import Retention
from central.storage.database import Database, SchemaError, check_schema, create_tables, migrate
from central.storage.tables import Activation, Base, Challenge, Credential, SeenToken, Terminal


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        where: AbstractContextManager[str] = nullcontext(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    else:
        where = request.getfixturevalue("postgresql").fresh(migrated=False)
    with where as url, closing(Database(url)) as database:
        yield database
        migrate(database.engine, "base")


def test_migrations_run_up_and_down(database: Database) -> None:
    for _ in range(2):
        migrate(database.engine)
        migrate(database.engine)  # nothing to do is no fault
        assert {"activations", "credentials"} <= set(inspect(database.engine).get_table_names())
        migrate(database.engine, "base")
        assert set(inspect(database.engine).get_table_names()) == {"alembic_version"}


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    migrate(database.engine)
    ours = {"include_name": lambda name, kind, _: kind != "table" or name in Base.metadata.tables}
    with database.engine.connect() as connection:  # PostgreSQL lists parts of tables beside them
        parts = {name for name in inspect(connection).get_table_names() if name.startswith("seen_tokens_")}
        others = set(inspect(connection).get_table_names()) - parts - {"alembic_version"}
        assert others == set(Base.metadata.tables)
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), Base.metadata) == []


def test_sqlite_is_set_to_durable_commits(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    with database.engine.connect() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    database.close()


@pytest.mark.parametrize("module", ["central.storage.database", "permit.storage.database"])
def test_a_file_that_another_program_is_making_is_opened_again(module: str) -> None:
    """SQLite refuses one of two that make it at once, and does not wait for its `busy_timeout`."""
    asked: list[str] = []

    class Connection:
        isolation_level = ""

        def execute(self, statement: str) -> None:
            asked.append(statement)
            if len(asked) < 3:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error

    import_module(module)._prepare_sqlite(Connection(), None)
    assert asked[:3] == ["PRAGMA journal_mode=WAL"] * 3
    assert "PRAGMA synchronous=FULL" in asked[3:]


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


def test_clerks_of_an_older_database_stay_and_need_a_pin(database: Database) -> None:
    migrate(database.engine, "0008")
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO clerks (number, role, pin, added_unix, unlocked_unix)"
                " VALUES ('100001', 'clerk', '$argon2id$', 0, 0)"
            )
        )
    migrate(database.engine)
    with database.write() as session:
        (before,) = clerks.list_all(session)
        clerks.reset_pin(session, "100001", 1.0)
        (after,) = clerks.list_all(session)
    assert (before.number, before.state, after.state) == ("100001", "no PIN", "active")
    migrate(database.engine, "0008")


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


def test_personal_data_is_hashed_and_encrypted() -> None:
    personal_data, other = PersonalData(b"a" * 32), PersonalData(b"b" * 32)
    assert personal_data.person("99000119900101001x") == personal_data.person("99000119900101001X")
    assert personal_data.person("990001199001010013") != other.person("990001199001010013")
    sealed = personal_data.encrypt("13900000000", "serial")
    assert personal_data.decrypt(sealed, "serial") == "13900000000"
    for wrong, bound in ((personal_data, "another"), (other, "serial")):
        with pytest.raises(ValueError, match="open"):
            wrong.decrypt(sealed, bound)


@pytest.mark.parametrize(
    ("prepare", "status", "code"),
    [
        ("BEGIN EXCLUSIVE", 503, Code.CENTRAL_BUSY),
        ("", 503, Code.CENTRAL_FAULT),
    ],
)
def test_a_database_that_is_held_or_read_only_is_no_fault_of_the_program(
    tmp_path: Path, prepare: str, status: int, code: Code
) -> None:
    file = tmp_path / "central.sqlite3"
    database = Database(f"sqlite:///{file}")
    migrate(database.engine)
    event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=10"))
    if not prepare:
        event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only=ON"))
    database.close()  # the next connections are so prepared
    other = sqlite3.connect(file, isolation_level=None)
    other.execute(prepare or "SELECT 1").fetchall()
    with pytest.raises(DBAPIError) as raised, database.write() as session:
        session.add(Terminal(id="GZ-009", state="expected"))
    other.close()
    problem = log_bug(raised.value)
    assert (problem.status, problem.code) == (status, code)
    assert problem.retry_after_s
    database.close()


def test_any_other_error_of_the_database_stays_a_fault(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'none.sqlite3'}")
    with pytest.raises(DBAPIError) as raised, database.write() as session:
        session.add(Terminal(id="GZ-009", state="expected"))
    assert log_bug(raised.value).status == 500
    database.close()


def test_tables_of_another_release_are_refused_until_they_are_migrated(database: Database) -> None:
    with pytest.raises(SchemaError, match="central init"):
        check_schema(database.engine)
    migrate(database.engine, "0012")
    for refuses in (check_schema, create_tables):
        with pytest.raises(SchemaError, match=r"earlier release .0012.: run `central migrate`"):
            refuses(database.engine)
    migrate(database.engine)
    check_schema(database.engine)
    with database.write() as session:
        head = session.scalar(text("SELECT version_num FROM alembic_version"))
    for found, refusing in (
        ("9999", [migrate]),  # only adds: a program of this release that must be started again may be
        ("9999-since-0014", [migrate]),
        ("9999-since-9998", [check_schema, create_tables, migrate]),
        ("of_another_program", [check_schema, create_tables, migrate]),
    ):
        with database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})
        for step in (check_schema, create_tables, migrate):
            if step not in refusing:
                step(database.engine)
                continue
            with pytest.raises(SchemaError, match=f"later release .{found}."):
                step(database.engine)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})


def test_an_empty_database_gets_its_tables_once(database: Database) -> None:
    """As when several machines start for the first time."""
    url = database.engine.url.render_as_string(hide_password=False)
    others = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(create_tables, other.engine) for other in others]:
            done.result()
    for other in others:
        other.close()
    check_schema(database.engine)
