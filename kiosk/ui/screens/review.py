"""REVIEW: the customer waits while a clerk signs in, sees the case and decides.

The pictures are dropped as soon as another page or screen is shown.
"""

from collections.abc import Callable

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from kiosk.events import AskSignature, Notice, Show, ShowCase
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Screen
from kiosk.ui.screens.review_case import CasePage
from kiosk.ui.screens.signature import SignaturePage
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, Row, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget


class ReviewScreen(Screen):
    stage = Stage.REVIEW

    def __init__(self, feeds: Feeds, staff_phrases: Callable[[str], Phrases]) -> None:
        """`staff_phrases`: in which words the clerk with a number reads; the pages for staff are in them."""
        super().__init__()
        self._staff_phrases = staff_phrases
        self._title, self._body = FittedLabel("title"), FittedLabel("body")
        self._reason, self._next = CodeMessageBar(), FittedLabel("small", ink="soft")
        self._here = Button("i_am_clerk", "primary")
        texts = Column(1, self._title, self._body, self._reason, 1, Row(self._next, self._here))
        self._waiting = TwoPanes(with_stretch(IconWidget(Icon.CLERK, ink="second"), 1), texts)
        self.signature, self.case = SignaturePage(), CasePage(feeds)
        self._pages = QStackedWidget()
        for page in (self._waiting, self.signature, self.case):
            self._pages.addWidget(page)
        QVBoxLayout(self).addWidget(self._pages)
        self._here.clicked.connect(lambda: self._show_page(self.signature, "signature"))
        self.signature.signed.connect(self.posted)
        self.case.decided.connect(self.posted)

    def enter(self, show: Show) -> None:
        self._clear()
        self._reason.show_end(self.phrases, show.code)
        self.changed.emit(show.code.value)

    def handle_notice(self, notice: Notice) -> None:
        match notice:
            case AskSignature():
                self._retranslate_for_staff(notice.clerk)
                begun = self._pages.currentWidget() is not self._waiting
                self.signature.start(notice)
                if begun:
                    self._show_page(self.signature, f"signature-{notice.role.value}")
            case ShowCase():
                self.case.show_case(notice)
                self._show_page(self.case, "case")

    def leave(self) -> None:
        self._clear()

    def forget(self) -> None:
        self._clear()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.review.title"])
        self._body.show_text(phrases["stage.review.body"])
        self._next.show_text(phrases["stage.review.next"])
        self._here.set_label(phrases["button.i_am_clerk"])
        self._reason.retranslate(phrases)

    def _retranslate_for_staff(self, clerk: str) -> None:
        phrases = self._staff_phrases(clerk)
        self.signature.retranslate(phrases)
        self.case.retranslate(phrases)

    def _show_page(self, page: QWidget, name: str) -> None:
        if page is not self.case:
            self.case.clear()
        self._pages.setCurrentWidget(page)
        self.changed.emit(name)

    def _clear(self) -> None:
        self.case.clear()
        self.signature.clear()
        self._pages.setCurrentWidget(self._waiting)
