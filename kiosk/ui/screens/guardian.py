"""GUARDIAN: the card was a child's; its guardian reads the notice and agrees for the child, or does not."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import GuardianAgreed, GuardianDeclined, Show
from kiosk.model import Purpose, Stage
from kiosk.phrases import Phrases
from kiosk.settings import Operator
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import ANSWER_HEIGHT, Button
from kiosk.ui.widgets.containers import Column, Row, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.scrollable_text import ScrollableText


class GuardianScreen(Screen):
    """Yes and no have one size, as in `ConsentScreen`."""

    stage = Stage.GUARDIAN

    def __init__(self, operator: Operator) -> None:
        """`operator`: who stands in the notice."""
        super().__init__()
        self._operator = operator
        self._title, self._body = FittedLabel("title"), FittedLabel("small", ink="soft")
        self._notice, self._purpose = ScrollableText(), Purpose.OPEN
        self._yes = Button("agree_guardian", "primary").with_height(ANSWER_HEIGHT)
        self._no = Button("decline_guardian", "second").with_height(ANSWER_HEIGHT)
        self._yes.clicked.connect(self._agree)
        self._no.clicked.connect(lambda: self.posted.emit(GuardianDeclined()))
        notice = with_stretch(self._notice, 1)
        head = Column(1, self._title, self._body, 1)
        panes = with_stretch(TwoPanes(head, notice, tall=(0, 1), wide=(2, 5)), 1)  # wide has little height
        QVBoxLayout(self).addWidget(Column(panes, Row(self._no, self._yes)))

    def enter(self, show: Show) -> None:
        self._purpose = show.purpose
        self._show_notice()
        self.changed.emit("")

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.guardian.title"])
        self._notice.retranslate(phrases)
        self._show_notice()
        self._body.show_text(phrases["stage.guardian.next"])
        for button in (self._yes, self._no):
            button.set_label(phrases[f"button.{button.objectName()}"])

    def _agree(self) -> None:
        text = self.phrases.guardian_consent_sha256(self._purpose)
        self.posted.emit(GuardianAgreed(self.phrases.language, text))

    def _show_notice(self) -> None:
        notice = self.phrases.guardian_notice(self._purpose)
        self._notice.show_paragraphs(self.phrases.fill_in(notice, self._operator.names))
