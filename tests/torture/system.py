"""A real central and an enrolled terminal, and the comparison of what both ends have afterwards."""

import os
import random
import socket
import time
from contextlib import closing, suppress
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import text

from central.storage.database import Database as CentralDatabase
from kiosk.activation import identity
from kiosk.activation.database import Database
from kiosk.activation.outbox import Outbox
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.events import ChallengeTaken, Stored
from kiosk.model import ActivationReceipt
from kiosk.simulators.card_reader import READER
from tests.support.activation_terminal import CARD, SETTINGS, ActivationTerminal, order, passed
from tests.support.controlled_central import ControlledCentral

QUICK = replace(
    SETTINGS,
    pool_target=1,
    pool_refill=1,
    backoff_first_s=0.02,
    backoff_max_s=0.1,
    probe_s=0.05,
    answer_s=5.0,
)
CENTRAL = "[requests]\nlease_s = 0.3\nstrangers_burst = 100000\nper_s = 100000\nburst = 100000\n"
SETTLE_S = 60.0


class FinalState(Struct, frozen=True):
    """What became of one visit. `promised`: the screen had said that the request is kept."""

    what: str
    visit: str
    promised: bool
    credentials: int
    state: str  # of the outbox row; "none": there is no such row; "damaged": the outbox says so itself
    code: str = ""
    point: int = 0
    contradicted: bool = False
    """The terminal was told another result, or another credential, than the one that central has."""

    @property
    def visible(self) -> bool:
        """The terminal itself reports that something is wrong with the request."""
        return self.state in ("wedged", "damaged") and self.code != ""

    @property
    def lost(self) -> bool:
        return self.promised and self.credentials == 0 and not self.visible

    @property
    def doubled(self) -> bool:
        return self.credentials > 1

    @property
    def open(self) -> bool:
        """Neither delivered nor set aside although everything worked again."""
        return self.state in ("waiting", "pending")

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.open or self.contradicted)


