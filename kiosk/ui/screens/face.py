"""FACE: a mirror, an oval and one hint at a time."""

from typing import ClassVar

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import Coach, Notice, Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.ui.icons import HINTS, Icon
from kiosk.ui.preview import Preview
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.widgets.words import Words


class FaceScreen(Screen):
    stage = Stage.FACE
    step = 2
    changeable = True
    icon: ClassVar[Icon] = Icon.FACE_FRONT
    """Beside hints that have no icon of their own."""
    of_card = False
    """The preview has a card's outline instead of the oval."""

    def __init__(self, feeds: Feeds) -> None:
        super().__init__()
        self.preview = Preview(feeds.frame, card=self.of_card)
        self._title, self._body = Words("title"), Words("body", ink="soft")
        self._hint = Reason(keep=True)
        self._next = Words("small", ink="soft")
        self._told: Code | None = None
        self._guardian = False  # who is looked at applies for a child
        words = Column(1, self._title, self._body, self._hint, 1, self._next)
        QVBoxLayout(self).addWidget(Split(stretched(self.preview, 1), words, tall=(9, 5), wide=(8, 5)))

    def enter(self, show: Show) -> None:
        self._told = None
        self._guardian = show.guardian and not self.of_card
        self._write()
        self._hint.give(self.phrases, show.code, show.tries_left)
        self.preview.show_good(False)
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, Coach):
            self._told = notice.code
            self._coach()
            self.changed.emit(f"hint-{notice.code.value}")

    def forget(self) -> None:
        self.preview.clear()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._write()
        self._next.say(phrases[f"stage.{self.stage}.next"])
        self.preview.setAccessibleName(phrases["general.mirror"])
        if self._told is None:
            self._hint.speak(phrases)
        else:
            self._coach()

    def _write(self) -> None:
        place = "guardian.face_" if self._guardian else f"stage.{self.stage}."
        self._title.say(self.phrases[f"{place}title"])
        self._body.say(self.phrases[f"{place}body"])

    def _coach(self) -> None:
        """The hint takes the place of the reason: one thing at a time."""
        assert self._told is not None
        good = self._told is Code.OK
        text = self.phrases["general.well_placed"] if good else self.phrases.customer(self._told)
        self._hint.say(text, HINTS.get(self._told, self.icon), good=good)
        self.preview.show_good(good)
