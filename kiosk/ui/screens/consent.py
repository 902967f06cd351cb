"""CONSENT: two questions, each on its own page: face recognition; then whether one picture may be sent.

On the clerk's way one question, about that.
"""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Agreed, Declined, Show
from kiosk.model import Stage, Way
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Column, Screen, Split, Three, stretched
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.notice import Notice
from kiosk.ui.widgets.words import Words


class ConsentScreen(Screen):
    """Yes and no are of one size and weight: nobody is led (order 19, article 5: voluntary and explicit).

    The same two buttons answer both pages; they rest when the page is turned, so that a double touch on the
    first answers only the first.
    """

    stage = Stage.CONSENT

    def __init__(self) -> None:
        super().__init__()
        self._picture_page = False
        self._way = Way.VOICE
        self._title = Words("title")
        self._notice = Notice()
        self._body = Words("small", ink="soft")
        self._yes = Button("agree", "primary").grow(1.3)
        self._no = Button("decline", "second").grow(1.3)
        self._yes.clicked.connect(self._agree)
        self._no.clicked.connect(self._decline)
        choices = Column(1, self._body, Split(self._yes, self._no, across=True), 1)
        parts = Three(self._title, stretched(self._notice, 1), choices, tall=0, wide=(5, 2))
        QVBoxLayout(self).addWidget(parts)

    def enter(self, show: Show) -> None:
        self._way = show.way
        self._turn(picture=False)

    def forget(self) -> None:
        self._picture_page, self._way = False, Way.VOICE
        self._write()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._notice.speak(phrases)
        self._write()

    def _turn(self, *, picture: bool) -> None:
        self._picture_page = picture
        self._write()
        for button in (self._yes, self._no):
            if picture:
                button.rest()
            else:
                button.wake()
        self.changed.emit("clerk" if self._by_clerk else "picture" if picture else "face")

    @property
    def _by_clerk(self) -> bool:
        """Without face recognition: another text, and one question only."""
        return self._way is Way.CLERK

    def _write(self) -> None:
        picture, phrases = self._picture_page, self.phrases
        if self._by_clerk:
            self._write_clerk()
            return
        self._title.say(phrases["consent.picture_title" if picture else "consent.title"])
        self._notice.tell(phrases.picture_notice() if picture else phrases.face_notice())
        self._body.say("" if picture else phrases["stage.consent.body"])
        self._name_buttons("_picture" if picture else "")

    def _write_clerk(self) -> None:
        self._title.say(self.phrases["consent.clerk_title"])
        self._notice.tell(self.phrases.clerk_notice())
        self._body.say(self.phrases["stage.consent.next"])
        self._name_buttons("_clerk")

    def _name_buttons(self, ending: str) -> None:
        for button, name in ((self._yes, "agree"), (self._no, "decline")):
            button.setObjectName(f"{name}{ending}")
            button.say(self.phrases[f"button.{name}{ending}"])

    def _agree(self) -> None:
        if self._by_clerk:
            phrases = self.phrases
            self.posted.emit(Agreed(phrases.language, phrases.clerk_consent_sha256(), picture=False))
        elif self._picture_page:
            self._answer(picture=True)
        else:
            self._turn(picture=True)

    def _decline(self) -> None:
        if self._picture_page:
            self._answer(picture=False)
        else:
            self.posted.emit(Declined())

    def _answer(self, *, picture: bool) -> None:
        self.posted.emit(Agreed(self.phrases.language, self.phrases.consent_sha256(), picture))
