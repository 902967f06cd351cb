"""HEAD: one large arrow at a time, a mark for each movement that was made, and a mirror picture."""

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import HeadMoveShown, Notice, Show, ShowHeadMove
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.ui.preview import Preview
from kiosk.ui.screens.lit_screen import LitScreen
from kiosk.ui.widgets.arrow_display import ArrowDisplay
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, ThreePanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.step_marks import StepMarks


class HeadScreen(LitScreen):
    stage = Stage.HEAD
    changeable = True

    def __init__(self, feeds: Feeds, *, light: bool = True) -> None:
        super().__init__(light=light)
        self.preview = Preview(feeds.frame)
        self._title, self._body = FittedLabel("title"), FittedLabel("small")
        self._reason, self._arrow, self._marks = CodeMessageBar(), ArrowDisplay(), StepMarks()
        texts = Column(self._title, self._body, self._reason)
        task = Column(with_stretch(self._arrow, 1), self._marks)
        mirror = Column(with_stretch(self.preview, 1), self.steady)
        QVBoxLayout(self).addWidget(ThreePanes(texts, task, mirror, tall=2, wide=(3, 2)))
        self._arrow.painted.connect(lambda step, at: self.posted.emit(HeadMoveShown(step, at)))

    def enter(self, show: Show) -> None:
        self._clear()
        self.begin_light()
        self.preview.set_well_placed(True)
        self._reason.show_code(self.phrases, show.code, show.tries_left)
        self.show_body()
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def handle_notice(self, notice: Notice) -> None:
        super().handle_notice(notice)
        if not isinstance(notice, ShowHeadMove):
            return
        self._marks.set_current(notice.step, notice.count)
        for done in range(notice.step):
            self._marks.mark_done(done)
        if notice.move is None:
            self._arrow.clear()
        else:
            self._arrow.show_move(notice.step, notice.move, self.phrases[f"head.{notice.move.value}"])
            self.changed.emit(f"arrow-{notice.step + 1}")

    def leave(self) -> None:
        super().leave()
        self._clear()

    def forget(self) -> None:
        super().forget()
        self._clear()
        self.preview.clear()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.head.title"])
        self._arrow.set_waiting_text(phrases["head.rest"], phrases["head.rest_body"])
        self.preview.setAccessibleName(phrases["general.mirror"])
        self._reason.retranslate(phrases)
        self.show_body()

    def set_ground(self, ground: QColor | None) -> None:
        self._arrow.set_ground(ground)

    def show_body(self) -> None:
        """Show the instruction, but not beside a reason: one message at a time."""
        text = self.phrases["head.light_body" if self.light_wanted else "stage.head.body"]
        self._body.show_text("" if self._reason.text else text)

    def _clear(self) -> None:
        self._arrow.clear()
        self._marks.clear()
