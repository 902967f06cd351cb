"""`kiosk run` says what is missing and what to do, in one sentence, instead of a traceback or a core dump."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.__main__ import main
from kiosk.codes import Code
from kiosk.commands import run
from kiosk.errors import DeviceMissing
from kiosk.ui.display import draw_unseen_without_display

ROOT = Path(__file__).parents[3]


def test_without_settings_it_says_where_to_get_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "site.example.toml" in line


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_without_a_display_it_says_so(name):
    run.require_display({name: "x"})
    for nothing in ({}, {name: ""}):
        with pytest.raises(DeviceMissing) as caught:
            run.require_display(nothing)
        assert caught.value.code is Code.DISPLAY_MISSING


def test_a_display_that_is_not_there_ends_with_a_sentence():
    """Qt itself aborts."""
    code = "from kiosk.ui.app import _make_application; _make_application()"
    environment = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")}
    environment |= {"DISPLAY": "localhost:99", "QT_QPA_PLATFORM": "none-such"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"kiosk: {Code.DISPLAY_MISSING}")


@pytest.mark.parametrize("set_", [{}, {"DISPLAY": ""}, {"QT_QPA_PLATFORM": ""}])
def test_a_simulation_without_a_display_says_so_in_one_line_and_goes_on(set_):
    code = "from kiosk.ui.app import _make_application; print(_make_application().platformName())"
    names = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment | set_, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "offscreen")
    [line] = done.stderr.splitlines()
    assert "no display" in line
    assert "offscreen" in line


def test_a_platform_that_was_chosen_is_kept_without_a_word(capsys):
    environment = {"QT_QPA_PLATFORM": "minimal"}
    draw_unseen_without_display(environment)
    assert environment == {"QT_QPA_PLATFORM": "minimal"}
    assert not capsys.readouterr().err


def test_without_an_enrolment_it_starts_and_says_how_to_enrol(tmp_path, monkeypatch, capsys):
    file = tmp_path / "settings.toml"
    file.write_text(
        '[central]\nurl = "https://localhost:1"\n[operator]\nname = "样板店"\ncontact = "020-1"\n',
        encoding="utf-8",
    )
    started = []
    monkeypatch.setattr(run.process_hardening, "restart_clean", lambda: None)
    monkeypatch.setattr(run.process_hardening, "no_dumps", lambda: None)
    monkeypatch.setattr(run, "Terminal", lambda settings: settings)
    monkeypatch.setattr(run, "run_window", lambda terminal, screens: started.append(terminal) or 0)
    assert main(["run", "--settings", str(file)]) == 0
    assert started
    [line] = capsys.readouterr().err.splitlines()
    assert "identity.missing" in line
    assert "kiosk enrol" in line
