"""Page with a handful of choices of one size, which goes back by itself if none is taken."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QVBoxLayout, QWidget

from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import ANSWER_HEIGHT
from kiosk.ui.widgets.containers import Column, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel

TIMEOUT_MS = 60_000
"""How long the page waits for a choice before it goes back by itself."""

Choice = TypeVar("Choice", bound=StrEnum)
ChoiceButton = TypeVar("ChoiceButton", bound=QAbstractButton)


class ChoicePage(QWidget, Generic[Choice, ChoiceButton]):
    """Emits `chosen` with the value of a choice, or `back` if none was taken for a while.

    The text stands below the choices, as high as the answers of the next screen: no choice lies on an answer.
    """

    chosen = Signal(str)
    back = Signal()

    def __init__(self, choices: Mapping[Choice, ChoiceButton]) -> None:
        """Lay the page out; the choices' places in `_grid` are the page's own."""
        super().__init__()
        self._title, self._body = FittedLabel("title"), FittedLabel("body", ink="soft")
        self._choices = choices
        grid = QWidget()
        self._grid = QGridLayout(grid)
        self._grid.setContentsMargins(0, 0, 0, 0)
        QVBoxLayout(self).addWidget(Column(self._title, with_stretch(grid, 1), self._body))
        self._timeout = QTimer(self, interval=TIMEOUT_MS, singleShot=True)
        self._timeout.timeout.connect(self.back)
        for choice, button in choices.items():
            button.clicked.connect(lambda _=False, choice=choice: self.chosen.emit(choice.value))

    def open(self) -> None:
        """Begin to wait for a choice."""
        self._timeout.start()

    def set_theme(self, theme: Theme) -> None:
        self._grid.setSpacing(theme.px(28))
        self._body.setMinimumHeight(round(theme.touch * ANSWER_HEIGHT))

    def hideEvent(self, event: object) -> None:
        self._timeout.stop()
