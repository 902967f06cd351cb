"""A hand for simulated customers and tests: it touches the real window, from any thread."""

import logging
from concurrent.futures import CancelledError, Future

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QThread, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""So long `press` waits for the window to answer."""


class Hand(QObject):
    """Presses what a person could press: seen, enabled, not covered, and not at rest."""

    _asked = Signal(object, object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)

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
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    where = QPointF(at)
    screen = QPointF(button.mapToGlobal(at))
    for kind, held in ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, none)):
        event = QMouseEvent(kind, where, screen, left, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(button, event)
