"""A terminal whose power goes at the very moment in which it promises delivery.

    python -m tests.end_to_end.killed SETTINGS

Says "in service", waits for a line on standard input, lets one customer in, and on the word ACCEPTED says it
with the number on the slip and kills itself (SIGKILL): on the engine's thread, before anything else happens.
"""

import os
import signal
import sys
from pathlib import Path

from kiosk import events as e
from kiosk.model import Outcome
from tests.support.headless_terminal import HeadlessTerminal, genuine_customer


def die(notice: e.Notice) -> None:
    if isinstance(notice, e.Print):
        print(notice.slip.outcome.value, notice.slip.id, flush=True)
        if notice.slip.outcome is Outcome.ACCEPTED:
            os.kill(os.getpid(), signal.SIGKILL)


def main(settings: Path) -> None:
    with HeadlessTerminal(settings) as headless:
        headless.terminal.engine.subscribe(die)
        headless.in_service()
        print("in service", flush=True)
        sys.stdin.readline()
        headless.visit(genuine_customer(seed=901))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
