"""What this terminal is, how far we are, and its languages, each written in itself."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from kiosk.model import Language
from kiosk.phrases import Phrases, load
from kiosk.ui.theme import TOUCH_PX, Theme
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.progress import Progress
from kiosk.ui.widgets.words import Words

ROOM_FOR_NAME_PX = 1200
"""On narrower wide screens the steps take the place of the product's name."""


class Header(QWidget):
    chosen = Signal(str)
    """Carries a `Language`."""

    def __init__(self) -> None:
        super().__init__()
        self._product = Words("small", ink="soft", centred=False)
        self._progress = Progress()
        self._languages = QWidget()
        self._row = QHBoxLayout(self._languages)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._buttons = {language: self._add(language) for language in Language}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._step: int | None = None
        self._look = Theme()

    def _add(self, language: Language) -> Button:
        button = Button(f"language_{language.name.lower()}", "plain", role="small")
        button.say(load(language)["language.name"])
        button.setCheckable(True)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: self.chosen.emit(language))
        self._row.addWidget(button)
        return button

    def go(self, step: int | None) -> None:
        """The step we are at; None: no steps here."""
        self._step = step
        self._progress.go(step or 0)
        self._show_parts()

    def speak(self, phrases: Phrases) -> None:
        self._product.say(phrases["general.product"])
        self._progress.speak(phrases)
        for language, button in self._buttons.items():
            button.setChecked(language == phrases.language)
        self._show_parts()

    def fit(self, look: Theme) -> None:
        self._look = look
        self._row.setSpacing(look.px(16))
        for button in self._buttons.values():
            button.setFixedSize(max(TOUCH_PX + 14, look.px(170)), max(TOUCH_PX, look.px(92)))
        self._arrange()
        self._show_parts()

    def _arrange(self) -> None:
        """Tall: steps in a line of their own. Wide: all in one line, which leaves height to the screen."""
        for part in (self._product, self._progress, self._languages):
            self._grid.removeWidget(part)
        tall = self._look.portrait
        self._grid.addWidget(self._product, 0, 0)
        self._grid.addWidget(self._languages, 0, 2)
        self._grid.addWidget(self._progress, 1 if tall else 0, 0 if tall else 1, 1, 3 if tall else 1)
        self._grid.setColumnStretch(0, 1 if tall else 2)
        self._grid.setColumnStretch(1, 0 if tall else 5)
        self._grid.setSpacing(self._look.px(16))

    def _show_parts(self) -> None:
        steps = self._step is not None
        self._progress.setVisible(steps)
        room = self._look.portrait or self._look.width >= ROOM_FOR_NAME_PX
        self._product.setVisible(room or not steps)
