"""Every command explains itself, and none pays for what only another one needs."""

import argparse
import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from kiosk import commands
from kiosk.__main__ import command_line, main
from kiosk.commands.parser import CommandParser

ROOT = Path(__file__).parents[3]


def subcommands(parser: CommandParser, name: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Names of all commands and actions below a parser, outermost first."""
    parser.load()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield (*name, word)
                yield from subcommands(below, (*name, word))


ALL = tuple(subcommands(command_line()))


def test_all_commands_are_found():
    assert {names[0] for names in ALL} == set(commands.available_commands())
    actions = {
        ("identity", "rotate"),
        ("identity", "reader"),
        ("audit", "restart"),
        ("privacy", "receipts"),
        ("models", "seal"),
    }
    assert actions | {("evaluate", "speech")} <= set(ALL)


@pytest.mark.parametrize("names", [(), *ALL], ids=" ".join)
def test_every_command_has_help(names, capsys):
    with pytest.raises(SystemExit) as end:
        main([*names, "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {' '.join(('kiosk', *names))}")


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"kiosk {version('kiosk')}\n"


def test_arguments_that_cannot_be_used_end_with_status_2(capsys):
    for arguments in ((), ("nonsense",), ("audit",), ("audit", "nonsense"), ("privacy", "erase")):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 2
    assert "kiosk privacy erase" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", ["--help", "report --help", "audit verify --help", "models list --help"]
)
def test_only_the_commands_that_need_them_import_the_heavy_libraries(arguments):
    program = (
        "import sys\nfrom kiosk.__main__ import main\n"
        f"try: main({arguments.split()!r})\nexcept SystemExit: pass\n"
        "print([name for name in ('PySide6', 'cv2', 'onnxruntime', 'vosk') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_evaluate_is_a_command_only_where_the_package_is_installed(monkeypatch):
    monkeypatch.setattr(commands, "find_spec", lambda _: None)
    assert "evaluate" not in commands.available_commands()
    assert "run" in commands.available_commands()


def test_no_module_imports_a_command():
    """`kiosk.commands` holds programs; what others need lies elsewhere. The parser may be reused."""
    modules = {f"kiosk.commands.{name}" for name in commands.available_commands()}
    checked = 0
    for path in (
        p for top in ("kiosk", "evaluation", "demo", "benchmarks") for p in (ROOT / top).rglob("*.py")
    ):
        if path.parent == ROOT / "kiosk" / "commands":
            continue
        checked += 1
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            else:
                continue
            assert not names & modules, path
    assert checked
