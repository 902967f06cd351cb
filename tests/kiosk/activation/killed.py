"""A terminal that is killed (SIGKILL) at its n-th contact with disk or network, for n = 1, 2, 3 …

For every n one process puts a request and carries it, dying at contact n, and a second one, on the same file,
carries on. Contacts are the beginning and the end of every SQL statement and of every send and receive on
the TLS socket. Prints one JSON line per n; ends with the first n that nobody died of.
Forked from one small process without threads, so hundreds of deaths take seconds.
"""

import json
import os
import signal
import sqlite3
import ssl
import sys
import time
import traceback
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kiosk.activation import identity
from kiosk.activation.outbox import RequestCounts
from kiosk.events import Stored
from tests.support.activation_terminal import SETTINGS, ActivationTerminal, order

NO_REFILL = replace(SETTINGS, pool_refill=0, backoff_first_s=0.02, backoff_max_s=0.05, probe_s=0.02)


class Death:
    """Comes at contact `at`; never, if that is 0."""

    at = 0
    contacts = 0
    where = ""

    @classmethod
    def may_come(cls, where: str) -> None:
        cls.contacts += 1
        if cls.contacts == cls.at:
            os.write(2, f"{where}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


class Connection(sqlite3.Connection):
    def execute(self, sql, *values):
        name = " ".join(sql.split()[:3])
        Death.may_come(f"before {name}")
        done = super().execute(sql, *values)
        Death.may_come(f"after {name}")
        return done


def watch() -> None:
    """Let every contact be counted."""
    real_connect = sqlite3.connect
    sqlite3.connect = lambda *a, **k: real_connect(*a, **k, factory=Connection)
    for name in ("send", "recv_into"):
        real = getattr(ssl.SSLSocket, name)

        def contact(self, *values, real=real, name=name):
            Death.may_come(f"before {name}")
            done = real(self, *values)
            Death.may_come(f"after {name}")
            return done

        setattr(ssl.SSLSocket, name, contact)


def carry(file: Path, who, url: str, ca: Path, visit: str | None) -> RequestCounts:
    """Put the request, if one is named, and work until nothing is open."""
    terminal = ActivationTerminal(file, who, url, ca, NO_REFILL)
    if visit is not None and terminal.submission.submit(order(visit), None) == Stored(visit):
        file.with_suffix(".promised").touch()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        terminal.delivery.round()
        counts = terminal.outbox.counts()
        if counts.waiting + counts.pending == 0:
            return counts
        time.sleep(0.01)
    return terminal.outbox.counts()


def forked(work) -> tuple[bool, str]:
    """Do it in a process of its own: was it killed, and what did it have to say?"""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(write, 2)
        try:
            os.write(2, msgspec.json.encode(work()))
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read().strip().rpartition("\n")[2]
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status), said


def main(url: str, ca: str, folder: str, work: str) -> None:
    watch()
    who = identity.load(Path(folder))
    killed, n = True, 0
    while killed:
        n += 1
        file = Path(work) / f"{n}.sqlite3"
        Death.at, Death.contacts = n, 0
        killed, where = forked(lambda f=file, v=f"K-{n}": carry(f, who, url, Path(ca), v))
        Death.at = 0
        _, counts = forked(lambda f=file: carry(f, who, url, Path(ca), None))
        promised = file.with_suffix(".promised").exists()
        line = {"visit": f"K-{n}", "killed": killed, "where": where, "promised": promised, "after": counts}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
