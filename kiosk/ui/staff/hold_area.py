"""Invisible area of the customer's screen that staff hold down to open their panel."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import Theme


class HoldArea(QWidget):
    """Emits `held` once it was held down for `hold_ms`; a short touch, as of a customer, does nothing."""

    held = Signal()

    def __init__(self, parent: QWidget, hold_ms: int) -> None:
        super().__init__(parent)
        self.setObjectName("staff_corner")
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._timer = QTimer(self, singleShot=True, interval=hold_ms)
        self._timer.timeout.connect(self.held)

    def mousePressEvent(self, _: object) -> None:
        self._timer.start()

    def mouseReleaseEvent(self, _: object) -> None:
        self._timer.stop()

    def set_theme(self, theme: Theme) -> None:
        """Cover the upper left corner of the parent."""
        self.setGeometry(0, 0, theme.px(150), theme.px(150))
