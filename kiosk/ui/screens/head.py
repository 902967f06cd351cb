"""HEAD: one large arrow at a time, a mark for each movement that was made, a mirror."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import HeadMoveShown, Notice, Show, ShowHeadMove
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.ui.preview import Preview
from kiosk.ui.screens.base import Column, Screen, Three, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.widgets.arrow import Arrow
from kiosk.ui.widgets.marks import Marks
from kiosk.ui.widgets.words import Words


class HeadScreen(Screen):
    stage = Stage.HEAD
    step = 3
    changeable = True

    def __init__(self, feeds: Feeds) -> None:
        super().__init__()
        self.preview = Preview(feeds.frame)
        self._title, self._body = Words("title"), Words("small", ink="soft")
        self._reason, self._arrow, self._marks = Reason(), Arrow(), Marks()
        words = Column(self._title, self._body, self._reason)
        task = Column(stretched(self._arrow, 1), self._marks)
        QVBoxLayout(self).addWidget(Three(words, task, self.preview, tall=2, wide=(3, 2)))
        self._arrow.painted.connect(lambda step, at: self.posted.emit(HeadMoveShown(step, at)))

    def enter(self, show: Show) -> None:
        self._clear()
        self.preview.show_good(True)
        self._reason.give(self.phrases, show.code, show.tries_left)
        self._say_body()
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def hear(self, notice: Notice) -> None:
        if not isinstance(notice, ShowHeadMove):
            return
        self._marks.show_window(notice.step, notice.count)
        for done in range(notice.step):
            self._marks.mark(done)
        if notice.move is None:
            self._arrow.clear()
        else:
            self._arrow.show_move(notice.step, notice.move, self.phrases[f"head.{notice.move.value}"])
            self.changed.emit(f"arrow-{notice.step + 1}")

    def leave(self) -> None:
        self._clear()

    def forget(self) -> None:
        self._clear()
        self.preview.clear()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._title.say(phrases["stage.head.title"])
        self._arrow.speak(phrases["head.rest"], phrases["head.rest_body"])
        self.preview.setAccessibleName(phrases["general.mirror"])
        self._reason.speak(phrases)
        self._say_body()

    def _say_body(self) -> None:
        """A reason takes its place: one thing at a time."""
        self._body.say("" if self._reason.text else self.phrases["stage.head.body"])

    def _clear(self) -> None:
        self._arrow.clear()
        self._marks.begin()
