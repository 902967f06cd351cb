"""Keep a production window open and deaf to keyboards: only touches, SIGINT and SIGTERM reach the terminal.

A keyboard is whatever types: one that somebody plugs in, a barcode scanner, a window manager's shortcut that
ends in a request to close. Every screen is made for touch, so no key has a meaning here.
"""

import logging

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

log = logging.getLogger(__name__)

_KEYS = {
    QEvent.Type.KeyPress,
    QEvent.Type.KeyRelease,
    QEvent.Type.ShortcutOverride,
    QEvent.Type.InputMethod,
}


class WindowLock(QObject):
    """Drops keys and refuses to close the windows given to `protect`, until `release`."""

    def __init__(self) -> None:
        super().__init__()
        self._protected: list[QObject] = []

    def protect(self, window: QWidget) -> None:
        """Protect a window that is shown."""
        handle = window.windowHandle()
        # Keys arrive at the handle, before the widget that has the focus; requests to close at the widget.
        for part in (window, handle):
            part.installEventFilter(self)
            self._protected.append(part)

    def release(self) -> None:
        """Let the windows close: the terminal is ending."""
        for part in self._protected:
            part.removeEventFilter(self)
        self._protected.clear()

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        if event.type() in _KEYS:
            return True
        if event.type() is QEvent.Type.Close:
            log.warning("a request to close the window was refused; SIGTERM ends the terminal")
            event.ignore()
            return True
        return False
