"""Keys of several servers: one that was not restarted opens with a new key; different secrets are refused."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from central import known_keys
from central.codes import Code
from central.security import keys
from central.security.keys import KeysError
from central.settings import Requests
from central.storage.database import Database
from tests.support.in_process_central import InProcessCentral, InProcessTerminal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.make(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as database:
        yield database


def age(path: Path, seconds: float) -> None:
    """Let a file be so old."""
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def test_a_new_sealing_key_opens_at_once_and_is_handed_out_later(folder: Path) -> None:
    running = keys.load(folder, 600.0).sealing
    first = running.current().key
    path = keys.rotate_sealing(folder)
    (second,) = set(keys.load(folder).sealing) - {first}
    assert running[second].public != running[first].public
    assert running.current().key == first
    age(path, 599)
    assert keys.load(folder, 600.0).sealing.current().key == first
    age(path, 2)
    restarted = keys.load(folder, 600.0).sealing
    assert restarted.current().key == second
    assert first in restarted


def test_a_new_key_of_another_suite_is_handed_out_later_too(folder: Path) -> None:
    pytest.importorskip("gmssl_pyx", reason="the extra 'sm'")
    running = keys.load(folder, 600.0).sealing
    path = keys.rotate_sealing(folder, keys.SM)
    assert running.current(keys.SM).algorithm == keys.HPKE
    age(path, 601)
    assert keys.load(folder, 600.0).sealing.current(keys.SM).algorithm == keys.SM


def test_a_new_key_that_is_damaged_stops_no_running_server(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    running = keys.load(folder).sealing
    first = running.current()
    path = keys.rotate_sealing(folder)
    path.write_bytes(b"damaged")
    assert running.current() == first
    assert path.name in caplog.text
    with pytest.raises(KeysError, match=path.name):
        keys.load(folder)


def test_a_secret_is_never_replaced_nor_half_written(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(FileExistsError):
        keys.write_secret(folder / keys.CHALLENGE, b"other")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("file", "named"), [(keys.CHALLENGE, "challenge"), (keys.PERSONAL_DATA, "personal-data")]
)
def test_a_server_with_other_secrets_is_refused(
    folder: Path, database: Database, tmp_path: Path, file: str, named: str
) -> None:
    known_keys.register(database, keys.load(folder))
    known_keys.register(database, keys.load(folder))
    keys.make(tmp_path / "other")
    for path in folder.iterdir():
        if path.name != file:
            (tmp_path / "other" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(KeysError, match=named):
        known_keys.register(database, keys.load(tmp_path / "other"))


def test_a_request_sealed_to_a_key_of_another_machine_is_not_refused_for_good(
    tmp_path: Path, database_url: str
) -> None:
    """Two machines on one database; the new key is not copied to the second before terminals have it."""
    first = InProcessCentral(tmp_path / "first", database_url=database_url)
    no_lease = Requests(lease_s=0.0)  # so that the request can be tried again at once
    second = InProcessCentral(tmp_path / "second", no_lease, database_url=database_url, keys_of=first)
    with closing(first), closing(second):
        path = keys.rotate_sealing(tmp_path / "first" / "keys")
        age(path, 601)
        known_keys.register(first.service.database, keys.load(tmp_path / "first" / "keys"))
        terminal = InProcessTerminal(first)
        assert terminal.enrolment["sealing"]["key"] not in second.service.keys.sealing
        terminal.central = second
        terminal.session = terminal._session()
        request = terminal.activation()
        for _ in range(2):
            answer = terminal.activate(request)
            assert (answer.status_code, answer.json()["code"]) == (503, Code.CENTRAL_FAULT)
            assert answer.headers["Retry-After"]
        keys.write_secret(tmp_path / "second" / "keys" / path.name, path.read_bytes())
        assert terminal.activate(request).json()["status"] == "ACTIVATED"


def test_a_key_that_central_never_had_is_refused(tmp_path: Path, database_url: str) -> None:
    with closing(InProcessCentral(tmp_path, database_url=database_url)) as central:
        terminal = InProcessTerminal(central)
        request = terminal.activation()
        request["sealed"]["key"] = "0" * 16
        assert terminal.activate(request).json()["code"] == Code.EVIDENCE_UNSEALABLE
