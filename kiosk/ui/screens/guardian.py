"""GUARDIAN: the card was a child's; its guardian reads the notice and agrees for the child, or does not."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import GuardianAgreed, GuardianDeclined, Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Column, ThreePanes, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.scrollable_text import ScrollableText


class GuardianScreen(Screen):
    """Yes and no have one size, as in `ConsentScreen`; they are blocked first: nobody answers by accident."""

    stage = Stage.GUARDIAN
    step = 0

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = FittedLabel("title"), FittedLabel("small", ink="soft")
        self._notice = ScrollableText()
        self._yes = Button("agree_guardian", "primary").with_height(1.3)
        self._no = Button("decline_guardian", "second").with_height(1.3)
        self._yes.clicked.connect(
            lambda: self.posted.emit(
                GuardianAgreed(self.phrases.language, self.phrases.guardian_consent_sha256())
            )
        )
        self._no.clicked.connect(lambda: self.posted.emit(GuardianDeclined()))
        choices = Column(1, self._body, TwoPanes(self._yes, self._no, across=True), 1)
        notice = with_stretch(self._notice, 1)
        QVBoxLayout(self).addWidget(ThreePanes(self._title, notice, choices, tall=0, wide=(5, 2)))

    def enter(self, show: Show) -> None:
        for button in (self._yes, self._no):
            button.block_touches()
        self.changed.emit("")

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.guardian.title"])
        self._notice.retranslate(phrases)
        self._notice.show_paragraphs(phrases.guardian_notice())
        self._body.show_text(phrases["stage.guardian.next"])
        for button in (self._yes, self._no):
            button.set_label(phrases[f"button.{button.objectName()}"])
