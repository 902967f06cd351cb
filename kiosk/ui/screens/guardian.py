"""GUARDIAN: the card was a child's. The guardian reads what follows, and agrees for the child or does not."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import GuardianAgreed, GuardianDeclined, Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Column, Screen, Split, Three, stretched
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.notice import Notice
from kiosk.ui.widgets.words import Words


class GuardianScreen(Screen):
    """Yes and no of one size, as in `ConsentScreen`; they rest first: nobody answers by accident."""

    stage = Stage.GUARDIAN
    step = 0

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = Words("title"), Words("small", ink="soft")
        self._notice = Notice()
        self._yes = Button("agree_guardian", "primary").grow(1.3)
        self._no = Button("decline_guardian", "second").grow(1.3)
        self._yes.clicked.connect(self._agree)
        self._no.clicked.connect(lambda: self.posted.emit(GuardianDeclined()))
        choices = Column(1, self._body, Split(self._yes, self._no, across=True), 1)
        parts = Three(self._title, stretched(self._notice, 1), choices, tall=0, wide=(5, 2))
        QVBoxLayout(self).addWidget(parts)

    def enter(self, show: Show) -> None:
        for button in (self._yes, self._no):
            button.rest()
        self.changed.emit("")

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._title.say(phrases["stage.guardian.title"])
        self._notice.speak(phrases)
        self._notice.tell(phrases.guardian_notice())
        self._body.say(phrases["stage.guardian.next"])
        for button in (self._yes, self._no):
            button.say(phrases[f"button.{button.objectName()}"])

    def _agree(self) -> None:
        phrases = self.phrases
        self.posted.emit(GuardianAgreed(phrases.language, phrases.guardian_consent_sha256()))
