"""A central that is killed and started many times: forked from a process that is ready to serve.

The process is a Python module that reads commands on standard input, one a line, and answers each with one
line. Importing central takes seconds; a fork does not.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.central_server import RunningCentral

ROOT = Path(__file__).parents[2]


class ControlledCentral:
    """Central in simulation, with its data below `folder`; `start` and `kill` may be repeated."""

    def __init__(
        self, folder: Path, module: str, settings: str, *arguments: str, database_url: str = ""
    ) -> None:
        """`module` is called with data folder, port and `arguments`; `settings`: text of `central.toml`."""
        self.made = RunningCentral(folder, True, settings, database_url)
        self._log = self.made.log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(self.made.data), str(self.made.port), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": database_url},
        )

    def start(self, *options: str) -> str:
        """Start the server, wait until it answers, and return what the process said."""
        said = self.command(" ".join(("start", *options)))
        self.made.until_answers()
        return said

    def kill(self) -> bool:
        """Kill the server; True if it was dead already."""
        return self.command("kill") == "was dead"

    def command(self, line: str) -> str:
        """Send one command and return the answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the server and its process."""
        self.kill()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()
        self._log.close()
