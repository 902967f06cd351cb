"""Busy is not broken, and read-only is neither: each part that writes to the disk tells them apart."""

import errno
import fcntl
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.activation import outbox_retention
from kiosk.activation.database import BUSY_WAIT_S, Database
from kiosk.activation.outbox import Outbox
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.errors import KioskError, OutboxError
from kiosk.readiness import disk_code
from kiosk.staff.lockout import Lockout
from kiosk.storage_faults import is_read_only, storage_code


def code_of(work: Callable[[], object]) -> Code:
    try:
        work()
    except KioskError as error:
        return error.code
    return Code.OK


@contextmanager
def held(path: Path, *statements: str) -> Iterator[None]:
    """Let another program hold the database, as a backup does."""
    other = sqlite3.connect(path, isolation_level=None)
    for statement in statements or ("BEGIN EXCLUSIVE",):
        other.execute(statement).fetchall()
    try:
        yield
    finally:
        other.close()


# ── busy ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_database_that_a_backup_holds_is_busy_and_works_afterwards(tmp_path: Path):
    file = tmp_path / "o.sqlite3"
    outbox = Outbox(Database(file, busy_wait_s=0.01))
    with held(file):
        assert code_of(lambda: outbox.put("A", b"x", at=1.0)) is Code.STORAGE_BUSY
        assert code_of(lambda: outbox.probe(1.0)) is Code.STORAGE_BUSY
    outbox.put("A", b"x", at=1.0)
    assert [entry.id for entry in outbox.list()] == ["A"]


def test_one_that_is_held_at_the_start_is_busy_too(tmp_path: Path):
    file = tmp_path / "o.sqlite3"
    Database(file).close()
    with held(file, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"):
        assert code_of(lambda: Database(file, busy_wait_s=0.01)) is Code.STORAGE_BUSY
    assert code_of(lambda: Database(file)) is Code.OK


def test_a_backup_of_eight_seconds_is_waited_for():
    assert BUSY_WAIT_S > 8


def test_a_log_that_another_program_holds_keeps_its_record_for_later(tmp_path: Path):
    log = AuditLog(tmp_path / "audit" / "audit.log", lock_wait_s=0.01)
    assert log.append(RecordKind.SERVICE_IN)
    with log.path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not log.append(RecordKind.SERVICE_OUT)
        assert log.fault is Code.STORAGE_BUSY
        assert code_of(lambda: log.head) is Code.STORAGE_BUSY
    assert log.flush()
    assert (log.fault, log.head.seq) == (Code.OK, 2)


# ── read-only ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "x", mount]).returncode:
        pytest.skip("no small disk can be mounted here")
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


def test_a_file_system_that_turns_read_only_is_told_by_every_part(small_disk: Path):
    file = small_disk / "o.sqlite3"
    database, log = Database(file), AuditLog(small_disk / "audit" / "audit.log")
    outbox = Outbox(database)
    locks = Lockout(small_disk / "staff" / "locks.json", tries=3, lock_s=60.0)
    outbox.put("A", b"x", at=1.0)
    log.append(RecordKind.SERVICE_IN)
    assert disk_code(small_disk, 1) is Code.OK
    database.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert disk_code(small_disk, 1) is Code.STORAGE_READ_ONLY
    assert code_of(lambda: Database(file)) is Code.STORAGE_READ_ONLY
    assert not log.append(RecordKind.SERVICE_OUT)
    assert log.fault is Code.STORAGE_READ_ONLY
    assert code_of(lambda: locks.count_failure("7001", 1.0)) is Code.STORAGE_READ_ONLY
    assert code_of(lambda: outbox_retention.erase_challenges(file, 1.0)) is Code.STORAGE_READ_ONLY
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert code_of(lambda: Database(file)) is Code.OK
    assert log.flush()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_may_not_be_written_is_no_damage(tmp_path: Path, monkeypatch, number: int):
    real = os.open

    def refuse(path, flags, *rest, **more):
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(number, os.strerror(number))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    log = AuditLog(tmp_path / "audit" / "audit.log")
    assert code_of(lambda: Database(tmp_path / "o.sqlite3")) is Code.STORAGE_READ_ONLY
    assert not log.append(RecordKind.SERVICE_IN)
    assert log.fault is Code.STORAGE_READ_ONLY
    locks = Lockout(tmp_path / "staff" / "locks.json", tries=3, lock_s=60.0)
    assert code_of(lambda: locks.count_failure("7001", 1.0)) is Code.STORAGE_READ_ONLY


@pytest.mark.parametrize("name", ["", "audit", "staff", "visits"])
def test_one_folder_that_became_another_users_is_noticed(tmp_path: Path, monkeypatch, name: str):
    for folder in ("audit", "staff", "visits"):
        (tmp_path / folder).mkdir()
    assert disk_code(tmp_path, 0) is Code.OK
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / name)
    assert disk_code(tmp_path, 0) is Code.STORAGE_READ_ONLY


def test_what_is_neither_keeps_its_name(tmp_path: Path):
    assert storage_code(OSError(errno.EIO, "x"), Code.OUTBOX_DAMAGED) is Code.OUTBOX_DAMAGED
    assert storage_code(ValueError("x"), Code.STAFF_UNKEPT) is Code.STAFF_UNKEPT
    assert not is_read_only(tmp_path / "missing")


def test_a_database_that_is_opened_for_reading_only_says_so(tmp_path: Path):
    file = tmp_path / "o.sqlite3"
    database = Database(file, busy_wait_s=0.01)
    database._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(OutboxError) as raised:
        Outbox(database).put("A", b"x", at=1.0)
    assert raised.value.code is Code.STORAGE_READ_ONLY