class SystemUnderTest:
    """Central is forked anew at each start; a terminal is made for each visit, with its own file."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        """`database_url`: "" for SQLite."""
        self.folder = folder
        self.central = ControlledCentral(
            folder, "tests.torture.central_process", CENTRAL, database_url=database_url
        )
        made = self.central.made
        self.port, self.ca, self.url = made.port, made.ca, made.url
        self._database_url = database_url or f"sqlite:///{made.database}"
        self.central.start()
        self.who = identity.enrol(
            self.url, self.ca, "T-1", made.enrol_code("T-1"), folder / "identity", reader=READER
        )

    @property
    def size(self) -> int:
        """Bytes of central's largest database file."""
        data = self.central.made.data
        return max(path.stat().st_size for path in data.glob("central.sqlite3*"))

    def close(self) -> None:
        self.central.close()

    def terminal(self, file: Path, url: str = "") -> ActivationTerminal:
        return ActivationTerminal(file, self.who, url or self.url, self.ca, QUICK, audit_head_now)

    def new_file(self, name: str) -> Path:
        """Return a terminal's new database with one challenge in it."""
        file = self.folder / "terminals" / f"{name}.sqlite3"
        terminal = self.terminal(file)
        until = time.monotonic() + SETTLE_S
        while terminal.pool.count(time.time()) == 0:
            assert time.monotonic() < until, terminal.events
            terminal.delivery.round()
        terminal.database.scrub()
        terminal.close()
        return file

    def final_state(self, point: int, what: str, file: Path, visit: str, promised: bool) -> FinalState:
        """Let everything that is open be settled, then compare both ends."""
        receipt = None
        try:
            ledger = settle(self, file)
            state, code, receipt = outcome(file, visit)
            if code == Code.REQUEST_LOST.value and ledger is not Code.REQUEST_LOST:
                state = "none"  # a loss that keeps no terminal out of service was not reported
        except OutboxError as error:
            state, code = "damaged", error.code.value
        return FinalState(
            what=what,
            visit=visit,
            promised=promised,
            credentials=self.credentials(visit),
            state=state,
            code=code,
            point=point,
            contradicted=receipt is not None and not self._agrees(visit, receipt),
        )

    def credentials(self, visit: str) -> int:
        return len(self._rows("SELECT serial FROM credentials WHERE activation = :visit", visit=visit))

    def credentials_in_all(self) -> int:
        return len(self._rows("SELECT serial FROM credentials"))

    def _agrees(self, visit: str, receipt: ActivationReceipt) -> bool:
        query = "SELECT status, credential FROM activations WHERE id = :visit"
        return self._rows(query, visit=visit) == [(receipt.status.value, receipt.credential)]

    def _rows(self, query: str, **values: str) -> list[tuple[object, ...]]:
        with closing(CentralDatabase(self._database_url)) as database, database.read() as session:
            return [tuple(row) for row in session.execute(text(query), values)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def audit_head_now() -> str:
    """The head of a log that grows by a record a millisecond.

    Every file here has a log of its own, but to central all are one terminal, whose log never goes back.
    """
    seq = int(time.time() * 1000)
    return f"{seq}:{sha256(str(seq).encode()).hexdigest()}"


def serve_customer(terminal: ActivationTerminal, visit: str) -> bool:
    """Serve one customer until the screen shows a result; True if it says that the request is kept."""
    taken = terminal.submission.take_challenge()
    if not isinstance(taken, ChallengeTaken):
        return False
    made = order(visit, card=replace(CARD, number=person_number(visit)))
    evidence = replace(
        made.evidence,
        challenge=taken.challenge.id,
        verdicts=passed(taken.challenge.id),
        began_unix=time.time() - 5,
    )
    return terminal.submit(replace(made, evidence=evidence)) == Stored(visit)


def person_number(visit: str) -> str:
    """Return the ID number of an adult, another for each visit, the same in every process (regions 99xxxx are
    not assigned).
    """
    chosen = random.Random(sha256(visit.encode()).digest())
    born = date(1950, 1, 1) + timedelta(days=chosen.randrange(18_000))
    first = f"99{chosen.randrange(10_000):04}{born:%Y%m%d}{chosen.randrange(1000):03}"
    total = sum(int(digit) * 2 ** (17 - i) for i, digit in enumerate(first))
    return first + "10X98765432"[total % 11]


def deliver_all(terminal: ActivationTerminal, seconds: float) -> None:
    """Let the terminal deliver until nothing is open."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        rest = terminal.delivery.round()
        counts = terminal.outbox.counts()
        if counts.waiting + counts.pending == 0:
            return
        time.sleep(min(rest, 0.05))


def settle(system: SystemUnderTest, file: Path) -> Code:
    """Do what a terminal's start does: compare with the audit log, then deliver.

    Returns the code of the comparison.

    Raises OutboxError if the file is damaged.
    """
    terminal = system.terminal(file)
    try:
        terminal.reconciliation.check()
        deliver_all(terminal, SETTLE_S)
        return terminal.reconciliation.check()
    finally:
        terminal.close()


def outcome(file: Path, visit: str) -> tuple[str, str, ActivationReceipt | None]:
    """Return state, code and receipt of a request in the outbox."""
    database = Database(file)
    try:
        entry = next((e for e in Outbox(database).list() if e.id == visit), None)
    finally:
        database.close()
    if entry is None:
        return "none", "", None
    return entry.state.value, (entry.code or Code.OK).value, entry.receipt


def promise_marker(file: Path) -> Path:
    """Return the file that exists if the screen had promised before the process died."""
    return file.with_suffix(".promised")


def killed_in_fork(work) -> bool:
    """Do `work` in a forked process; True if that was killed."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            with suppress(OSError):  # no file may grow any more, nor may the log
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(0)  # this process must never go on as a second parent
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])
