"""Page of the ways to choose from, all of one size: before a visit and in the middle of one."""

from collections.abc import Sequence

from kiosk.model import Way
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import WAYS
from kiosk.ui.screens.choice_page import ChoicePage
from kiosk.ui.widgets.picture_button import PictureButton


class WaysPage(ChoicePage[Way, PictureButton]):
    """Emits `chosen` with the value of a `Way`."""

    def __init__(self, ways: Sequence[Way]) -> None:
        super().__init__({way: PictureButton(f"way_{way.value}", WAYS[way]) for way in ways})
        self._changing = False  # a visit goes on one of the ways already
        self._phrases = load()

    def show_choices(self, *, without: Way | None = None) -> None:
        """Show the choices. `without`: the way of the present visit; None: before a visit."""
        self._changing = without is not None
        for way, choice in self._choices.items():
            choice.setVisible(way is not without)
            self._grid.removeWidget(choice)
        shown = [choice for choice in self._choices.values() if not choice.isHidden()]
        for index, choice in enumerate(shown):  # two by two; an odd one has the last row for itself
            alone = index == len(shown) - 1 and index % 2 == 0
            self._grid.addWidget(choice, index // 2, index % 2, 1, 2 if alone else 1)
        self._show_texts()
        self.open()

    def retranslate(self, phrases: Phrases) -> None:
        self._phrases = phrases
        for way, choice in self._choices.items():
            key = f"button.way_{way.value}"
            choice.set_label(phrases[key], phrases[f"{key}_note"])
        self._show_texts()

    def _show_texts(self) -> None:
        self._title.show_text(self._phrases["ways.title"])
        self._body.show_text(self._phrases["ways.change_body" if self._changing else "ways.body"])
