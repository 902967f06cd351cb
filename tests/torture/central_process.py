"""A central that is killed and started hundreds of times: forked from a process that has imported it.

Reads commands on standard input, one a line: `start`, `start FSIZE` (no file may grow beyond FSIZE bytes),
`kill`, `arm N` (die at point N), `arm N stop` (be stopped there), `stopped`, `continue`, `disarm`. Answers
each with one line. The database is that of DATABASE_URL.
"""

import os
import resource
import signal
import sys
from pathlib import Path

from central.api import server
from central.settings import load
from tests.torture.kill_points import KillPoints, watch, watch_postgresql, watched_application


def main(data: str, port: str) -> None:
    points, child = KillPoints(), 0
    points.disarm()
    for line in sys.stdin:
        command, *values = line.split()
        match command:
            case "start":
                child = _fork(points, Path(data), int(port), int(values[0]) if values else 0)
                print("started", flush=True)
            case "kill":
                died = os.waitpid(child, os.WNOHANG)[0] != 0
                if not died:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                print("was dead" if died else "killed", flush=True)
            case "arm":
                points.arm(int(values[0]), signal.SIGSTOP if "stop" in values else signal.SIGKILL)
                print("armed", flush=True)
            case "stopped":
                print(os.waitpid(child, os.WNOHANG | os.WUNTRACED)[0] != 0, flush=True)
            case "continue":
                os.kill(child, signal.SIGCONT)
                print("continued", flush=True)
            case "disarm":
                where = points.where
                print(points.disarm(), where, flush=True)


def _fork(points: KillPoints, data: Path, port: int, fsize: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.dup2(2, 1)
        if fsize:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (fsize, fsize))
        watch(points)
        make = server.application
        server.application = lambda service: watched_application(points, make(service))
        url = os.environ.get("DATABASE_URL", "")
        if url:
            watch_postgresql(points)
        settings = load(data, url, simulation=True)
        server.serve(settings, "127.0.0.1", port, data / "keys/server.pem", data / "keys/server.key")
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
