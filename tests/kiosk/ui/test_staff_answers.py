"""Tests of devices and a saved report say on the panel what came of them, and where the files are."""

import pytest

from kiosk.codes import Code
from kiosk.model import Language
from kiosk.phrases import load
from kiosk.printing.a4 import PAGE, Section, draw_pages
from kiosk.printing.day_report import report_blocks
from kiosk.staff.actions import StaffAction
from tests.kiosk.ui.test_staff_panel import WindowWithStaff
from tests.support.roster_signer import BOSS

PHRASES = load()


@pytest.fixture
def staffed(qtbot, engine, feeds, tmp_path):
    made = WindowWithStaff(qtbot, engine, feeds, tmp_path)
    made.enter()
    yield made
    made.panel.close_tasks()


def press(staffed, page, button):
    shown = staffed.page(page)
    staffed.window.touch_rest.end()
    assert staffed.driver.press(button)
    staffed.settle()
    return shown.result_text


@pytest.mark.parametrize("code", [Code.OK, Code.SPEAKER_MISSING])
def test_the_loudspeaker_is_said_to_have_played_only_if_it_did(staffed, code):
    staffed.world.played = code
    said = press(staffed, "devices", "staff_tone")
    assert said == (PHRASES["staff.played"] if code is Code.OK else PHRASES.clerk(code))


def test_a_stick_is_written_read_and_left_as_it_was(staffed):
    assert press(staffed, "devices", "staff_stick") == PHRASES.clerk(Code.STICK_MISSING)
    stick = staffed.world.folder / "stick"
    stick.mkdir()
    assert press(staffed, "devices", "staff_stick") == PHRASES["staff.stick_works"]
    assert list(stick.iterdir()) == []


def test_a_stick_that_reads_something_else_is_no_good(staffed, monkeypatch):
    (staffed.world.folder / "stick").mkdir()
    monkeypatch.setattr("kiosk.staff.service.read_regular", lambda path, most: b"\0" * most)
    assert press(staffed, "devices", "staff_stick") == PHRASES.clerk(Code.STICK_UNWRITABLE)


def test_a_report_on_the_stick_is_named_and_one_that_nobody_reaches_is_a_warning(staffed):
    assert press(staffed, "report", "staff_save") == PHRASES["staff.saved_here"]
    stick = staffed.world.folder / "stick"
    stick.mkdir()
    said = press(staffed, "report", "staff_save")
    sheet, page = sorted(stick.iterdir())
    assert said == f"{PHRASES['staff.saved']}  {page.name}, {sheet.name}"
    assert b"/MediaBox [ 0 0 595.2 841.92 ]" in page.read_bytes(), "A4"


def test_the_report_is_in_the_clerks_language(staffed):
    staffed.world.service.languages.set(BOSS, Language.EN)
    report = staffed.world.service._day_report(staffed.world.service.day())
    assert "Report" in report_blocks(report)[0].text


def test_a_long_report_has_several_pages_and_loses_nothing(staffed):
    for _ in range(60):
        staffed.world.acts.record(StaffAction.TEST, BOSS)
    report = staffed.world.service._day_report(staffed.world.service.day())
    pages = draw_pages([Section("zh-Hans", report_blocks(report))])
    assert len(pages) > 1
    assert all(page.size == PAGE for page in pages)
    assert all(min(page.convert("L").tobytes()) == 0 for page in pages), "no page is blank"
