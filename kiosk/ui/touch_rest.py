"""Rest of the window: what has just been shown takes no touch for a moment.

Two quick taps would otherwise act on two screens, the second unseen; and a finger that was put down on one
screen would be lifted from a button of the next. The rest is the window's and not a button's, so that no
screen can forget it. Nothing looks different meanwhile: buttons that grey out for a moment would flicker.
"""

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QAbstractButton, QApplication, QStackedWidget, QWidget

REST_MS = 700
"""Longer than the pause of a double tap: at most 300 ms on Android (ViewConfiguration.getDoubleTapTimeout),
400 ms in Qt (QStyleHints.mouseDoubleClickInterval), 500 ms on Windows (GetDoubleClickTime), by default."""

_Type = QEvent.Type
_PRESSES = frozenset({_Type.MouseButtonPress, _Type.MouseButtonDblClick, _Type.TouchBegin, _Type.KeyPress})
_RELEASES = frozenset({_Type.MouseButtonRelease, _Type.TouchEnd, _Type.TouchCancel, _Type.KeyRelease})
_INPUT = _PRESSES | _RELEASES | {_Type.MouseMove, _Type.TouchUpdate}


class TouchRest(QObject):
    """Keeps touches and keys from everything inside `root` for `REST_MS` after `begin`.

    Pages of stacked widgets that are inside `root` already begin a rest by themselves.
    """

    rested = Signal()
    """Touches are taken again."""

    def __init__(self, root: QWidget) -> None:
        super().__init__(root)
        self._root = root
        self._held = False  # a finger is down that was put down before the rest was over
        self._timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._timer.timeout.connect(self._finish)
        for stack in root.findChildren(QStackedWidget):
            stack.currentChanged.connect(self.begin)

    @property
    def resting(self) -> bool:
        """Whether touches are ignored."""
        return self._timer.isActive()

    def begin(self) -> None:
        """Begin a rest, or begin it anew: something else is shown."""
        for button in self._root.findChildren(QAbstractButton):
            if button.isDown():
                button.setDown(False)
                self._held = True
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)  # only meanwhile: it is called for every event of the program
        self._timer.start()

    def end(self) -> None:
        """End the rest at once: for tests, which need not wait as people do."""
        if self.resting:
            self._timer.stop()
            self._finish()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in _INPUT or not self._covers(watched):
            return False
        ignored = self.resting or self._held
        if kind in _PRESSES:
            self._held = self.resting
            ignored = self.resting
        elif kind in _RELEASES:
            self._held = False
            if not self.resting:
                self._finish()
        return ignored

    def _covers(self, watched: QObject) -> bool:
        if isinstance(watched, QWindow):
            return watched is self._root.window().windowHandle()
        return isinstance(watched, QWidget) and (watched is self._root or self._root.isAncestorOf(watched))

    def _finish(self) -> None:
        """Take touches again, except from a finger that is still down."""
        if not self._held:
            app = QApplication.instance()
            if app is not None:
                app.removeEventFilter(self)
        if not self.resting:
            self.rested.emit()
