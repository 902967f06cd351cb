"""Command line of the measurements: help for each, and nothing loaded that was not chosen."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.__main__ import main
from evaluation.commands import MEASUREMENTS, add_arguments

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "docs" / "evaluate.md"
LOADED = "import sys; print([m for m in ('onnxruntime', 'cv2', 'vosk', 'PySide6') if m in sys.modules])"


def help_of(*arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_help_lists_every_measurement(capsys):
    text = help_of(capsys=capsys)
    assert all(name in text and summary in text for name, (_, summary) in MEASUREMENTS.items())


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_each_measurement_has_help_of_its_own(name, capsys):
    text = help_of(name, capsys=capsys)
    assert MEASUREMENTS[name][1] in text
    assert "--seed" in text


def test_help_loads_no_engine():
    program = (
        "import contextlib, io; from evaluation.__main__ import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main(['--help'])\n" + LOADED
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_a_measurement_that_does_not_exist_is_refused(capsys):
    with pytest.raises(SystemExit) as end:
        main(["fingerprints"])
    assert end.value.code == 2
    assert "fingerprints" in capsys.readouterr().err


def commands_of_the_manual():
    """Every `kiosk evaluate …` of the manual, as (measurement, options)."""
    found = re.findall(r"kiosk evaluate ([a-z][^`#\n\\]+)", MANUAL.read_text(encoding="utf-8"))
    return sorted({" ".join(line.split()) for line in found})


@pytest.mark.parametrize("line", commands_of_the_manual())
def test_the_manuals_commands_are_understood(line):
    name, *words = line.split()
    assert name in MEASUREMENTS
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    known = parser.parse_args([name, *words])
    assert callable(known.measure)


def test_the_manual_describes_every_measurement():
    lines = commands_of_the_manual()
    assert {line.split()[0] for line in lines} == set(MEASUREMENTS)
