"""Runs worker processes and starts another in place of one that died, until SIGTERM or SIGINT."""

import argparse
import logging
import multiprocessing
import os
import signal
import threading
from pathlib import Path

from kiosk.codes import Code
from kiosk.errors import SettingsError
from verification import decoder, worker
from verification.settings import FILE, load_settings
from verification.worker import WorkerOptions

log = logging.getLogger(__name__)

_WATCH_S = 0.5
_AGAIN_S = 5.0  # a worker that cannot start is not started again and again
_FINISH_S = 90.0  # for the jobs that were begun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `verification run`."""
    parser.add_argument(
        "--data", type=Path, default=Path("var/central"), help="central's folder, for key and database"
    )
    parser.add_argument(
        "--database", help="URL; default: the environment's DATABASE_URL, else SQLite in central's folder"
    )
    parser.add_argument("--key", type=Path, help="default: <data>/keys/verification.pem")
    parser.add_argument("--models", type=Path, default=Path("var/models"), help="folder of installed weights")
    parser.add_argument("--settings", type=Path, default=FILE)
    parser.add_argument("--workers", type=int, default=1, help="processes; each needs a core and 450 MB")
    parser.add_argument("--sandbox", choices=("auto", "required", "off"), default="auto", help="bubblewrap")
    parser.add_argument("--simulation", action="store_true", help="without a model of liveness")


def run(options: argparse.Namespace) -> int:
    """Run the workers. Raises SettingsError."""
    chosen = worker_options(options)
    load_settings(chosen.settings)
    worker.load_key(chosen.key)
    context = multiprocessing.get_context("spawn")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    processes = [context.Process(target=worker.main, args=(chosen,)) for _ in range(max(1, options.workers))]
    for process in processes:
        process.start()
    sandboxed = "in bubblewrap" if chosen.sandbox else "WITHOUT a sandbox: install bubblewrap"
    log.info("%d workers; clips are decoded within limits, %s", len(processes), sandboxed)
    while not stop.wait(_WATCH_S):
        for place, process in enumerate(processes):
            if process.is_alive():
                continue
            log.error("a worker ended with status %s", process.exitcode)
            if stop.wait(_AGAIN_S):
                break
            processes[place] = context.Process(target=worker.main, args=(chosen,))
            processes[place].start()
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(_FINISH_S)
        process.kill()
        process.join()
    return 0


def worker_options(options: argparse.Namespace) -> WorkerOptions:
    """Return what each worker is started with. Raises SettingsError."""
    default = f"sqlite:///{options.data / 'central.sqlite3'}"
    works = options.sandbox != "off" and decoder.sandbox_works()
    if options.sandbox == "required" and not works:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, "--sandbox required: bubblewrap does not work here")
    return WorkerOptions(
        database=options.database or os.environ.get("DATABASE_URL", "") or default,
        key=options.key or options.data / "keys" / "verification.pem",
        models=options.models,
        simulation=options.simulation,
        sandbox=works,
        settings=options.settings,
    )
