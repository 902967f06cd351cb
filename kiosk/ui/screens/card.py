"""CARD: asks to place the ID card."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget


class CardScreen(Screen):
    stage = Stage.CARD

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = FittedLabel("title"), FittedLabel("body")
        self._reason = CodeMessageBar()
        self._next = FittedLabel("small", ink="soft")
        texts = Column(1, self._title, self._body, self._reason, 1, self._next)
        picture = with_stretch(IconWidget(Icon.CARD_ON_READER), 1)
        QVBoxLayout(self).addWidget(TwoPanes(picture, texts, tall=(3, 2)))

    def enter(self, show: Show) -> None:
        super().enter(show)
        self._show_texts()
        self._reason.show_code(self.phrases, show.code, show.tries_left)
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._reason.retranslate(phrases)
        self._show_texts()

    def _show_texts(self) -> None:
        prefix = "guardian.card_" if self.show_order.guardian else "stage.card."
        self._title.show_text(self.phrases[f"{prefix}title"])
        self._body.show_text(self.phrases[f"{prefix}body"])
        self._next.show_text(self.next_line())
