"""Tells that the customer's screen is touched, anywhere on it, and not more often than is of use."""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

EVERY_S = 3.0
"""A touch so soon after the last that was told changes no deadline that anybody would notice."""

_TOUCHES = frozenset({QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin, QEvent.Type.KeyPress})


class TouchReporter(QObject):
    """Calls `touched` for touches of a shown window, before the widget that is touched gets them.

    It filters the events of the window system's window only: a filter of the application would be called for
    every event of the program.
    """

    def __init__(self, touched: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._touched = touched
        self._clock = clock
        self._told_at = float("-inf")

    def watch(self, window: QWidget) -> None:
        """Watch a window that is shown; the same one may be given again."""
        handle = window.window().windowHandle()
        if handle is not None:
            handle.installEventFilter(self)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        if event.type() in _TOUCHES:
            now = self._clock()
            if now - self._told_at >= EVERY_S:
                self._told_at = now
                self._touched()
        return False
