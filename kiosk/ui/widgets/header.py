"""Top of the window: the product's name, the steps of the visit, and the languages, each named in itself."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from kiosk.model import Language
from kiosk.phrases import Phrases, load
from kiosk.ui.theme import TOUCH_PX, Theme
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.visit_progress import VisitProgress

NAME_MIN_WIDTH_PX = 1200
"""On narrower wide screens the steps take the place of the product's name."""


class Header(QWidget):
    chosen = Signal(str)
    """Carries a `Language`."""

    def __init__(self) -> None:
        super().__init__()
        self._product = FittedLabel("small", ink="soft", centred=False)
        self._progress = VisitProgress()
        self._languages = QWidget()
        self._row = QHBoxLayout(self._languages)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._buttons: dict[Language, Button] = {}
        for language in Language:
            button = Button(f"language_{language.name.lower()}", "plain", role="small")
            button.set_label(load(language)["language.name"])
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _=False, language=language: self.chosen.emit(language))
            self._row.addWidget(button)
            self._buttons[language] = button
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._step: int | None = None
        self._theme = Theme()

    def set_step(self, step: int | None) -> None:
        """Show the step of the visit; None: this screen has no steps."""
        self._step = step
        self._progress.set_step(step or 0)
        self._show_parts()

    def retranslate(self, phrases: Phrases) -> None:
        self._product.show_text(phrases["general.product"])
        self._progress.retranslate(phrases)
        for language, button in self._buttons.items():
            button.setChecked(language == phrases.language)
        self._show_parts()

    def set_theme(self, theme: Theme) -> None:
        """Arrange the parts. Tall: steps in a line of their own. Wide: all in one line, to save height."""
        self._theme = theme
        self._row.setSpacing(theme.px(16))
        for button in self._buttons.values():
            button.setFixedSize(max(TOUCH_PX + 14, theme.px(170)), max(TOUCH_PX, theme.px(92)))
        for part in (self._product, self._progress, self._languages):
            self._grid.removeWidget(part)
        tall = theme.portrait
        self._grid.addWidget(self._product, 0, 0)
        self._grid.addWidget(self._languages, 0, 2)
        self._grid.addWidget(self._progress, 1 if tall else 0, 0 if tall else 1, 1, 3 if tall else 1)
        self._grid.setColumnStretch(0, 1 if tall else 2)
        self._grid.setColumnStretch(1, 0 if tall else 5)
        self._grid.setSpacing(theme.px(16))
        self._show_parts()

    def _show_parts(self) -> None:
        has_steps = self._step is not None
        self._progress.setVisible(has_steps)
        wide_enough = self._theme.portrait or self._theme.width >= NAME_MIN_WIDTH_PX
        self._product.setVisible(wide_enough or not has_steps)
