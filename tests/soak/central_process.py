"""Central under a simulated clock: the real server, forked anew at each start and killed with SIGKILL.

    python -m tests.soak.central_process DATA PORT CLOCK

Reads `start` and `kill` on standard input and answers each with one line. Three things differ from
service: `time.time` is the simulated clock; scrypt over a password (wire version 1) costs a sixteenth, for
its 50 ms are not what is tested here; and the register answers by the ID number, see `Register`.
"""

import os
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path

from tests.soak.clock import SimulatedClock


class Register:
    """Register in which nine in ten match; the others come late, never, with another name, or unanswered."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._began = clock.true_unix()

    def check(self, name: str, number: str, picture: bytes | None):
        from central.activation.authority import MatchResult

        lot = sha256(number.encode()).digest()
        minutes = self._clock.true_unix() / 60
        match lot[0]:
            case n if n < 6:
                return MatchResult.MISMATCH
            case n if n < 10:
                return MatchResult.NOT_FOUND
            case n if n < 14:  # visible in every second half hour
                return MatchResult.NOT_FOUND if int(minutes / 30) % 2 else MatchResult.MATCH
            case n if n < 18:  # the register is unavailable in every second ten minutes
                return MatchResult.UNAVAILABLE if int(minutes / 10) % 2 else MatchResult.MATCH
            case n if n < 20:
                return MatchResult.NO_PHOTO
        return MatchResult.MATCH


def main(data: str, port: str, clock_file: str) -> None:
    clock = SimulatedClock(Path(clock_file))
    time.time = clock.true_unix
    import central.api.dependencies
    import central.security.passwords
    from central.api.server import serve
    from central.settings import load

    central.security.passwords._COST["n"] = 2**10
    central.api.dependencies.load_authority = lambda settings: Register(clock)
    keys = Path(data) / "keys"
    child = 0
    for line in sys.stdin:
        if line.strip() == "start":
            child = os.fork()
            if not child:
                try:
                    os.dup2(2, 1)
                    settings = load(Path(data), simulation=True)
                    serve(settings, "127.0.0.1", int(port), keys / "server.pem", keys / "server.key")
                finally:
                    os._exit(1)
            print(child, flush=True)
        else:
            died = not child or os.waitpid(child, os.WNOHANG)[0] != 0
            if not died:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            child = 0
            print("was dead" if died else "killed", flush=True)
    if child:  # the controlling process is gone
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
