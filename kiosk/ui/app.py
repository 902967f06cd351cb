"""Graphical shell: `run` shows the window until it is closed or `quit` is called from any thread."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from kiosk.phrases import load
from kiosk.ports import Engine, Feeds
from kiosk.service_manager import KeepAlive
from kiosk.settings import Screen, Settings
from kiosk.staff.service import StaffService
from kiosk.ui.bridge import Bridge
from kiosk.ui.display import draw_unseen_without_display, no_display_is_told
from kiosk.ui.exception_hooks import install_hooks
from kiosk.ui.icons import load_icons
from kiosk.ui.least_size import require_size
from kiosk.ui.screenshots import ScreenshotRecorder
from kiosk.ui.termination_signals import TerminationSignals
from kiosk.ui.theme import Theme, load_fonts
from kiosk.ui.touch_driver import TouchDriver
from kiosk.ui.training_view import TrainingHost
from kiosk.ui.window import Window
from kiosk.ui.window_lock import WindowLock


def run(
    engine: Engine,
    feeds: Feeds,
    settings: Settings,
    *,
    simulated: bool = False,
    staff_service: StaffService | None = None,
    screens_dir: Path | None = None,
    on_ready: Callable[[TouchDriver], None] | None = None,
    keep_alive: KeepAlive | None = None,
) -> int:
    """Show the window until `quit`, SIGINT or SIGTERM, and return the exit status.

    In simulation closing the window ends it too; in production nothing on the screen or a keyboard does.
    `on_ready` is called on Qt's thread once the window is visible and must return at once; from then on
    `keep_alive` reports to the service manager. With
    `screens_dir`, and in simulation only, every screen is saved as a picture. Raises SettingsError if the
    font or an icon cannot be loaded, and in production DeviceMissing if the display is too small.
    """
    app = _make_application()
    _quit_relay()  # made here, so that it lives on this thread
    install_hooks()
    if not simulated:
        require_size(_window_size(settings.screen))
    window = Window(engine, feeds, settings, simulated=simulated, staff_service=staff_service)
    bridge = Bridge(engine, window)
    bridge.received.connect(window.handle_notice)
    recorder = ScreenshotRecorder(window, screens_dir) if screens_dir is not None and simulated else None
    signals = TerminationSignals(quit)
    _show(window, settings.screen)
    trainings = TrainingHost(window, feeds, settings)
    lock = None if simulated else _lock(window)
    if on_ready is not None:
        driver = TouchDriver(window)
        QTimer.singleShot(0, window, lambda: on_ready(driver))
    if keep_alive is not None:
        _report(keep_alive, window)
    status = app.exec()
    signals.close()
    trainings.close()
    if recorder is not None:
        recorder.close()
    if lock is not None:
        lock.release()
    app.setQuitOnLastWindowClosed(False)  # a second quit would end the next loop of this process at once
    if window.panel is not None:
        window.panel.sign_out()
        window.panel.close_tasks()
        window.panel.close()
    window.close()
    return status


def quit() -> None:
    """End `run` from any thread, once it has begun."""
    _quit_relay().requested.emit()


class _QuitRelay(QObject):
    """Ends Qt's loop on the thread that made this object.

    `QCoreApplication.quit` would first close the windows. That requests a second quit, which arrives after
    the loop has ended and would end the next loop of this process at once; `exit` does not.
    """

    requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.requested.connect(self._exit, Qt.ConnectionType.QueuedConnection)

    @Slot()
    def _exit(self) -> None:
        QCoreApplication.exit(0)


@cache
def _quit_relay() -> _QuitRelay:
    return _QuitRelay()


def _make_application() -> QApplication:
    draw_unseen_without_display(os.environ)
    with no_display_is_told():
        app = QApplication.instance() or QApplication(["kiosk"])
    assert isinstance(app, QApplication)
    load_fonts()
    load_icons()
    app.setStyle("Fusion")
    app.setQuitOnLastWindowClosed(True)
    app.setFont(Theme().font("body"))
    return app


def _report(keep_alive: KeepAlive, window: Window) -> None:
    """Say READY=1 when the loop runs, then beat from this thread for as long as there is a window."""
    QTimer.singleShot(0, window, lambda: keep_alive.manager.send("READY=1"))
    if keep_alive.manager.interval_s:
        timer = QTimer(window)
        timer.timeout.connect(keep_alive.beat)
        timer.start(int(keep_alive.manager.interval_s * 1000))


def _lock(window: Window) -> WindowLock:
    lock = WindowLock()
    lock.protect(window)
    if window.panel is not None and window.panel.fixed:
        lock.protect(window.panel)
    return lock


def _window_size(screen: Screen) -> QSize:
    """Return the size that the settings ask for, or the display's."""
    if screen.width_px and screen.height_px:
        return QSize(screen.width_px, screen.height_px)
    return QApplication.primaryScreen().size()


def _show(window: Window, screen: Screen) -> None:
    """Show the window as the settings ask, and a staff panel of its own window on the last display."""
    sized = bool(screen.width_px and screen.height_px)
    if sized:
        window.resize(_window_size(screen))
    if screen.full_screen and not sized:
        window.setCursor(Qt.CursorShape.BlankCursor)
        window.showFullScreen()
    else:
        window.show()
    panel = window.panel
    if panel is not None and panel.fixed:
        panel.retranslate(load(screen.language))
        panel.setGeometry(QApplication.screens()[-1].availableGeometry())
        panel.open()
