"""Tries a fault: the tests of its file run in a copy of the tree, never in the tree itself."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.mutants.operators import Mutant

MEMORY_BYTES = 8 * 2**30
"""A loop that never ends may also grow."""


class Outcome(Enum):
    KILLED = "killed"
    SURVIVED = "survived"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Run:
    """How the tests ended. `passed`: None if their time was over."""

    passed: bool | None
    took_s: float
    output: str


class TreeCopy:
    """A copy of what git knows of a tree, in which files are changed and tests run."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root, capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        for name in filter(None, listed):
            if (root / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)
        if (models := root / "var" / "models").exists():
            (folder / "var").mkdir(exist_ok=True)
            (folder / "var" / "models").symlink_to(models.resolve())
        self._scratch = folder / "scratch"

    def attempt(self, path: str, mutant: Mutant, tests: tuple[str, ...], limit_s: float) -> Outcome:
        """Put the fault into `path`, run the tests, and take it out again."""
        file = self._folder / path
        source = file.read_bytes()
        self._write(file, mutant.apply(source))
        try:
            run = self.test(tests, limit_s)
        finally:
            self._write(file, source)
        if run.passed is None:
            return Outcome.TIMED_OUT
        return Outcome.SURVIVED if run.passed else Outcome.KILLED

    def test(self, tests: tuple[str, ...], limit_s: float) -> Run:
        """Run the tests until the first that fails."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        folder = str(self._folder)
        # In the same order and with the same examples each time, so that a seed gives the same result again.
        options = ["-x", "-q", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": folder, "TMPDIR": str(self._scratch)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_limit_memory,
        )
        try:
            output, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            return Run(None, time.monotonic() - began, "")
        finally:
            _end(process)
        return Run(process.returncode == 0, time.monotonic() - began, output)

    def _write(self, file: Path, source: bytes) -> None:
        """Bytecode goes with the file: Python tells two versions apart by size and second only."""
        file.write_bytes(source)
        for stale in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            stale.unlink()


def _end(process: subprocess.Popen[str]) -> None:
    """End what still runs: the tests, and what they started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
