"""A hand for simulated customers and tests: it touches the real window, from any thread."""

import logging
from concurrent.futures import CancelledError, Future

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QThread, QTimer, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""So long `press` waits for the window to answer."""


class TouchDriver(QObject):
    """Presses what a person could press: seen, enabled, not covered, and not at rest."""

    _asked = Signal(object, object)
    _held = Signal(str, float)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)
        self._held.connect(self._hold, Qt.ConnectionType.QueuedConnection)

    def press(self, name: str) -> bool:
        """Touch the button with this objectName; False if nobody could."""
        if QThread.currentThread() is self.thread():
            return self._touch(name)
        answer: Future[bool] = Future()
        try:
            self._asked.emit(name, answer)
            return answer.result(PATIENCE_S)
        except (TimeoutError, CancelledError, RuntimeError):  # the window is gone or hangs
            return False

    def hold(self, name: str, seconds: float) -> None:
        """Hold a finger on what has this objectName, button or not; from any thread, returns at once."""
        self._held.emit(name, seconds)

    def type(self, text: str) -> bool:
        """Press key_0 … key_9 for each character; False at the first that could not be pressed."""
        return all(self.press(f"key_{character}") for character in text)

    @Slot(object, object)
    def _answer(self, name: str, answer: "Future[bool]") -> None:
        try:
            answer.set_result(self._touch(name))
        except Exception:
            log.exception("the hand slipped")
            answer.set_result(False)

    @Slot(str, float)
    def _hold(self, name: str, seconds: float) -> None:
        for widget in self._window.findChildren(QWidget, name):
            middle = widget.rect().center()
            _send(widget, middle, QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton)
            QTimer.singleShot(round(seconds * 1000), widget, lambda w=widget, at=middle: _release(w, at))

    def _touch(self, name: str) -> bool:
        for button in self._window.findChildren(QAbstractButton, name):
            if button.isVisible() and button.isEnabled():
                middle = button.rect().center()
                seen = self._window.childAt(button.mapTo(self._window, middle)) is button
                if seen and button.hitButton(middle):
                    _click(button, middle)
                    return True
        return False


def _click(button: QAbstractButton, at: QPoint) -> None:
    _send(button, at, QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton)
    _release(button, at)


def _release(widget: QWidget, at: QPoint) -> None:
    _send(widget, at, QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton)


def _send(widget: QWidget, at: QPoint, kind: QEvent.Type, held: Qt.MouseButton) -> None:
    left, plain = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(kind, QPointF(at), QPointF(widget.mapToGlobal(at)), left, held, plain)
    QApplication.sendEvent(widget, event)
