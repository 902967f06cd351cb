"""Page of what can be done with a credential that exists, opened from the first screen."""

from kiosk.model import Purpose
from kiosk.phrases import Phrases
from kiosk.ui.screens.choice_page import ChoicePage
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button

MATTERS = tuple(purpose for purpose in Purpose if purpose is not Purpose.OPEN)


class MattersPage(ChoicePage[Purpose, Button]):
    """Emits `chosen` with the value of a `Purpose`."""

    def __init__(self) -> None:
        super().__init__({p: Button(f"matter_{p.value}", role="title").with_height(1.5) for p in MATTERS})

    def retranslate(self, phrases: Phrases) -> None:
        self._title.show_text(phrases["matters.title"])
        self._body.show_text(phrases["matters.body"])
        for purpose, button in self._choices.items():
            button.set_label(phrases[f"button.{purpose.value}"], phrases[f"button.{purpose.value}_note"])

    def set_theme(self, theme: Theme) -> None:
        """Put the choices one below the other, or on a wide screen three by three."""
        super().set_theme(theme)
        columns = 1 if theme.portrait else 3
        for index, button in enumerate(self._choices.values()):
            self._grid.removeWidget(button)
            self._grid.addWidget(button, index // columns, index % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, int(column < columns))
