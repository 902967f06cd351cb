"""Top of the window: the product's name, the steps of the visit, and the languages, each named in itself.

While a page is read aloud the buttons for the sound lie in the languages' place, so that nothing else moves.
"""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from kiosk.model import Language, Step
from kiosk.phrases import Phrases, load
from kiosk.read_aloud import STEPS, has_clips, voices
from kiosk.ui.icons import Icon
from kiosk.ui.theme import TOUCH_PX, Theme
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.visit_progress import VisitProgress
from kiosk.visit.steps import StepState


class Header(QWidget):
    chosen = Signal(str)
    """Carries a `Language`."""
    large_chosen = Signal(bool)
    """Large type and high contrast are wanted, or no longer."""
    read = Signal()
    """The page is to be read aloud."""
    read_enough = Signal()
    sound_chosen = Signal(int, str)
    """Steps from the site's own volume, and another spoken language or none (`SoundChosen`)."""

    def __init__(self) -> None:
        super().__init__()
        self._product = FittedLabel("small", ink="soft", centred=False)
        self._progress = VisitProgress()
        self._language = Language.ZH_HANS
        self._languages = QWidget()
        self._row = QHBoxLayout(self._languages)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._large = self._small_button("large")
        self._large.setCheckable(True)
        self._large.toggled.connect(self.large_chosen)
        self._read = self._small_button("read_aloud", Icon.SPEAKER)
        self._read.clicked.connect(self._begin_sound)
        self._row.addWidget(self._read)
        self._row.addWidget(self._large)
        self._make_sound_buttons()
        self._buttons: dict[Language, Button] = {}
        for language in Language:
            button = self._small_button(f"language_{language.name.lower()}")
            button.set_label(load(language)["language.name"])
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, language=language: self.chosen.emit(language))
            self._row.addWidget(button)
            self._buttons[language] = button
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._theme = Theme()
        self._show_sound(False)

    @staticmethod
    def _small_button(name: str, icon: Icon | None = None) -> Button:
        button = Button(name, "plain", role="small", icon=icon)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        return button

    def _make_sound_buttons(self) -> None:
        """Make the buttons that take the place of the others while a page is read aloud."""
        self._readable = True
        self._steps, self._voice = 0, ""
        self._again = self._small_button("read_again", Icon.SPEAKER)
        self._softer, self._louder = self._small_button("softer"), self._small_button("louder")
        self._stop = self._small_button("read_stop", Icon.CROSS)
        languages = dict.fromkeys(voice for language in Language for voice in voices(language))
        self._voices = {voice: self._small_button(f"voice_{voice}") for voice in languages}
        self._sound = (self._again, self._softer, self._louder, *self._voices.values(), self._stop)
        for button in self._sound:
            self._row.addWidget(button)
        self._again.clicked.connect(self.read)
        self._softer.clicked.connect(lambda: self._choose_sound(self._steps - 1, self._voice))
        self._louder.clicked.connect(lambda: self._choose_sound(self._steps + 1, self._voice))
        self._stop.clicked.connect(self._end_sound)
        for voice, button in self._voices.items():
            button.setCheckable(True)
            button.setEnabled(has_clips(voice))
            chosen = lambda on, voice=voice: self._choose_sound(self._steps, voice if on else "")  # noqa: E731
            button.clicked.connect(chosen)

    def show_steps(self, steps: Sequence[tuple[Step, StepState]]) -> None:
        """Show the steps of the visit; none: there is no visit yet."""
        self._progress.show_steps(steps)
        self._show_parts()

    @property
    def large(self) -> bool:
        """Whether large type and high contrast were chosen."""
        return self._large.isChecked()

    def set_large(self, large: bool) -> None:
        """Choose large type and high contrast, or no longer."""
        self._large.setChecked(large)

    @property
    def sound_changed(self) -> bool:
        """Whether the volume or the spoken language is not the site's own."""
        return bool(self._steps or self._voice)

    def reset_sound(self) -> None:
        """Show the languages again, and the site's own volume from now on."""
        self._steps, self._voice = 0, ""
        for button in self._voices.values():
            button.setChecked(False)
        self._show_sound(False)

    def set_readable(self, readable: bool) -> None:
        """Offer to read the page aloud; not while the person is to be heard."""
        self._readable = readable
        self._show_sound(self._sounding and readable)

    def _begin_sound(self) -> None:
        self._show_sound(True)
        self.read.emit()

    def _end_sound(self) -> None:
        self._show_sound(False)
        self.read_enough.emit()

    def _choose_sound(self, steps: int, voice: str) -> None:
        self._steps, self._voice = steps, voice
        self._show_sound(True)
        self.sound_chosen.emit(steps, voice)

    def _show_sound(self, sounding: bool) -> None:
        """Show the buttons for the sound, or the others."""
        self._sounding = sounding
        self._read.setVisible(not sounding and self._readable)
        for button in (self._large, *self._buttons.values()):
            button.setVisible(not sounding)
        for button in self._sound:
            button.setVisible(sounding)
        for voice, button in self._voices.items():
            button.setVisible(sounding and voice in voices(self._language))
        self._softer.setEnabled(self._steps > STEPS[0])
        self._louder.setEnabled(self._steps < STEPS[-1])

    def retranslate(self, phrases: Phrases) -> None:
        self._language = phrases.language
        for button in (self._read, self._again, self._softer, self._louder, self._stop):
            button.set_label(phrases[f"button.{button.objectName()}"])
        for voice, button in self._voices.items():
            button.set_label(phrases[f"voice.{voice}"], "" if has_clips(voice) else phrases["voice.none"])
        self._show_sound(self._sounding)
        self._large.set_label(phrases["button.large"])
        self._large.setAccessibleDescription(phrases["button.large_note"])
        self._product.show_text(phrases["general.product"])
        self._progress.retranslate(phrases)
        for language, button in self._buttons.items():
            button.setChecked(language == phrases.language)
        self._show_parts()

    def set_theme(self, theme: Theme) -> None:
        """Arrange the parts. Tall: steps in a line of their own. Wide: all in one line, to save height."""
        self._theme = theme
        self._row.setSpacing(theme.px(16))
        for button in (self._read, self._large, *self._buttons.values(), *self._sound):
            button.setFixedSize(max(TOUCH_PX + 14, theme.px(170)), max(TOUCH_PX, theme.px(92)))
        for part in (self._product, self._progress, self._languages):
            self._grid.removeWidget(part)
        tall = theme.portrait
        self._grid.addWidget(self._product, 0, 0)
        self._grid.addWidget(self._languages, 0, 2)
        self._grid.addWidget(self._progress, 1 if tall else 0, 0 if tall else 1, 1, 3 if tall else 1)
        self._grid.setSpacing(theme.px(16))
        self._show_parts()

    def _show_parts(self) -> None:
        has_steps = bool(self._progress.steps)
        beside = has_steps and not self._theme.portrait  # one of the two has all the room that is left
        self._grid.setColumnStretch(0, int(not beside))
        self._grid.setColumnStretch(1, int(beside))
        self._progress.setVisible(has_steps)
        self._product.setVisible(not has_steps and not self._theme.portrait)  # elsewhere there is no room
