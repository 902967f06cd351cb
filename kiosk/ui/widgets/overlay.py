"""A question over the whole screen: what is under it stays as it is and takes no touch."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.ui.icons import Icon
from kiosk.ui.theme import Theme, colour_ground
from kiosk.ui.widgets.containers import Column, Row, TwoPanes, with_stretch
from kiosk.ui.widgets.countdown_ring import CountdownRing
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget


class Overlay(QWidget):
    """An icon, a title, a sentence, a note, the time left, and buttons one below the other."""

    def __init__(self, parent: QWidget, icon: Icon, buttons: Sequence[QWidget]) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.title, self.body = FittedLabel("title"), FittedLabel("body", bold=True)
        self.note = FittedLabel("body", ink="soft")
        self.ring = CountdownRing()
        self._picture = IconWidget(icon, ink="second", disc=True)
        time_left = Row(1, self.ring, 1, equal=False)
        texts = (self.title, self.body, self.note, time_left)
        upper = Column(1, with_stretch(self._picture, 3), *texts, 1)
        lower = Column(1, *buttons, 1)
        self._box = QVBoxLayout(self)
        self._box.addWidget(TwoPanes(upper, lower, tall=(3, 2), wide=(3, 2)), 1)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        colour_ground(self, "ground")
        pad = theme.px(64)
        self._box.setContentsMargins(pad, pad, pad, pad + theme.touch)  # free of the button that opened it
