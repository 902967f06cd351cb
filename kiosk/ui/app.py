"""The shell with a window: `run` shows it and returns when it is left; `quit` leaves from any thread."""

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from kiosk.phrases import load
from kiosk.ports import Engine, Feeds
from kiosk.settings import Screen, Settings
from kiosk.staff.service import StaffService
from kiosk.ui.bridge import Bridge
from kiosk.ui.exception_hooks import install_hooks
from kiosk.ui.icons import load_icons
from kiosk.ui.screenshots import ScreenshotRecorder
from kiosk.ui.signals import Signals
from kiosk.ui.staff.panel import Panel
from kiosk.ui.theme import Theme, load_fonts
from kiosk.ui.touch_driver import TouchDriver
from kiosk.ui.window import Window


def run(
    engine: Engine,
    feeds: Feeds,
    settings: Settings,
    *,
    simulated: bool = False,
    counter: StaffService | None = None,
    screens_dir: Path | None = None,
    on_ready: Callable[[TouchDriver], None] | None = None,
) -> int:
    """Show the window until `quit`, SIGINT or SIGTERM; the exit status.

    `on_ready` is called on Qt's thread once the window is seen and must return at once. `screens_dir` takes a
    picture of every screen, in simulation only. Raises SettingsError if the font or an icon cannot be loaded.
    """
    app = _application()
    _door()  # made here, so that it lives on this thread
    install_hooks()
    window = Window(engine, feeds, settings, simulated=simulated, counter=counter)
    bridge = Bridge(engine, window)
    bridge.told.connect(window.take)
    album = ScreenshotRecorder(window, screens_dir) if screens_dir is not None and simulated else None
    signals = Signals(quit)
    _show(window, settings.screen)
    if window.panel is not None and window.panel.fixed:
        _show_apart(window.panel, settings.screen.language)
    if on_ready is not None:
        hand = TouchDriver(window)
        QTimer.singleShot(0, window, lambda: on_ready(hand))
    status = app.exec()
    signals.close()
    if album is not None:
        album.close()
    app.setQuitOnLastWindowClosed(False)  # we have left already; a second quit would spoil a next loop
    if window.panel is not None:
        window.panel.leave()
        window.panel.close_errands()
        window.panel.close()
    window.close()
    return status


def quit() -> None:
    """Leave; from any thread, once `run` has begun."""
    _door().asked.emit()


class _Door(QObject):
    """The way out of Qt's loop. `QCoreApplication.quit` would close the windows on its way, and that asks to
    quit once more, after the loop has ended: the next loop would end at once.
    """

    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self._leave, Qt.ConnectionType.QueuedConnection)

    @Slot()
    def _leave(self) -> None:
        QCoreApplication.exit(0)


@cache
def _door() -> _Door:
    return _Door()


def _application() -> QApplication:
    if not sys.platform.startswith(("win", "darwin")) and not _has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication(["kiosk"])
    assert isinstance(app, QApplication)
    load_fonts()
    load_icons()
    app.setStyle("Fusion")
    app.setQuitOnLastWindowClosed(True)
    app.setFont(Theme().font("body"))
    return app


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show(window: Window, screen: Screen) -> None:
    if screen.width_px and screen.height_px:
        window.resize(screen.width_px, screen.height_px)
    if screen.full_screen and not (screen.width_px and screen.height_px):
        window.setCursor(Qt.CursorShape.BlankCursor)
        window.showFullScreen()
    else:
        window.show()


def _show_apart(panel: Panel, language: str) -> None:
    """On the second screen, if there is one."""
    panel.speak(load(language))
    screens = QApplication.screens()
    panel.setGeometry(screens[-1].availableGeometry())
    panel.open()
