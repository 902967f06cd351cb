"""Starts a bare program and waits until it says that it is there."""

import subprocess
import sys
import time
from types import TracebackType


class Bare:
    """A context. `module`: one that prints the monotonic time when it is ready, and ends with its input."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = [sys.executable, "-m", module, *arguments]

    def __enter__(self) -> "Bare":
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.said = self._process.stdout.readline()
        if not self.said:
            raise RuntimeError(f"{self._command[2]} did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=30)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def start_s(self) -> float:
        """From the start of the process to its word."""
        return float(self.said) - self.started
