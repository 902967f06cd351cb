"""`kiosk check`: each finding says what to do; the row of the settings applies the bounds of production."""

import itertools
import time

import msgspec
import pytest

from kiosk.clock import CLOCK_FILE, ClockMemory
from kiosk.codes import Code
from kiosk.commands import check
from kiosk.commands.check import CHECKS, Finding, run_checks, staff_language
from kiosk.errors import DeviceLost, KioskError, ModelError
from kiosk.model import Language
from kiosk.paths import RESOURCES
from kiosk.phrases import load as phrases
from kiosk.ports import Context
from kiosk.settings import load
from kiosk.simulators.camera import SimulatedCamera, SimulatedCameraSettings, with_fault
from kiosk.simulators.head import EmptyShop
from kiosk.simulators.shop import SimulatedShop
from tests.support.faces import context, head, needs_models


@pytest.mark.parametrize(
    ("fault", "code"),
    [("none", None), ("frozen", Code.CAMERA_FROZEN), ("covered", Code.CAMERA_COVERED)],
)
def test_a_camera_is_watched_for_a_while(fault, code, tmp_path, monkeypatch):
    ticks = itertools.count(100.0, 0.05)
    world = Context(
        resources=RESOURCES,
        models=tmp_path,
        simulation=True,
        clock=lambda: next(ticks),
        world=SimulatedShop(tmp_path),
    )
    camera = SimulatedCamera(SimulatedCameraSettings(fault=fault), world)
    monkeypatch.setattr(check, "make_driver", lambda settings, port, context: _made(port, camera))
    if code is None:
        assert check.check_camera(load(), world).startswith("640×480")
        return
    with pytest.raises(DeviceLost) as caught:
        check.check_camera(load(), world)
    assert caught.value.code is code


def _made(port, camera):
    if port == "camera":
        return camera
    raise ModelError(Code.MODEL_MISSING, "not needed here")


@needs_models
@pytest.mark.parametrize(("fault", "turn"), [("none", 0), ("upside_down", 180), ("on_its_side", 270)])
def test_a_turned_camera_is_told_where_somebody_stands_before_it(fault, turn):
    picture = with_fault(head("hopper").render(1.0), fault, 1.0)
    assert check._turn_needed(picture, load(), context()) == turn
    assert check._turn_needed(EmptyShop().render(1.0), load(), context()) == 0


@pytest.mark.parametrize("locale", ["C", "zh_CN.UTF-8", "zh_HK"])
@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_every_finding_says_what_to_do_next(code, locale, monkeypatch):
    def fail(*_):
        raise KioskError(code, "detail")

    monkeypatch.setenv("LC_ALL", locale)
    rows = []
    assert run_checks(load(), {"one": fail, "two": lambda *_: Finding("found", code)}, rows.append) == 1
    step = phrases(staff_language({"LC_ALL": locale})).engineer(code)
    assert step
    for row, state in zip(rows, ("FAILS", "CARE"), strict=True):
        assert row.split()[1] == state
        assert row.endswith(f"→ {step}")


def test_what_is_in_order_needs_nothing_next(monkeypatch):
    rows = []
    assert run_checks(load(), {"one": lambda *_: "found"}, rows.append) == 0
    assert "→" not in rows[0]


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH_HANS),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, Language.EN),
        ({"LANG": "zh_HK.UTF-8"}, Language.ZH_HANT),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "C"}, Language.ZH_HANS),
    ],
)
def test_the_table_is_in_the_consoles_language(variables, language):
    assert staff_language(variables) is language


@pytest.mark.parametrize(("mode", "warned"), [("production", True), ("simulation", False)])
def test_a_key_in_a_file_is_no_fault_but_is_mentioned_in_production(tmp_path, mode, warned):
    file = tmp_path / "settings.toml"
    file.write_text(f'mode = "{mode}"\n', encoding="utf-8")
    rows = []
    assert run_checks(load(file), {"terminal key": CHECKS["terminal key"]}, rows.append) == 0
    assert rows[0].split()[:4] == ["terminal", "key", "ok", "file;" if warned else "file"]
    assert ("copy" in rows[0]) is warned


@pytest.mark.parametrize(("contact", "word"), [("", "FAILS"), ("020-1", "ok")])
def test_an_operator_that_is_not_set_fails_in_production(tmp_path, contact, word):
    file = tmp_path / "settings.toml"
    file.write_text(f'[operator]\nname = "样板店"\ncontact = "{contact}"\n', encoding="utf-8")
    rows = []
    good = run_checks(load(file), {"operator": CHECKS["operator"]}, rows.append) == 0
    assert [row.split()[:2] for row in rows] == [["operator", word]]
    assert "operator" in rows[0] if not good else "样板店 020-1" in rows[0]


@pytest.mark.parametrize(("line", "word"), [("accept = 0.45", "ok"), ("accept = 0.01", "FAILS")])
def test_settings_that_production_refuses_fail_before_the_terminal_is_started(tmp_path, line, word):
    file = tmp_path / "settings.toml"
    file.write_text(f"[visit]\n{line}\n", encoding="utf-8")
    rows = []
    good = run_checks(load(file), {"settings": CHECKS["settings"]}, rows.append) == 0
    assert [row.split()[:2] for row in rows] == [["settings", word]]
    assert good is (word == "ok")


@pytest.mark.parametrize(("seen_s", "word"), [(-60.0, "ok"), (3600.0, "FAILS")])
def test_the_clock_is_judged_by_the_terminals_rule_and_memory(tmp_path, seen_s, word):
    settings = load_empty(tmp_path)
    storage = settings.path(settings.storage.folder)
    storage.mkdir(parents=True)
    memory = ClockMemory(seen_unix=time.time() + seen_s)
    (storage / CLOCK_FILE).write_bytes(msgspec.json.encode(memory))
    rows = []
    run_checks(settings, {"clock": CHECKS["clock"]}, rows.append)
    assert [row.split()[:2] for row in rows] == [["clock", word]]
    assert msgspec.json.decode((storage / CLOCK_FILE).read_bytes(), type=ClockMemory) == memory


def load_empty(folder):
    (folder / "settings.toml").write_text('mode = "simulation"\n', encoding="utf-8")
    return load(folder / "settings.toml")
