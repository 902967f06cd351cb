"""FACE: a mirror picture with an oval, and one hint at a time."""

from typing import ClassVar

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import Coach, Notice, Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.ui.icons import HINTS, Icon
from kiosk.ui.preview import Preview
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel


class FaceScreen(Screen):
    stage = Stage.FACE
    changeable = True
    icon: ClassVar[Icon] = Icon.FACE_FRONT
    """Icon beside hints that have none of their own."""
    of_card: ClassVar[bool] = False
    """Whether the preview has a card's outline instead of the oval."""

    def __init__(self, feeds: Feeds) -> None:
        super().__init__()
        self.preview = Preview(feeds.frame, card=self.of_card)
        self._title, self._body = FittedLabel("title"), FittedLabel("body", ink="soft")
        self._hint = CodeMessageBar(keep=True)
        self._next = FittedLabel("small", ink="soft")
        self._hint_code: Code | None = None  # None: the reason of this try is shown in its place
        texts = Column(1, self._title, self._body, self._hint, 1, self._next)
        panes = TwoPanes(with_stretch(self.preview, 1), texts, tall=(9, 5), wide=(8, 5))
        QVBoxLayout(self).addWidget(panes)

    def enter(self, show: Show) -> None:
        super().enter(show)
        self._hint_code = None
        self._show_texts()
        self._hint.show_code(self.phrases, show.code, show.tries_left)
        self.preview.set_well_placed(False)
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def handle_notice(self, notice: Notice) -> None:
        if isinstance(notice, Coach):
            self._show_hint(notice.code)
            self.changed.emit(f"hint-{notice.code.value}")

    def forget(self) -> None:
        self.preview.clear()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._show_texts()
        self.preview.setAccessibleName(phrases["general.mirror"])
        if self._hint_code is None:
            self._hint.retranslate(phrases)
        else:
            self._show_hint(self._hint_code)

    def _show_texts(self) -> None:
        own = self.show_order.guardian and not self.of_card
        prefix = "guardian.face_" if own else f"stage.{self.stage}."
        self._title.show_text(self.phrases[f"{prefix}title"])
        self._body.show_text(self.phrases[f"{prefix}body"])
        self._next.show_text(self.phrases["stage.portrait.next"] if self.of_card else self.next_line())

    def _show_hint(self, code: Code) -> None:
        """Show a hint of the coach in the place of the reason: one message at a time."""
        self._hint_code = code
        good = code is Code.OK
        text = self.phrases["general.well_placed"] if good else self.phrases.customer(code)
        self._hint.show_message(text, HINTS.get(code, self.icon), good=good)
        self.preview.set_well_placed(good)
