"""REVIEW: the customer waits, the clerk signs, sees, decides. The pictures go when the screen goes."""

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from kiosk.events import AskSignature, Notice, Show, ShowCase
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.screens.review_case import CasePage
from kiosk.ui.screens.signature import SignaturePage
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.words import Words


class ReviewScreen(Screen):
    stage = Stage.REVIEW
    step = 3

    def __init__(self, feeds: Feeds) -> None:
        super().__init__()
        self.signature, self.case = SignaturePage(), CasePage(feeds)
        self._pages = QStackedWidget()
        for page in (self._waiting(), self.signature, self.case):
            self._pages.addWidget(page)
        QVBoxLayout(self).addWidget(self._pages)
        self._here.clicked.connect(lambda: self._turn(self.signature, "signature"))
        self.signature.signed.connect(self.posted)
        self.case.decided.connect(self.posted)

    def _waiting(self) -> QWidget:
        self._title, self._body = Words("title"), Words("body")
        self._reason, self._next = Reason(), Words("small", ink="soft")
        self._here = Button("i_am_clerk", "primary")
        words = Column(1, self._title, self._body, self._reason, self._next, 1, self._here)
        return Split(stretched(IconWidget(Icon.CLERK, ink="second"), 1), words)

    def enter(self, show: Show) -> None:
        self._clear()
        self._reason.give(self.phrases, show.code)
        self.changed.emit(show.code.value)

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, AskSignature):
            again = self._pages.currentWidget() is not self._pages.widget(0)
            self.signature.ask(notice)
            if again:
                self._turn(self.signature, f"signature-{notice.role.value}")
        elif isinstance(notice, ShowCase):
            self.case.show_case(notice)
            self._turn(self.case, "case")

    def leave(self) -> None:
        self._clear()

    def forget(self) -> None:
        self._clear()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._title.say(phrases["stage.review.title"])
        self._body.say(phrases["stage.review.body"])
        self._next.say(phrases["stage.review.next"])
        self._here.say(phrases["button.i_am_clerk"])
        for part in (self._reason, self.signature, self.case):
            part.speak(phrases)

    def _turn(self, page: QWidget, name: str) -> None:
        """A page that is left shows nothing of anybody any more."""
        if page is not self.case:
            self.case.clear()
        self._pages.setCurrentWidget(page)
        self.changed.emit(name)

    def _clear(self) -> None:
        self.case.clear()
        self.signature.clear()
        self._pages.setCurrentIndex(0)
