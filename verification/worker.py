"""One worker process: takes a job, judges it, stores the verdict, forgets the clip; until it is told to stop.

A clip that makes an engine fail gets a verdict that lets the person try again. A worker that dies in a job
leaves it to another after the lease; the second one that dies makes it a refusal (`verification.job_table`).
"""

import gc
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from central.protocol.verification import Answer, Job, JobUnsealable, Outcome, VerdictCode, open_job
from kiosk import heap, logging_setup, process_hardening
from kiosk.codes import Code
from kiosk.errors import EngineError, SettingsError
from verification import decide, engines
from verification.job_table import ClaimedJob, JobTable
from verification.settings import FILE, Settings, load_settings

log = logging.getLogger(__name__)

PAUSE_S = 2.0
"""Until the database is asked again after it failed."""
Verify = Callable[[Job], Outcome]
ENGINE_FAILED = Outcome(answer=Answer.RETRY, code=VerdictCode.ENGINE_FAILED)


class WorkerOptions(Struct, frozen=True, kw_only=True):
    """What a worker process is started with. `simulation`: without a model of liveness."""

    database: str
    key: Path
    models: Path
    simulation: bool
    sandbox: bool
    settings: Path = FILE

    def __repr__(self) -> str:  # the address may hold a password
        return "WorkerOptions(…)"


class Worker:
    """Judges jobs one after the other. `verify`: makes the verdict of one."""

    def __init__(self, table: JobTable, key: X25519PrivateKey, verify: Verify) -> None:
        self._table = table
        self._key = key
        self._verify = verify

    def run(self, stop: threading.Event, poll_s: float) -> None:
        """Work until `stop` is set; a job that was begun is finished."""
        while not stop.is_set():
            try:
                is_idle = not self.step()
            except SQLAlchemyError as error:
                log.error("the database failed: %s", type(error).__name__)
                stop.wait(PAUSE_S)
                continue
            if is_idle:
                stop.wait(poll_s)

    def step(self) -> bool:
        """Do one job; return False if there was none. Raises SQLAlchemyError."""
        claimed = self._table.claim()
        if claimed is None:
            return False
        began = time.monotonic()
        outcome = self._judge(claimed)
        is_mine = self._table.finish(claimed.id, outcome)
        log.info(
            "%s in %.1f s%s",
            outcome.code.value,
            time.monotonic() - began,
            "" if is_mine else ", too late: the job is another's",
        )
        del claimed
        gc.collect()
        heap.return_freed_memory()
        return True

    def _judge(self, claimed: ClaimedJob) -> Outcome:
        try:
            return self._verify(open_job(claimed.id, claimed.sealed, self._key))
        except JobUnsealable:
            log.error("a job does not open: is this the key whose public part central has?")
        except EngineError as error:
            log.error("an engine failed: %s", error.code.value)
        except Exception:
            log.exception("a clip could not be judged")
        return ENGINE_FAILED


def load_key(path: Path) -> X25519PrivateKey:
    """Return the workers' private key. Raises SettingsError, also if others than its owner may read it."""
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{path}: others may read it; chmod 600")
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a private key"
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{path}: {reason}") from None
    if not isinstance(key, X25519PrivateKey):
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{path}: not an X25519 key")
    return key


def chosen_settings(file: Path, *, simulation: bool) -> Settings:
    """Return the settings; in simulation liveness is not required, as its model is the operator's."""
    settings = load_settings(file)
    if not simulation:
        return settings
    liveness = msgspec.structs.replace(settings.visit.liveness, required=False)
    return msgspec.structs.replace(settings, visit=msgspec.structs.replace(settings.visit, liveness=liveness))


def main(options: WorkerOptions) -> None:
    """Be a worker process until SIGTERM. Raises KioskError, SQLAlchemyError."""
    logging_setup.install()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all: the parent tells us
    if not options.simulation:
        process_hardening.no_dumps()
    heap.share_arenas()
    settings = chosen_settings(options.settings, simulation=options.simulation)
    loaded = engines.load(options.models, liveness="none" if options.simulation else "minifasnet")
    owner = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"

    def verify(job: Job) -> Outcome:
        return decide.verify(job, loaded, settings, sandbox=options.sandbox)

    with closing(JobTable(options.database, owner, settings.worker.lease_s)) as table:
        log.info("ready")
        Worker(table, load_key(options.key), verify).run(stop, settings.worker.poll_s)
