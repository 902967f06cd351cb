"""The private PostgreSQL cluster: durable, closed to others, stopped by the last program that uses it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from central.storage import private_cluster
from central.storage.private_cluster import SUPERUSER, ClusterError, PrivateCluster
from tests.support.postgresql import need_postgresql


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a cluster that was made and stopped; its path is longer than a socket's may be."""
    need_postgresql()
    folder = tmp_path_factory.mktemp("l" * 110) / "postgresql"
    with PrivateCluster(folder):
        return folder


@pytest.fixture
def cluster(folder: Path) -> Iterator[PrivateCluster]:
    with PrivateCluster(folder) as cluster:
        yield cluster


def setting(cluster: PrivateCluster, name: str) -> str:
    with cluster.connect(SUPERUSER, SUPERUSER) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("name", ["fsync", "synchronous_commit", "full_page_writes", "data_checksums"])
def test_commits_are_durable(cluster: PrivateCluster, name: str) -> None:
    assert setting(cluster, name) == "on"


def test_it_listens_on_a_closed_socket_only(cluster: PrivateCluster) -> None:
    assert setting(cluster, "listen_addresses") == ""
    sockets = Path(setting(cluster, "unix_socket_directories"))
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert cluster.folder.stat().st_mode & 0o777 == 0o700


def test_central_is_no_superuser_and_owns_its_database(cluster: PrivateCluster) -> None:
    with cluster.connect() as connection:
        assert connection.info.parameter_status("is_superuser") == "off"
        connection.execute("CREATE TABLE probe ()")
        connection.execute("DROP TABLE probe")


def test_an_error_writes_no_values_into_the_log(cluster: PrivateCluster) -> None:
    with cluster.connect() as connection:
        connection.execute("CREATE TABLE named (name text PRIMARY KEY)")
        connection.execute("INSERT INTO named VALUES ('somebody')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO named VALUES ('somebody')")
        connection.execute("DROP TABLE named")
    log = "".join(path.read_text() for path in (cluster.folder / "log").iterdir())
    assert "named_pkey" in log
    assert "somebody" not in log


def test_the_last_program_that_uses_it_stops_it(folder: Path) -> None:
    first, second = PrivateCluster(folder), PrivateCluster(folder)
    first.open()
    second.open()
    first.close()
    second.connect().close()
    sockets = Path(setting(second, "unix_socket_directories"))
    second.close()
    with pytest.raises(ClusterError, match="not running"):
        second.connect()
    assert not sockets.exists()


def test_programs_that_make_it_at_once_share_one(tmp_path: Path) -> None:
    (tmp_path / "c.unfinished").mkdir()  # as a program leaves it that was killed while it made the cluster
    (tmp_path / "c.unfinished" / "PG_VERSION").write_text("15\n")
    program = (
        "import sys, pathlib\n"
        "from central.storage.private_cluster import PrivateCluster\n"
        "with PrivateCluster(pathlib.Path(sys.argv[1])) as cluster:\n"
        "    cluster.connect().close()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "c")]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=150)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert not (tmp_path / "c" / "postmaster.pid").exists()


def test_it_comes_back_after_the_server_was_killed(folder: Path) -> None:
    with PrivateCluster(folder) as cluster, cluster.connect() as connection:
        connection.execute("CREATE TABLE kept ()")
        os.kill(int((folder / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    with PrivateCluster(folder) as cluster, cluster.connect() as connection:
        connection.execute("SELECT FROM kept")


def test_without_the_package_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_cluster, "_PROGRAMS", tmp_path / "none")
    with pytest.raises(ClusterError, match=r"apt-get install postgresql$"):
        PrivateCluster(tmp_path / "c").open()


def test_a_fault_at_the_start_is_told_with_the_log(folder: Path) -> None:
    with pytest.raises(ClusterError, match=r"server\.log"):
        PrivateCluster(folder, {"no_such_setting": "1"}).open()
