"""IDLE: what the terminal is for, in every language in turn, and how to begin: the usual way, or another."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Began, Show
from kiosk.model import Language, Purpose, Stage, Way
from kiosk.phrases import Phrases, load
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Column, Row, ThreePanes
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.pictured_steps import PICTURES, PicturedSteps
from kiosk.visit_number import new_visit_number


class IdleScreen(Screen):
    stage = Stage.IDLE
    cancellable = False
    other_way = Signal()
    """Another way than the voice is wanted."""
    other_matter = Signal()
    """Something is to be done with a credential that exists."""

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = FittedLabel("hero"), FittedLabel("body")
        self._choice, self._steps = FittedLabel("small", ink="soft"), PicturedSteps()
        self._invitation = FittedLabel("body", ink="primary", bold=True)
        self._invitations = [load(language)["stage.idle.invitation"] for language in Language]
        self._begin = Button("begin", "primary", role="title").with_height(1.5)
        self._other = Button("other_way", "second", role="title").with_height(1.5)
        self._unhurried = Button("begin_unhurried", "plain").with_height(1.2)
        self._matter = Button("other_matter", "plain").with_height(1.2)
        texts = Column(1, self._title, self._body, self._invitation, 1)
        choices = Column(1, self._begin, self._other, self._choice, Row(self._unhurried, self._matter), 1)
        panes = ThreePanes(texts, choices, self._steps, tall=0, wide=(1, 1), main_right=True)
        QVBoxLayout(self).addWidget(panes)
        self._begin.clicked.connect(lambda: self.start(Way.VOICE))
        self._unhurried.clicked.connect(lambda: self.start(Way.VOICE, unhurried=True))
        self._other.clicked.connect(self.other_way)
        self._matter.clicked.connect(self.other_matter)
        self._steps.timer.timeout.connect(self._invite)

    def enter(self, show: Show) -> None:
        self.changed.emit("")

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.idle.title"])
        self._body.show_text(phrases["stage.idle.body"])
        self._steps.show_names(tuple(phrases[f"stage.idle.step_{n}"] for n in range(1, len(PICTURES) + 1)))
        self._invite()
        self._choice.show_text(phrases["stage.idle.choice"])
        for button in (self._begin, self._other, self._unhurried, self._matter):
            key = f"button.{button.objectName()}"
            button.set_label(phrases[key], phrases[f"{key}_note"])

    def _invite(self) -> None:
        """Invite in the next language each time the steps begin anew."""
        if self._steps.here == 0:
            self._invitations.append(self._invitations.pop(0))
            self._invitation.show_text(self._invitations[0])

    def start(self, way: Way, *, unhurried: bool = False, purpose: Purpose = Purpose.OPEN) -> None:
        """Begin a visit with a new number."""
        language = self.phrases.language
        self.posted.emit(
            Began(
                visit=new_visit_number(),
                language=language,
                unhurried=unhurried,
                way=way,
                purpose=purpose,
            )
        )
