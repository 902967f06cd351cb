"""Page of the ways to choose from, all of one size: before a visit and in the middle of one."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from kiosk.model import Way
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import WAYS
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Column, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.picture_button import PictureButton

TIMEOUT_MS = 60_000
"""How long the page waits for a choice before it goes back by itself."""


class WaysPage(QWidget):
    """Emits `chosen` with the value of a `Way`, or `back` if none was chosen."""

    chosen = Signal(str)
    back = Signal()

    def __init__(self, ways: Sequence[Way]) -> None:
        super().__init__()
        self._title, self._body = FittedLabel("title"), FittedLabel("body", ink="soft")
        self._choices = {way: PictureButton(f"way_{way.value}", WAYS[way]) for way in ways}
        self._changing = False  # a visit goes on one of the ways already
        self._phrases = load()
        grid = QWidget()
        self._grid = QGridLayout(grid)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._back = Button("back", "plain")
        column = Column(self._title, self._body, with_stretch(grid, 1), self._back)
        QVBoxLayout(self).addWidget(column)
        self._timeout = QTimer(self, interval=TIMEOUT_MS, singleShot=True)
        self._timeout.timeout.connect(self.back)
        self._back.clicked.connect(self.back)
        for way, choice in self._choices.items():
            choice.clicked.connect(lambda _=False, way=way: self.chosen.emit(way.value))

    def open(self, *, without: Way | None = None) -> None:
        """Show the choices. `without`: the way of the present visit; None: before a visit."""
        self._changing = without is not None
        for way, choice in self._choices.items():
            choice.setVisible(way is not without)
            choice.block_touches()
            self._grid.removeWidget(choice)
        shown = [choice for choice in self._choices.values() if not choice.isHidden()]
        for index, choice in enumerate(shown):  # two by two; an odd one has the last row for itself
            alone = index == len(shown) - 1 and index % 2 == 0
            self._grid.addWidget(choice, index // 2, index % 2, 1, 2 if alone else 1)
        self._show_texts()
        self._timeout.start()

    def retranslate(self, phrases: Phrases) -> None:
        self._phrases = phrases
        for way, choice in self._choices.items():
            key = f"button.way_{way.value}"
            choice.set_label(phrases[key], phrases[f"{key}_note"])
        self._back.set_label(phrases["button.back"])
        self._show_texts()

    def set_theme(self, theme: Theme) -> None:
        self._grid.setSpacing(theme.px(28))

    def hideEvent(self, event: object) -> None:
        self._timeout.stop()

    def _show_texts(self) -> None:
        self._title.show_text(self._phrases["ways.title"])
        self._body.show_text(self._phrases["ways.change_body" if self._changing else "ways.body"])
