"""Coloured bar with an icon and one sentence: a hint, or why a screen is shown again."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from kiosk.ui.icons import Icon
from kiosk.ui.theme import TextRole, Theme, colour
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget


class MessageBar(QWidget):
    """Hidden while it has no message; with `keep` its place stays free meanwhile, so that nothing moves."""

    def __init__(self, icon: Icon, *, role: TextRole = "body", keep: bool = False) -> None:
        super().__init__()
        self._icon = IconWidget(icon, ink="on_note")
        self._label = FittedLabel(role, ink="on_note", centred=False, bold=True)
        self._ground = "note"
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._icon)
        self._row.addWidget(self._label, 1)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setRetainSizeWhenHidden(keep)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def show_message(self, text: str, icon: Icon | None = None, *, good: bool = False) -> None:
        """Show a sentence, or hide the bar if it is empty; `good`: in the colour of success."""
        ink = "on_filled" if good else "on_note"
        self._ground = "done" if good else "note"
        self._label.set_ink(ink)
        self._label.show_text(text)
        self.setAccessibleName(text)
        if icon is not None:
            self._icon.show_icon(icon, ink)
        self.setVisible(bool(text))
        self.update()

    @property
    def text(self) -> str:
        """The message; empty: there is none."""
        return self._label.text() if not self.isHidden() else ""

    def set_theme(self, theme: Theme) -> None:
        pad = theme.px(20)
        self._row.setContentsMargins(pad, theme.px(12), pad, theme.px(12))
        self._row.setSpacing(pad)
        side = max(32, theme.px(84))
        self._icon.setFixedSize(side, side)
        self.setMinimumHeight(side + theme.px(24))

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._ground))
        radius = min(28.0, self.height() / 3)
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        painter.end()
