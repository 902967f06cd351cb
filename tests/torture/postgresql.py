"""Two centrals on one PostgreSQL, and what is done to it: cut connections, a crash, a standby's promotion.

A terminal reaches the first central, or the second while the first refuses connections. A central is stopped
(SIGSTOP) at a counted point, before or after it talks to the database or the terminal; there the database is
made to fail, and then the central goes on.
"""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from central.storage.private_cluster import ROLE, SUPERUSER, ClusterError, PrivateCluster
from kiosk.visit_number import new_visit_number
from tests.support.controlled_central import ControlledCentral
from tests.torture.cutting_proxy import CuttingProxy
from tests.torture.parts import central_killed, cut_everywhere
from tests.torture.point_selection import ALL_POINTS, PointSelection
from tests.torture.system import (
    CENTRAL,
    SETTLE_S,
    FinalState,
    SystemUnderTest,
    deliver_all,
    free_port,
    serve_customer,
)

_PASSWORD = "of-a-test"
_WAIT_S = 60.0
_DISK_MIB = 192
_PAGE = 8192
_SMALL_LOG = {"min_wal_size": "32MB", "max_wal_size": "32MB"}


class Servers:
    """A primary that is reached by TCP and, if asked for, its synchronous standby.

    `settings` are PostgreSQL's, for both.
    """

    def __init__(self, folder: Path, settings: dict[str, str], *, standby: bool) -> None:
        self._folder, self._settings = folder, settings
        self._ports = [free_port(), free_port()]
        self._made = 0
        self.primary = self._new()
        self.primary.open()
        with self.primary.connect(SUPERUSER, SUPERUSER) as connection:
            connection.execute(f"ALTER ROLE {ROLE} PASSWORD '{_PASSWORD}'")
        self.standby: PrivateCluster | None = None
        if standby:
            self.make_standby()

    @property
    def port(self) -> int:
        """Return the port of the first primary."""
        return self._ports[0]

    @property
    def url(self) -> str:
        """Return the URL with both hosts: a connection goes to the one that takes writes."""
        hosts = "&".join(f"host=127.0.0.1:{port}" for port in self._ports)
        options = "target_session_attrs=read-write&connect_timeout=5"
        return f"postgresql+psycopg://{ROLE}:{_PASSWORD}@/{ROLE}?{hosts}&{options}"

    def url_through(self, port: int) -> str:
        """Return the URL of a proxy's port."""
        return f"postgresql+psycopg://{ROLE}:{_PASSWORD}@127.0.0.1:{port}/{ROLE}?connect_timeout=5"

    def terminate_backends(self) -> None:
        """End all connections to central's database."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with self.primary.connect(SUPERUSER, SUPERUSER) as connection:
            connection.execute(query, [ROLE])

    def ensure_running(self) -> None:
        """Start the primary again if it gave up. One that crashed starts again by itself."""
        until = time.monotonic() + 20.0
        while time.monotonic() < until:
            try:
                self.primary.connect(SUPERUSER, SUPERUSER).close()
            except (ClusterError, psycopg.OperationalError):
                time.sleep(0.1)
            else:
                return
        self.primary.close()
        self.primary.open()

    def crash(self) -> None:
        """Stop the primary without a checkpoint, and let it recover."""
        self._stop(self.primary)
        self.primary.open()

    def fail_over(self) -> None:
        """Stop the primary for good and promote its standby."""
        assert self.standby is not None
        self._stop(self.primary)
        self.standby.run("pg_ctl", "promote", "-D", "{}", "-w", "-t", str(round(_WAIT_S)))
        self.primary, self.standby = self.standby, None

    def close(self) -> None:
        for cluster in (self.standby, self.primary):
            if cluster is not None:
                cluster.close()

    def _new(self) -> PrivateCluster:
        self._made += 1
        own = {"listen_addresses": "127.0.0.1", "port": str(self._ports[self._made % 2 - 1])}
        return PrivateCluster(self._folder / f"postgresql-{self._made}", self._settings | own)

    def make_standby(self) -> None:
        """Give the primary a standby, on the port that is free, and wait until commits wait for it."""
        standby, owner = self._new(), self.primary.folder.stat()
        standby.folder.mkdir(mode=0o700)
        os.chown(standby.folder, owner.st_uid, owner.st_gid)
        where = make_url(self.primary.url()).query
        source = ("-h", str(where["host"]), "-p", str(where["port"]), "-U", SUPERUSER)
        standby.run("pg_basebackup", "-D", "{}", "-R", "-X", "stream", "-c", "fast", *source)
        standby.open()
        with self.primary.connect(SUPERUSER, SUPERUSER) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
            connection.execute("SELECT pg_reload_conf()")
            until = time.monotonic() + _WAIT_S
            while not connection.execute(
                "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum' AND state = 'streaming'"
            ).fetchone():
                assert time.monotonic() < until, "the standby does not follow"
                time.sleep(0.02)
        self.standby = standby

    @staticmethod
    def _stop(cluster: PrivateCluster) -> None:
        sockets = make_url(cluster.url()).query["host"]
        cluster.run("pg_ctl", "stop", "-D", "{}", "-w", "-m", "immediate")
        cluster.close()
        shutil.rmtree(str(sockets), ignore_errors=True)


class TwoCentrals(SystemUnderTest):
    """Terminals reach `central`, and `other` while `central` refuses connections.

    `central` reaches the database through `database_proxy`, if there is no standby.
    """

    def __init__(
        self, folder: Path, settings: dict[str, str], *, standby: bool = False, small_disk: bool = False
    ) -> None:
        """`small_disk`: the database has a disk of its own (tmpfs, by root only)."""
        self.disk = folder / "disk"
        self.disk.mkdir(parents=True)
        self._mounted = small_disk
        if small_disk:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tmpfs", self.disk], check=True
            )
            settings = settings | _SMALL_LOG
        self.servers = Servers(self.disk, settings, standby=standby)
        self.database_proxy = CuttingProxy(self.servers.port)
        url = self.servers.url
        super().__init__(folder, url if standby else self.servers.url_through(self.database_proxy.port))
        self._database_url = url
        self.other = ControlledCentral(folder, "tests.torture.central_process", CENTRAL, database_url=url)
        self.other.start()
        self._balancer = CuttingProxy(self.port, self.other.made.port)
        self.url = self._balancer.url

    def close(self) -> None:
        self.other.close()
        super().close()
        self._balancer.close()
        self.database_proxy.close()
        self.servers.close()
        if self._mounted:
            subprocess.run(["umount", self.disk], check=True)


@contextmanager
def _when_stopped(central: ControlledCentral, action: Callable[[], None]) -> Iterator[list[bool]]:
    """Do `action` while `central` is stopped at its point; the list is not empty then."""
    happened: list[bool] = []
    ending = threading.Event()

    def watch() -> None:
        while not happened:
            last = ending.is_set()
            if central.command("stopped") == "True":
                action()
                central.command("continue")
                happened.append(True)
            elif last:
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield happened
    finally:
        ending.set()
        thread.join()


def _fail_everywhere(
    system: TwoCentrals, selection: PointSelection, what: str, action: Callable[[], None]
) -> Iterator[FinalState]:
    """Do `action` to the database at each point at which the first central can be stopped in a visit."""
    for n in selection.numbers():
        file, visit = system.new_file(f"{what.replace(' ', '-')}-{n}"), new_visit_number()
        terminal = system.terminal(file)
        system.central.command(f"arm {n} stop")
        with _when_stopped(system.central, action) as happened:
            promised = serve_customer(terminal, visit)
            deliver_all(terminal, SETTLE_S)
        terminal.close()
        where = system.central.command("disarm")
        if not happened:
            return
        yield system.final_state(n, f"{what} {where}", file, visit, promised)


def connections_ended(system: TwoCentrals, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """End all connections at the database (pg_terminate_backend)."""
    return _fail_everywhere(system, selection, "connections ended", system.servers.terminate_backends)


def database_crashed(system: TwoCentrals, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Stop the database without a checkpoint; it recovers from its log."""
    return _fail_everywhere(system, selection, "database crashed", system.servers.crash)


