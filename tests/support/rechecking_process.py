"""A process of central that only looks again at what is due, with a wrong clock and a register that counts.

    python -m tests.support.rechecking_process FOLDER DATABASE_URL SECONDS ASKED

`SECONDS`: by how much its machine's clock is ahead. Each question adds a line to the file ASKED. The process
ends when its standard input does.
"""

import sys
import time
from pathlib import Path

from central.activation.authority import MatchResult
from central.api import dependencies
from central.settings import Recheck, Settings
from tests.support.in_process_central import QUICK_VISITS


class CountingRegister:
    """Knows everybody, after a while."""

    def __init__(self, asked: Path) -> None:
        self._asked = asked

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        with self._asked.open("a") as file:
            file.write(f"{number}\n")
        time.sleep(0.2)
        return MatchResult.MATCH


def main(folder: str, database_url: str, seconds: str, asked: str) -> None:
    """Serve until standard input ends."""
    right_time, ahead_s = time.time, float(seconds)
    time.time = lambda: right_time() + ahead_s
    dependencies.load_authority = lambda _: CountingRegister(Path(asked))
    recheck = Recheck(poll_in_simulation_s=0.05, calls=2)
    settings = Settings(
        data=Path(folder),
        database_url=database_url,
        simulation=True,
        recheck=recheck,
        plausibility=QUICK_VISITS,
    )
    service = dependencies.build(settings)
    service.rechecker.start()
    service.maintenance.start()
    sys.stdin.read()
    service.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
