"""What every benchmark is given: how often to measure, where to write, and an environment to measure in."""

import os
from pathlib import Path
from types import TracebackType

from msgspec import Struct

from demo.environment import Environment
from demo.running_terminal import RunningTerminal

START_S = 60.0
"""A start that takes longer has failed."""
SIZE = (1080, 1920)
NO_RATE_LIMIT = "[requests]\nper_s = 1e6\nburst = 1000000\nstrangers_per_s = 1e6\nstrangers_burst = 1000000\n"
"""Lifts central's rate limit, which a fast machine reaches; what is measured is central's speed."""


class CentralOptions(Struct, frozen=True, kw_only=True):
    """What of central is measured, and how. `only`: its parts; none: all. `seconds`: of one round.

    `terminals` return at once; `rows`: of the database that has grown; `pending`: requests that wait.
    """

    only: tuple[str, ...] = ()
    databases: tuple[str, ...] = ("postgresql", "sqlite")
    workers: int = 1
    seconds: float = 5.0
    rounds: int = 6
    terminals: int = 5000
    rows: int = 10_000_000
    pending: int = 100_000


QUICK_CENTRAL = CentralOptions(
    databases=("postgresql",), seconds=0.5, rounds=1, terminals=20, rows=1000, pending=1000
)
"""To see that it works."""


class Terminal(RunningTerminal):
    """The terminal's process as the demo starts it."""

    def until_idle(self) -> float:
        """When IDLE was shown (monotonic clock). Raises RuntimeError if it never is."""
        at = self.wait_for_idle(START_S)
        if at is None:
            raise RuntimeError("the terminal did not come into service")
        return at


class Bench:
    """A context. `work`: an empty folder; `quick`: measure a little, to see that it works."""

    def __init__(
        self, work: Path, models: Path, *, quick: bool, central: CentralOptions = QUICK_CENTRAL
    ) -> None:
        self.work, self.models, self.quick, self.central = work, models, quick, central
        self._environment: Environment | None = None

    def __enter__(self) -> "Bench":
        self.work.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # the same on every machine
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        environment, self._environment = self._environment, None
        if environment is not None:
            environment.__exit__(kind, error, trace)

    def times(self, full: int, quick: int) -> int:
        """How often to measure."""
        return quick if self.quick else full

    @property
    def environment(self) -> Environment:
        """Central in its own process and an enrolled terminal's settings; one for all benchmarks of a run."""
        if self._environment is None:
            folder = self.work / "environment"
            folder.mkdir(mode=0o700)
            opened = Environment(folder, self.models, SIZE, fast=True, central_settings=NO_RATE_LIMIT)
            self._environment = opened.__enter__()
            self._environment.start()
        return self._environment

    def terminal(self) -> Terminal:
        """A terminal that has just been started; `quit` it."""
        return Terminal(self.environment, None)


def load() -> float:
    """The machine's load average over the last minute."""
    return os.getloadavg()[0]
