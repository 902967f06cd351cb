"""In production nothing that types and no request to close changes anything, on any screen."""

import re
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from kiosk.events import Began, DigitShown, LightShown, Show
from kiosk.model import Stage
from kiosk.ui import app
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.digit_input import DigitInput
from kiosk.ui.window import Window
from kiosk.ui.window_lock import WindowLock
from tests.kiosk.ui.staff_world import World
from tests.kiosk.ui.stories import STORIES, play
from tests.kiosk.ui.test_app import small
from tests.support.roster_signer import CLERK

SCAN = "6901234567892\r"  # a barcode and what a scanner types after it
KEYS = (
    Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter,
    Qt.Key.Key_Escape, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home,
    Qt.Key.Key_PageDown, Qt.Key.Key_Menu, *(Qt.Key(Qt.Key.Key_F1 + n) for n in range(12)),
)  # fmt: skip
MODIFIERS = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def look(window):
    """Return everything that a key could change: what is visible, written, typed and focused."""
    texts = [(part.isVisible(), part.text()) for part in window.findChildren(QLabel)]
    texts += [(part.isVisible(), part.text()) for part in window.findChildren(Button)]
    typed = [part.text for part in window.findChildren(DigitInput)]
    return texts, typed, window.focusWidget()


def settle(window):
    """Wait until a screen that has just been entered is laid out and stays as it is."""
    before = None
    while before != (before := look(window)):
        QTest.qWait(100)
    window.touch_rest.end()  # it would keep the keys away by itself


def type_everything(window):
    """Send every key, then a scan, as the window system does, each once to each button that is visible."""
    handle = window.windowHandle()
    settle(window)
    for button in [None, *(b for b in window.findChildren(Button) if b.isVisible())]:
        if button is not None:
            button.setFocus()
        before = look(window)
        for key in KEYS:
            for modifier in MODIFIERS:
                QTest.keyClick(handle, key, modifier)
        for character in SCAN:
            QTest.keyClick(handle, Qt.Key.Key_Return if character == "\r" else character)
        assert look(window) == before


def touches(engine):
    """Return what was posted, without reports of what was painted."""
    return [event for event in engine.posted if not isinstance(event, DigitShown | LightShown)]


@pytest.fixture
def production(qtbot, engine, feeds, tmp_path):
    world = World(tmp_path).visits()
    window = Window(engine, feeds, world.settings, simulated=False, staff_service=world.service)
    qtbot.addWidget(window)
    window.resize(1080, 1920)
    window.show()
    qtbot.waitExposed(window)
    lock = WindowLock()
    lock.protect(window)
    yield window
    lock.release()
    window.panel.close_tasks()


@pytest.mark.parametrize("name", STORIES)
def test_keys_and_scanners_change_nothing_on_any_screen(production, engine, name):
    play(production, STORIES[name])
    settle(production)
    before = touches(engine)
    type_everything(production)
    production.close()
    assert production.isVisible()
    assert touches(engine) == before


def test_keys_and_scanners_change_nothing_in_the_staff_panel(production):
    production.handle_notice(Show(stage=Stage.IDLE))
    type_everything(production)
    assert not production.panel.isVisible()
    production.open_staff_panel()
    type_everything(production)  # the number
    for digit in CLERK:
        production.panel.sign_in.keypad.digit.emit(digit)
    production.panel.sign_in.keypad.go_on.emit()
    type_everything(production)  # the PIN
    assert not production.panel.signed_in


def test_without_the_lock_the_same_keys_do_something(window, engine):
    """Show that the keys of these tests arrive at all."""
    window.handle_notice(Show(stage=Stage.IDLE))
    settle(window)
    next(b for b in window.findChildren(Button) if b.objectName() == "begin").setFocus()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Space)
    assert isinstance(engine.posted[-1], Began)


@pytest.mark.parametrize("simulated", [False, True])
def test_closing_the_window_ends_the_program_in_simulation_only(
    qapp, engine, feeds, settings, caplog, simulated
):
    """The request comes as from a window manager, then Qt's own `quit`, as at a session's end."""
    closed = []

    def ask(handle):
        handle.close()
        QApplication.quit()
        closed.append(not handle.isVisible())
        if not simulated:
            threading.Timer(0.3, app.quit).start()

    def ready(driver):
        handle = next(w for w in QApplication.topLevelWidgets() if isinstance(w, Window) and w.isVisible())
        QTimer.singleShot(0, driver, lambda: ask(handle.windowHandle()))

    assert app.run(engine, feeds, small(settings), simulated=simulated, on_ready=ready) == 0
    assert closed == [simulated]
    assert ("refused" in caplog.text) is not simulated


def test_the_panels_own_window_is_locked_too(qapp, engine, feeds, tmp_path):
    world = World(tmp_path)
    settings = small(world.settings)
    settings = replace(settings, screen=replace(settings.screen, staff_window=True))
    left = []

    def ask():
        panels = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
        for panel in panels:
            panel.close()
        left.append([panel.isVisible() for panel in panels])
        threading.Timer(0.1, app.quit).start()

    app.run(
        engine, feeds, settings, simulated=False, staff_service=world.service,
        on_ready=lambda driver: QTimer.singleShot(0, driver, ask),
    )  # fmt: skip
    assert left == [[True, True]]


def test_the_service_starts_the_terminal_again_however_it_ended():
    unit = (Path(__file__).parents[3] / "resources/service/kiosk.service").read_text()
    assert re.search(r"^Restart=always$", unit, re.M)
    assert re.search(r"^StartLimitIntervalSec=0$", unit, re.M)
    assert "KillSignal" not in unit  # SIGTERM, which the program ends on
