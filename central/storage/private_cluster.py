"""A private PostgreSQL cluster on this machine: made, started and stopped by the programs that use it.

PostgreSQL refuses to run as root. Root therefore hands the folder to Debian's user `postgres`; the folder's
parents may be closed to that user, so PostgreSQL's programs get the open folder as a file descriptor and see
it below `/proc/self/fd`. An ordinary user runs the cluster as himself.

Every program that uses the cluster holds a shared lock on `<folder>.lock`. A program starts and stops the
cluster only under the exclusive lock, which it gets when no other program uses the cluster: the last one to
leave stops it.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL

ROLE = "central"
"""The role and the database of central; the role may make databases and is no superuser."""
SUPERUSER = "postgres"
_DEBIAN_USER = "postgres"
_PROGRAMS = Path("/usr/lib/postgresql")  # Debian's: a folder for each major version
_WAIT_S = 300  # starting after a crash, and the last checkpoint, may take minutes
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "400",  # of a worker 40 at most
    # Statements and keys may be personal: the log gets neither.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",  # one for each day of the week, written anew a week later
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
}
_CLIENTS = """\
# TYPE  DATABASE     USER  ADDRESS       METHOD
local   all          all                 peer map=owners
local   replication  all                 peer map=owners
host    all          all   127.0.0.1/32  scram-sha-256
host    all          all   ::1/128       scram-sha-256
host    replication  all   127.0.0.1/32  scram-sha-256
"""


class ClusterError(OSError):
    """PostgreSQL is not installed, or the cluster cannot be made, started or reached."""


class PrivateCluster:
    """A cluster in `folder` that runs at least from `open` to `close`.

    Programs of the folder's owner, and of root, connect through a Unix socket without a password ("peer").
    `settings` are further settings of the server; they count if this program is the one that starts it.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self._settings = _SETTINGS | dict(settings or {})
        self._lock: int | None = None

    def __enter__(self) -> "PrivateCluster":
        self.open()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def exists(self) -> bool:
        """Return whether the cluster was made."""
        return (self.folder / "PG_VERSION").exists()

    def open(self) -> None:
        """Make the cluster if it does not exist, and start it if it is not running.

        Raises ClusterError, OSError.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{self.folder}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._start(lock)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def close(self) -> None:
        """Stop the cluster if no other program uses it. Raises ClusterError."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._answers():
                sockets, _port = self._address()
                self.run("pg_ctl", "stop", "-D", "{}", "-w", "-t", str(_WAIT_S), "-m", "fast")
                Path(sockets).rmdir()
        except BlockingIOError:
            pass  # the other program stops it
        finally:
            os.close(lock)

    def url(self, database: str = ROLE) -> str:
        """Return SQLAlchemy's URL of a database of the running cluster. Raises ClusterError."""
        sockets, port = self._address()
        url = URL.create("postgresql+psycopg", ROLE, database=database, query={"host": sockets, "port": port})
        return url.render_as_string()

    def connect(self, database: str = ROLE, role: str = ROLE) -> "psycopg.Connection[Any]":
        """Return a connection on which each statement commits. Raises ClusterError."""
        sockets, port = self._address()
        try:
            return psycopg.connect(host=sockets, port=port, dbname=database, user=role, autocommit=True)
        except psycopg.OperationalError as error:
            raise ClusterError(f"{self.folder}: {error}") from None

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL as the folder's owner; "{}" in an argument becomes the folder.

        Raises ClusterError with what the program printed.
        """
        _run(_programs(self.folder) / program, self.folder, *arguments)

    def _start(self, lock: int) -> None:
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not self._answers():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._answers():
                if not self.exists:
                    _make(self.folder)
                self._run_server()
                self._make_database()
            # Going back to the shared lock is not atomic: another program may have stopped the server.
            fcntl.flock(lock, fcntl.LOCK_SH)

    def _run_server(self) -> None:
        # A folder of its own, because a socket's path has 107 characters at most and `folder` may have more.
        sockets = Path(tempfile.mkdtemp(prefix="central-postgresql-"))
        os.chown(sockets, self.folder.stat().st_uid, self.folder.stat().st_gid)
        settings = self._settings | {"unix_socket_directories": str(sockets)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        start = ("start", "-D", "{}", "-w", "-t", str(_WAIT_S), "-l", "{}/server.log", "-o", options)
        # What is left of a server that was killed ends within moments, and holds its memory until then.
        last_try = 30 if (self.folder / "postmaster.pid").exists() else 1
        for number in range(1, last_try + 1):
            try:
                self.run("pg_ctl", *start)
                break
            except ClusterError as error:
                if number == last_try:
                    sockets.rmdir()
                    raise ClusterError(f"{error} ({self.folder / 'server.log'})") from None
                time.sleep(1)

    def _make_database(self) -> None:
        role = sql.Identifier(ROLE)
        with self.connect(SUPERUSER, SUPERUSER) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(role))

    def _answers(self) -> bool:
        try:
            self.connect(SUPERUSER, SUPERUSER).close()
        except ClusterError:
            return False
        return True

    def _address(self) -> tuple[str, str]:
        """Return folder and number of the socket, as the server writes them into its pid file."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            return lines[4], lines[3]
        except (OSError, IndexError):
            raise ClusterError(f"{self.folder}: PostgreSQL is not running") from None


def installed() -> bool:
    """Return whether PostgreSQL's server programs are installed."""
    return bool(_versions("*"))


def _versions(pattern: str) -> list[Path]:
    """Return the folders of programs of the major versions that match, the newest last."""
    found = sorted(_PROGRAMS.glob(f"{pattern}/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return [path.parent for path in found]


def _programs(folder: Path) -> Path:
    """Return the folder of the programs that made the cluster, or of the newest ones. Raises ClusterError."""
    version = folder / "PG_VERSION"
    wanted = version.read_text().strip() if version.exists() else ""
    if found := _versions(wanted or "*"):
        return found[-1]
    raise ClusterError(f"PostgreSQL is not installed: apt-get install postgresql{wanted and f'-{wanted}'}")


def _make(folder: Path) -> None:
    """Make a cluster; it is in `folder` only once it is whole."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    user = pwd.getpwnam(_DEBIAN_USER) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(unfinished, user.pw_uid, user.pw_gid)
    _run(
        _programs(folder) / "initdb",
        unfinished,
        *("-D", "{}", "--username", SUPERUSER, "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"),
        *("--auth-local=peer", "--auth-host=scram-sha-256"),
    )
    (unfinished / "pg_hba.conf").write_text(_CLIENTS)
    owners = {"root", user.pw_name}
    lines = [f"owners {owner} {role}\n" for owner in sorted(owners) for role in (ROLE, SUPERUSER)]
    (unfinished / "pg_ident.conf").write_text("".join(lines))
    unfinished.rename(folder)


def _run(program: Path, folder: Path, *arguments: str) -> None:
    owner = folder.stat()
    others: dict[str, Any] = {}
    if os.geteuid() == 0:
        others = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        done = subprocess.run(
            [program, *(argument.replace("{}", f"/proc/self/fd/{opened}") for argument in arguments)],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            pass_fds=[opened],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            **others,
        )
    finally:
        os.close(opened)
    if done.returncode:
        said = done.stdout.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ClusterError(f"{program.name}: {said[-1]}")