def standby_promoted(system: TwoCentrals, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Let the synchronous standby take over; then a new standby is made for the next point."""
    for end in _fail_everywhere(system, selection, "standby promoted", system.servers.fail_over):
        system.servers.make_standby()
        yield end


def database_line_cut(system: TwoCentrals, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Cut the line between the first central and the database at each piece, in both directions.

    After the piece with a COMMIT, its result is stored and not known.
    """
    return cut_everywhere(system, system.database_proxy, selection, "database line cut", system.url)


def database_disk_full(system: TwoCentrals, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Fill the disk of the database up to some pages; then there is room again."""
    for n, pages in selection.of(range(0, 160, 4)):
        file, visit = system.new_file(f"database-full-{pages}"), new_visit_number()
        terminal = system.terminal(file)
        ballast = system.disk / "ballast"
        _fill(ballast, pages * _PAGE)
        promised = serve_customer(terminal, visit)
        deliver_all(terminal, 3.0)
        ballast.unlink()
        system.servers.ensure_running()
        terminal.close()
        yield system.final_state(n, f"database's disk full after {pages} pages", file, visit, promised)


def _fill(ballast: Path, left: int) -> None:
    """Fill the disk up to `left` bytes."""
    disk = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - left)


POSTGRESQL = {
    "one of two killed": central_killed,
    "database line cut": database_line_cut,
    "connections ended": connections_ended,
    "database crashed": database_crashed,
    "standby promoted": standby_promoted,
    "database's disk full": database_disk_full,
}
WITH_STANDBY = frozenset({"standby promoted"})
"""Parts that need one; the others run without."""
WITH_SMALL_DISK = frozenset({"database's disk full"})
"""Parts that root alone can run."""
