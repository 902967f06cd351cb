"""A coloured strip with a picture and one sentence: a hint, or why we are here again."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from kiosk.ui.icons import Icon
from kiosk.ui.theme import Role, Theme, colour
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.words import Words


class Note(QWidget):
    """Hidden while it has nothing to say; `keep` holds its room free all the same, so that nothing jumps."""

    def __init__(self, icon: Icon, *, role: Role = "body", keep: bool = False) -> None:
        super().__init__()
        self._icon = IconWidget(icon, ink="on_note")
        self._words = Words(role, ink="on_note", centred=False, bold=True)
        self._ground = "note"
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._icon)
        self._row.addWidget(self._words, 1)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setRetainSizeWhenHidden(keep)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def say(self, text: str, icon: Icon | None = None, *, good: bool = False) -> None:
        """Show a sentence; `good` paints it in the colour of success. Empty: disappear."""
        ink = "on_filled" if good else "on_note"
        self._ground = "done" if good else "note"
        self._words.set_ink(ink)
        self._words.say(text)
        self.setAccessibleName(text)
        if icon is not None:
            self._icon.show_icon(icon, ink)
        self.setVisible(bool(text))
        self.update()

    @property
    def text(self) -> str:
        return self._words.text() if not self.isHidden() else ""

    def fit(self, look: Theme) -> None:
        pad = look.px(20)
        self._row.setContentsMargins(pad, look.px(12), pad, look.px(12))
        self._row.setSpacing(pad)
        side = max(32, look.px(84))
        self._icon.setFixedSize(side, side)
        self.setMinimumHeight(side + look.px(24))

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._ground))
        radius = min(28.0, self.height() / 3)
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        painter.end()
