"""The ways to choose from, each as large as the others: on the first screen, and in the middle of a visit."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from kiosk.model import Way
from kiosk.phrases import Phrases
from kiosk.ui.icons import WAYS
from kiosk.ui.screens.base import Column, stretched
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.choice import Choice
from kiosk.ui.widgets.words import Words

LEFT_ALONE_MS = 60_000
"""So long the page waits for a choice before it goes back by itself."""


class WaysPage(QWidget):
    """`chosen` tells the way, `back` that none was."""

    chosen = Signal(str)
    back = Signal()

    def __init__(self, ways: Sequence[Way]) -> None:
        super().__init__()
        self._title, self._body = Words("title"), Words("body", ink="soft")
        self._choices = {way: Choice(f"way_{way.value}", WAYS[way]) for way in ways}
        self._changing = False
        self._phrases: Phrases | None = None
        self._grid_room = QWidget()
        self._grid = QGridLayout(self._grid_room)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._back = Button("back", "plain")
        column = Column(self._title, self._body, stretched(self._grid_room, 1), self._back)
        QVBoxLayout(self).addWidget(column)
        self._alone = QTimer(self, interval=LEFT_ALONE_MS, singleShot=True)
        self._alone.timeout.connect(self.back)
        self._back.clicked.connect(self.back)
        for way, choice in self._choices.items():
            choice.clicked.connect(lambda _=False, way=way: self.chosen.emit(way.value))

    def open(self, *, without: Way | None = None) -> None:
        """`without`: the way that is being gone; None: before a visit."""
        self._changing = without is not None
        for way, choice in self._choices.items():
            choice.setVisible(way is not without)
            choice.rest()
        self._arrange()
        self._write()
        self._alone.start()

    def speak(self, phrases: Phrases) -> None:
        self._phrases = phrases
        for way, choice in self._choices.items():
            name = f"button.way_{way.value}"
            choice.say(phrases[name], phrases[f"{name}_note"])
        self._back.say(phrases["button.back"])
        self._write()

    def fit(self, look: Theme) -> None:
        self._grid.setSpacing(look.px(28))

    def hideEvent(self, event: object) -> None:
        self._alone.stop()

    def _write(self) -> None:
        if self._phrases is not None:
            self._title.say(self._phrases["ways.title"])
            self._body.say(self._phrases["ways.change_body" if self._changing else "ways.body"])

    def _arrange(self) -> None:
        """Two by two; an odd one out has the last row for itself."""
        shown = [choice for choice in self._choices.values() if not choice.isHidden()]
        for choice in self._choices.values():
            self._grid.removeWidget(choice)
        for index, choice in enumerate(shown):
            alone = index == len(shown) - 1 and index % 2 == 0
            self._grid.addWidget(choice, index // 2, index % 2, 1, 2 if alone else 1)
