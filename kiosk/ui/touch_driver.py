"""Driver that touches the real window for simulated customers and tests, from any thread."""

import logging
from concurrent.futures import CancelledError, Future

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QThread, QTimer, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 5.0
"""How long `press` waits for the window's thread."""


class TouchDriver(QObject):
    """Presses what a person could press: visible, enabled, not covered, and not while the window rests."""

    _press_asked = Signal(object, object)
    _hold_asked = Signal(str, float)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._press_asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)
        self._hold_asked.connect(self._hold, Qt.ConnectionType.QueuedConnection)

    def press(self, name: str) -> bool:
        """Touch the button with this objectName; return False if a person could not."""
        if QThread.currentThread() is self.thread():
            return self._press(name)
        answer: Future[bool] = Future()
        try:
            self._press_asked.emit(name, answer)
            return answer.result(ANSWER_TIMEOUT_S)
        except (TimeoutError, CancelledError, RuntimeError):  # the window is deleted or hangs
            return False

    def hold(self, name: str, seconds: float) -> None:
        """Hold a finger on the widget with this objectName, button or not, and return at once."""
        self._hold_asked.emit(name, seconds)

    def type(self, text: str) -> bool:
        """Press key_0 … key_9 for each character; return False at the first that could not be pressed."""
        return all(self.press(f"key_{character}") for character in text)

    @Slot(object, object)
    def _answer(self, name: str, answer: "Future[bool]") -> None:
        try:
            answer.set_result(self._press(name))
        except Exception:
            log.exception("a simulated touch failed")
            answer.set_result(False)

    @Slot(str, float)
    def _hold(self, name: str, seconds: float) -> None:
        for widget in self._window.findChildren(QWidget, name):
            middle = widget.rect().center()
            _send(widget, middle, QEvent.Type.MouseButtonPress)
            QTimer.singleShot(
                round(seconds * 1000),
                widget,
                lambda w=widget, at=middle: _send(w, at, QEvent.Type.MouseButtonRelease),
            )

    def _press(self, name: str) -> bool:
        for button in self._window.findChildren(QAbstractButton, name):
            if button.isVisible() and button.isEnabled():
                middle = button.rect().center()
                on_top = self._window.childAt(button.mapTo(self._window, middle)) is button
                if on_top:
                    _send(button, middle, QEvent.Type.MouseButtonPress)
                    taken = button.isDown()
                    _send(button, middle, QEvent.Type.MouseButtonRelease)
                    return taken
        return False


def _send(widget: QWidget, at: QPoint, kind: QEvent.Type) -> None:
    """Send a mouse event of the left button at `at`, in the widget's coordinates."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    held = left if kind is QEvent.Type.MouseButtonPress else none
    position, on_screen = QPointF(at), QPointF(widget.mapToGlobal(at))
    event = QMouseEvent(kind, position, on_screen, left, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)
