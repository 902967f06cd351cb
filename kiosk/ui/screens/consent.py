"""CONSENT: two questions on a page each: face recognition, then whether one picture may be sent.

Without face recognition (the clerk's way) there is one question with a text of its own.
"""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Agreed, Declined, Show
from kiosk.model import Stage, Way
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Column, ThreePanes, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.scrollable_text import ScrollableText


class ConsentScreen(Screen):
    """Yes and no have one size and weight: nobody is led (order 19, article 5: voluntary and explicit).

    The same two buttons answer both pages. They are blocked for a moment when the page changes, so that a
    double touch on the first page answers only the first question.
    """

    stage = Stage.CONSENT

    def __init__(self) -> None:
        super().__init__()
        self._picture_page = False
        self._way = Way.VOICE
        self._title, self._notice = FittedLabel("title"), ScrollableText()
        self._body = FittedLabel("small", ink="soft")
        self._yes = Button("agree", "primary").with_height(1.3)
        self._no = Button("decline", "second").with_height(1.3)
        self._yes.clicked.connect(self._agree)
        self._no.clicked.connect(self._decline)
        choices = Column(1, self._body, TwoPanes(self._yes, self._no, across=True), 1)
        notice = with_stretch(self._notice, 1)
        QVBoxLayout(self).addWidget(ThreePanes(self._title, notice, choices, tall=0, wide=(5, 2)))

    def enter(self, show: Show) -> None:
        self._way = show.way
        self._show_page(picture=False)

    def forget(self) -> None:
        self._picture_page, self._way = False, Way.VOICE
        self._show_texts()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._notice.retranslate(phrases)
        self._show_texts()

    def _show_page(self, *, picture: bool) -> None:
        self._picture_page = picture
        self._show_texts()
        for button in (self._yes, self._no):
            if picture:
                button.block_touches()
            else:
                button.unblock_touches()
        self.changed.emit("clerk" if self._way is Way.CLERK else "picture" if picture else "face")

    def _show_texts(self) -> None:
        phrases = self.phrases
        if self._way is Way.CLERK:
            title, notice, body, suffix = "clerk_title", phrases.clerk_notice(), "next", "_clerk"
        elif self._picture_page:
            title, notice, body, suffix = "picture_title", phrases.picture_notice(), "", "_picture"
        else:
            title, notice, body, suffix = "title", phrases.face_notice(), "body", ""
        self._title.show_text(phrases[f"consent.{title}"])
        self._notice.show_paragraphs(notice)
        self._body.show_text(phrases[f"stage.consent.{body}"] if body else "")
        for button, name in ((self._yes, "agree"), (self._no, "decline")):
            button.setObjectName(f"{name}{suffix}")
            button.set_label(phrases[f"button.{name}{suffix}"])

    def _agree(self) -> None:
        phrases = self.phrases
        if self._way is Way.CLERK:
            self.posted.emit(Agreed(phrases.language, phrases.clerk_consent_sha256(), picture=False))
        elif self._picture_page:
            self.posted.emit(Agreed(phrases.language, phrases.consent_sha256(), picture=True))
        else:
            self._show_page(picture=True)

    def _decline(self) -> None:
        if self._picture_page:
            phrases = self.phrases
            self.posted.emit(Agreed(phrases.language, phrases.consent_sha256(), picture=False))
        else:
            self.posted.emit(Declined())
