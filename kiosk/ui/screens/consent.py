"""CONSENT: questions on a page each: face recognition, whether one picture may be sent, and whether kept.

The last one is asked where the site wants it, and of people who get a new credential. Without face
recognition (the clerk's way) there is one question with a text of its own; so there is where no password is
chosen, for no picture is needed then.
"""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Agreed, Declined, Show
from kiosk.model import Purpose, Stage, Way
from kiosk.phrases import Phrases
from kiosk.settings import Operator
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import ANSWER_HEIGHT, Button
from kiosk.ui.widgets.containers import Column, Row, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.scrollable_text import ScrollableText


class ConsentScreen(Screen):
    """Yes and no have one size and weight: nobody is led (order 19, article 5: voluntary and explicit).

    The same two buttons answer every page.
    """

    stage = Stage.CONSENT
    own_cancel = frozenset({Way.CLERK})
    left = Signal()
    """Declined on the clerk's way: the visit is to be cancelled."""

    def __init__(self, operator: Operator, *, keep_picture: bool = False) -> None:
        """`operator`: who stands in the notice. `keep_picture`: ask whether one may be kept."""
        super().__init__()
        self._operator = operator
        self._keep_picture = keep_picture
        self._page, self._sends = "face", False
        self._way, self._purpose = Way.VOICE, Purpose.OPEN
        self._title, self._notice = FittedLabel("title"), ScrollableText()
        self._body = FittedLabel("small", ink="soft")
        self._yes = Button("agree", "primary").with_height(ANSWER_HEIGHT)
        self._no = Button("decline", "second").with_height(ANSWER_HEIGHT)
        self._yes.clicked.connect(self._agree)
        self._no.clicked.connect(self._decline)
        notice = with_stretch(self._notice, 1)
        head = Column(1, self._title, self._body, 1)
        panes = with_stretch(TwoPanes(head, notice, tall=(0, 1), wide=(2, 5)), 1)  # wide has little height
        QVBoxLayout(self).addWidget(Column(panes, Row(self._no, self._yes)))

    def enter(self, show: Show) -> None:
        super().enter(show)
        self._way, self._purpose = show.way, show.purpose
        self._sends = False
        self._show_page("clerk" if self._way is Way.CLERK else "face")

    def forget(self) -> None:
        self._page, self._sends = "face", False
        self._way, self._purpose = Way.VOICE, Purpose.OPEN
        self._show_texts()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._notice.retranslate(phrases)
        self._show_texts()

    def _show_page(self, page: str) -> None:
        self._page = page
        self._show_texts()
        self.rearranged.emit()
        self.changed.emit(page)

    def _show_texts(self) -> None:
        phrases = self.phrases
        if self._page == "clerk":
            notice = phrases.clerk_notice(self._purpose)
            title, body, suffix = "clerk_title", self.next_line(), "_clerk"
        elif self._page == "picture":
            title, notice, body, suffix = "picture_title", phrases.picture_notice(), "", "_picture"
        elif self._page == "keep":
            title, notice, body, suffix = "keep_title", phrases.keep_notice(), "", "_keep"
        else:
            notice = phrases.face_notice(self._purpose)
            title, body, suffix = "title", phrases["stage.consent.body"], ""
        self._title.show_text(phrases[f"consent.{title}"])
        self._notice.show_paragraphs(phrases.fill_in(notice, self._operator.names))
        self._body.show_text(body)
        for button, name in ((self._yes, "agree"), (self._no, "decline")):
            button.setObjectName(f"{name}{suffix}")
            button.set_label(phrases[f"button.{name}{suffix}"])

    def _agree(self) -> None:
        phrases = self.phrases
        if self._page == "clerk":
            text = phrases.clerk_consent_sha256(self._purpose)
            self.posted.emit(Agreed(phrases.language, text, picture=False))
        elif not self._purpose.has_password:
            self.posted.emit(Agreed(phrases.language, phrases.consent_sha256(self._purpose), picture=False))
        elif self._page == "face":
            self._show_page("picture")
        else:
            self._answer(yes=True)

    def _decline(self) -> None:
        if self._page == "clerk":
            self.left.emit()
        elif self._page == "face":
            self.posted.emit(Declined())
        else:
            self._answer(yes=False)

    def _answer(self, *, yes: bool) -> None:
        """Take the answer about the picture that is sent, or about the one that is kept."""
        if self._page == "picture":
            self._sends = yes
            if self._keep_picture and self._purpose.gives_credential:
                self._show_page("keep")
                return
        phrases = self.phrases
        kept = phrases.keep_consent_sha256() if yes and self._page == "keep" else ""
        self.posted.emit(Agreed(phrases.language, phrases.consent_sha256(), self._sends, kept))
