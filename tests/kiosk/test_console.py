"""No command of any program ends in an encoding error, or in a traceback when nobody reads any more."""

import argparse
import importlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import central.__main__ as central_program
import demo.__main__ as demo_program
import evaluation.__main__ as evaluation_program
import kiosk.__main__ as kiosk_program
from central.console import run_command as run_centrals
from evaluation import commands as measurements
from kiosk.commands.parser import CommandParser
from kiosk.console import READER_GONE, run_command

ROOT = Path(__file__).parents[2]
HOSTILE = ("ascii", "gbk", "latin-1")
TEXT = "身份证 → 𠮷 ✓ \udcff"


def lines(parser: argparse.ArgumentParser, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the names of every command and action below a parser, itself first."""
    yield names
    if isinstance(parser, CommandParser):
        parser.load()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from lines(below, (*names, name))


def evaluation_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    measurements.add_arguments(parser)
    return parser


PROGRAMS: dict[str, tuple[Callable[[list[str]], int], argparse.ArgumentParser]] = {
    "kiosk": (kiosk_program.main, kiosk_program.command_line()),
    "central": (central_program.main, central_program.parser()),
    "evaluation": (evaluation_program.main, evaluation_parser()),
}
COMMANDS = [(program, names) for program, (_, parser) in PROGRAMS.items() for names in lines(parser)]


def status(work: Callable[[], int]) -> int:
    try:
        return work()
    except SystemExit as ended:
        return int(ended.code or 0)


@contextmanager
def closed_pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let standard output be a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as stream, monkeypatch.context() as changed:
        changed.setattr(sys, "stdout", stream)
        yield


def test_the_commands_are_found():
    assert {
        ("kiosk", ("audit", "restart")),
        ("central", ("clerk", "add")),
        ("evaluation", ("speech",)),
    } <= set(COMMANDS)


@pytest.mark.parametrize("encoding", HOSTILE)
@pytest.mark.parametrize(
    ("program", "names"), COMMANDS, ids=lambda part: "-".join([part] * isinstance(part, str))
)
def test_every_command_speaks_on_every_console(program, names, encoding, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", out)
    assert status(lambda: PROGRAMS[program][0]([*names, "--help"])) == 0
    out.flush()
    assert out.buffer.getvalue()


@pytest.mark.parametrize(
    ("program", "names"), COMMANDS, ids=lambda part: "-".join([part] * isinstance(part, str))
)
def test_every_command_ends_quietly_when_its_reader_is_gone(program, names, monkeypatch):
    with closed_pipe(monkeypatch):
        ended = status(lambda: PROGRAMS[program][0]([*names, "--help"]))
    assert ended == READER_GONE


@pytest.mark.parametrize("run", [run_command, run_centrals])
@pytest.mark.parametrize("encoding", HOSTILE)
def test_what_a_console_cannot_show_is_printed_as_its_number(run, encoding, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", out)
    assert run(lambda: print(TEXT) or 0) == 0
    assert b"\\udcff" in out.buffer.getvalue()


@pytest.mark.parametrize("run", [run_command, run_centrals])
def test_a_long_output_that_nobody_reads_any_more(run, monkeypatch):
    with closed_pipe(monkeypatch):
        ended = run(lambda: [print("x" * 1000) for _ in range(100)] and 0)
    assert ended == READER_GONE


@pytest.mark.parametrize("run", [run_command, run_centrals])
def test_another_broken_pipe_is_no_console(run):
    def fail() -> int:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(fail)


@pytest.mark.parametrize(
    "module", ["demo.__main__", "demo.attacks", "demo.pictures", "kiosk.simulators.sam_v_faults"]
)
def test_programs_beside_the_commands_use_the_same_console(module):
    source = Path(str(importlib.import_module(module).__file__)).read_text(encoding="utf-8")
    assert "sys.exit(run_command(" in source
    assert demo_program.main


@pytest.mark.parametrize("module", ["kiosk", "central"])
def test_a_real_process_in_a_bare_locale_into_a_closed_pipe(module):
    """Once as a shell does it: the interpreter's own last flush counts too."""
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment.pop("PYTHONUNBUFFERED", None)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT, env=environment, stdout=write, stderr=subprocess.PIPE, check=False, timeout=120,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (READER_GONE, b"")
