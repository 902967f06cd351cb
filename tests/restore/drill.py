"""Central's PostgreSQL is backed up, terminals get ahead of the backup, and it is destroyed and restored."""

import shutil
import subprocess
import time
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from central.storage.private_cluster import PrivateCluster
from kiosk.activation import identity
from kiosk.activation.outbox import RequestState
from kiosk.codes import Code
from kiosk.events import Submit
from kiosk.model import RequestStatus
from kiosk.simulators.card_reader import READER
from tests.support.activation_terminal import ActivationTerminal, audit_of, order_with_every_check
from tests.support.central_server import RunningCentral

SETTINGS = (
    "[requests]\nlease_s = 2\nstrangers_burst = 100000\n[recheck]\nafter_in_simulation_s = [2, 5, 600]\n"
)
NAME = "T-1"


class DrillResult(Struct, kw_only=True):
    """What became of the visits. Each list names visits that are not as they should be; good: all are empty.

    `reported`: credentials that only the terminal knows of, as `central audit forgotten` lists them.
    """

    before: int
    recovered: int
    reported: int
    told_lost: int
    doubled: list[str]
    lost: list[str]
    false_alarms: list[str]

    @property
    def good(self) -> bool:
        return not (self.doubled or self.lost or self.false_alarms)


class Site:
    """One terminal with its outbox and audit log, and central on a cluster that can be lost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = PrivateCluster(folder / "cluster-1")
        self.cluster.open()
        self.central = RunningCentral(folder, True, SETTINGS, self.cluster.url())
        self.central.start()
        code = self.central.enrol_code(NAME)
        who = identity.enrol(
            self.central.url, self.central.ca, NAME, code, folder / "identity", reader=READER
        )
        self.file = folder / "terminal" / "outbox.sqlite3"
        self.file.parent.mkdir()
        self.terminal = ActivationTerminal(self.file, who, self.central.url, self.central.ca)

    def close(self) -> None:
        self.terminal.close()
        self.central.kill()
        self.cluster.close()

    def submit(self) -> Submit:
        """A visit that the screen has promised; it waits in the outbox."""
        self.terminal.until(lambda: self.terminal.pool.count(time.time()) > 0)
        made = order_with_every_check(self.terminal.submission.take_challenge)
        self.terminal.submit(made)
        return made

    def state(self, visit: str) -> tuple[str, str]:
        """State and code of a visit's row at the terminal."""
        row = next(one for one in self.terminal.outbox.list() if one.id == visit)
        return row.state.value, row.code.value if row.code else ""

    def activate(self, count: int) -> list[str]:
        """Visits that are activated, and whose receipt the terminal has."""
        visits = [self.submit().visit for _ in range(count)]
        for visit in visits:
            self.terminal.until(lambda visit=visit: self.state(visit)[0] == RequestState.DELIVERED)
            assert self.terminal.outbox.receipt(visit).status is RequestStatus.ACTIVATED
        return visits

    def lose_answers(self, count: int) -> list[str]:
        """Visits that central activates, and whose answer never reaches the terminal."""
        visits = []
        for _ in range(count):
            visit = self.submit().visit
            row = next(one for one in self.terminal.outbox.undelivered() if one.id == visit)
            self.terminal.outbox.begin_attempt(visit, time.time(), time.time())
            assert self.terminal.gateway.activate(visit, row.body).status is RequestStatus.ACTIVATED
            visits.append(visit)
        return visits

    def leave_pending(self, count: int) -> list[str]:
        """Visits that central has, and whose body the terminal has erased."""
        self.central.people(default="not_found")
        visits = [self.submit().visit for _ in range(count)]
        for visit in visits:
            self.terminal.until(lambda visit=visit: self.state(visit)[0] == RequestState.PENDING)
        self.central.people()
        return visits

    def dump(self) -> Path:
        """Back the database up, as docs/scale.md says."""
        file = self.folder / "central.dump"
        subprocess.run(
            ["pg_dump", "--format=custom", f"--file={file}", _libpq(self.cluster.url())], check=True
        )
        return file

    def destroy(self) -> None:
        """End central without notice, and delete its database."""
        self.central.kill()
        self.cluster.close()
        shutil.rmtree(self.cluster.folder)

    def restore(self, file: Path) -> None:
        """Restore the backup on a new cluster, and start central on it."""
        self.cluster = PrivateCluster(self.folder / "cluster-2")
        self.cluster.open()
        url = self.cluster.url()
        subprocess.run(
            ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={_libpq(url)}", str(file)], check=True
        )
        self.central.database_url = url
        self.central.start()


def drill(folder: Path, visits: int) -> DrillResult:
    """Carry out the drill with `visits` visits of each kind."""
    with closing(Site(folder)) as site:
        before = site.activate(visits)
        backup = site.dump()
        answered = site.activate(visits)
        pending = site.leave_pending(visits)
        unanswered = site.lose_answers(visits)
        site.destroy()
        waiting = [site.submit().visit for _ in range(min(visits, 2))]  # central is gone, the shop serves
        site.restore(backup)
        terminal, central = site.terminal, site.central
        for visit in (*unanswered, *waiting):
            terminal.until(lambda visit=visit: site.state(visit)[0] == RequestState.DELIVERED, 180)
        for visit in pending:
            terminal.until(lambda visit=visit: site.state(visit)[0] == RequestState.WEDGED, 180)
        terminal.gateway.heartbeat()
        later = site.activate(1)
        known = [*before, *unanswered, *waiting, *later]
        counts = {visit: central.credentials(visit) for visit in (*known, *answered, *pending)}
        listed = central.command("audit", "forgotten", str(audit_of(site.file)), status=1)
        alarms = central.command("alarms", status=1).splitlines()
        lost = [visit for visit in known if counts[visit] == 0]
        lost += [visit for visit in answered if f"{visit}  ACTIVATED" not in listed]
        lost += [v for v in pending if site.state(v)[1] != Code.REQUEST_UNKNOWN or v not in "".join(alarms)]
        return DrillResult(
            before=len(before),
            recovered=len(unanswered) + len(waiting),
            reported=len(answered),
            told_lost=len(pending),
            doubled=[visit for visit, count in counts.items() if count > 1],
            lost=lost,
            false_alarms=[line for line in alarms[:-1] if "request.lost" not in line],
        )


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")
