"""Says why nobody sees a window: Qt would only abort, or draw where nothing is shown."""

import os
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from kiosk.codes import Code

EXIT_STATUS = 1

UNSEEN = (
    "kiosk: no display: neither DISPLAY, WAYLAND_DISPLAY nor QT_QPA_PLATFORM is set; the window is drawn "
    "but shown nowhere (offscreen)"
)


def draw_unseen_without_display(environment: MutableMapping[str, str]) -> None:
    """Let Qt draw offscreen where there is no display, and say so on stderr.

    In production `kiosk run` has refused to start by then (`kiosk.commands.run.require_display`).
    """
    if sys.platform.startswith(("win", "darwin")) or any(environment.get(name) for name in _NAMES):
        return
    environment["QT_QPA_PLATFORM"] = "offscreen"
    print(UNSEEN, file=sys.stderr, flush=True)


@contextmanager
def no_display_is_told() -> Iterator[None]:
    """End the process with a sentence if Qt finds no display while the application is made.

    Qt calls `abort` after such a message: a core dump, and ten lines that name plugins.
    """
    previous = qInstallMessageHandler(_tell)
    try:
        yield
    finally:
        qInstallMessageHandler(previous)


def _tell(kind: QtMsgType, _: QMessageLogContext, message: str) -> None:
    if kind is not QtMsgType.QtFatalMsg:
        return
    reason = message.splitlines()[0] if message else ""
    names = [f"{name}={os.environ[name]}" for name in _NAMES if os.environ.get(name)]
    print(f"kiosk: {Code.DISPLAY_MISSING}: {reason} ({', '.join(names)})", file=sys.stderr, flush=True)
    os._exit(EXIT_STATUS)


_NAMES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
