"""What the panel's pages share: scrolled lines, a row of buttons, one sentence about the last act."""

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QScroller,
    QScrollerProperties,
    QVBoxLayout,
    QWidget,
)

from kiosk.codes import Code
from kiosk.phrases import Phrases, load
from kiosk.staff.service import StaffService
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Row, fit_all
from kiosk.ui.staff.background_tasks import BackgroundTasks
from kiosk.ui.theme import Role, Theme, colour
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.note import Note
from kiosk.ui.widgets.words import Words


class Page(QWidget):
    """One page. `show_now` asks the counter anew; nothing is kept while the page is not seen."""

    name: ClassVar[str]
    written = Signal()
    """It shows something new."""

    def __init__(self, counter: StaffService, errands: BackgroundTasks) -> None:
        super().__init__()
        self.counter = counter
        self.errands = errands
        self.phrases = load()
        self.look = Theme()
        self.list = Lines()
        self._told = Note(Icon.CHECK)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.addWidget(self._told)
        self.box.addWidget(self.list, 1)

    def show_now(self) -> None:
        """The page is seen, or to be brought up to date."""

    def leave(self) -> None:
        """Another page is seen, or none."""
        self.list.clear()
        self._told.say("")

    def speak(self, phrases: Phrases) -> None:
        self.phrases = phrases

    def fit(self, look: Theme) -> None:
        self.look = look
        self.box.setSpacing(look.px(20))

    def add_buttons(self, *buttons: Button) -> None:
        """Below the list, side by side."""
        self.box.addWidget(Row(*buttons))

    def do(self, work: Callable[[], object], then: Callable[[object], None]) -> None:
        """An errand; a failure is told in the words for staff."""

        def write(result: object) -> None:
            then(result)
            self.written.emit()

        self.errands.run(work, write, self.fail)

    def fail(self, code: Code) -> None:
        self._told.say(self.phrases.clerk(code), Icon.ATTENTION)
        self.written.emit()

    def tell(self, text: str) -> None:
        """What came of the last act."""
        self._told.say(text, Icon.CHECK, good=True)

    @property
    def told(self) -> str:
        return self._told.text

    def line(self, left: str, right: str = "", below: str = "", *, button: Button | None = None) -> None:
        """One more line of the list."""
        line = Line(left, right, below, button)
        fit_all(line, self.look)
        line.fit(self.look)
        self.list.add(line)

    def heading(self, text: str) -> None:
        words = Words("small", centred=False, bold=True)
        words.say(text)
        words.fit(self.look)
        self.list.add(words)


class Line(QWidget):
    """A card: what, on the left; how it stands, on the right; a sentence below; perhaps something to do."""

    def __init__(self, left: str, right: str, below: str, button: Button | None) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        words = QVBoxLayout()
        upper = QHBoxLayout()
        upper.addWidget(_words(left, "small"), 1)
        if right:
            upper.addWidget(_words(right, "small", right=True))
        words.addLayout(upper)
        if below:
            words.addWidget(_words(below, "tiny", ink="soft"))
        self._row.addLayout(words, 1)
        if button is not None:
            self._row.addWidget(button)

    def paintEvent(self, _: object) -> None:
        """By hand: a style sheet for each line costs more than the line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour("line"), 2.0))
        painter.setBrush(colour("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        painter.end()

    def fit(self, look: Theme) -> None:
        self._row.setSpacing(look.px(24))
        self._row.setContentsMargins(look.px(24), look.px(14), look.px(24), look.px(14))


class Lines(QScrollArea):
    """A column that is dragged with a finger."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        _drag(self.viewport())
        self.clear()

    def clear(self) -> None:
        """Nothing of the old lines stays. Painted again when all new ones are there."""
        self.setUpdatesEnabled(False)
        QTimer.singleShot(0, self, lambda: self.setUpdatesEnabled(True))
        inside = QWidget()
        inside.setAutoFillBackground(False)
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addStretch(1)
        self.setWidget(inside)

    def add(self, widget: QWidget) -> None:
        self._box.insertWidget(self._box.count() - 1, widget)
        self._give_height(widget)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for index in range(self._box.count() - 1):
            item = self._box.itemAt(index)
            widget = item.widget() if item is not None else None
            if widget is not None:
                self._give_height(widget)

    def _give_height(self, widget: QWidget) -> None:
        """As much as its text needs at this width; a scroll area does not ask for that by itself."""
        layout = widget.layout()
        width = self.viewport().width()
        needed = layout.heightForWidth(width) if layout is not None else widget.heightForWidth(width)
        widget.setMinimumHeight(max(needed, widget.sizeHint().height()))

    @property
    def texts(self) -> list[str]:
        """Everything that can be read, from top to bottom."""
        inside = self.widget()
        return [words.text() for words in inside.findChildren(Words)] if inside else []


def _drag(viewport: QWidget) -> None:
    """Scroll with a finger; buttons inside take their touch at once, and lose it if a drag comes of it."""
    scroller = QScroller.scroller(viewport)
    properties = scroller.scrollerProperties()
    properties.setScrollMetric(QScrollerProperties.ScrollMetric.MousePressEventDelay, 0.0)
    scroller.setScrollerProperties(properties)
    QScroller.grabGesture(viewport, QScroller.ScrollerGestureType.LeftMouseButtonGesture)


def _words(text: str, role: Role, *, ink: str = "ink", right: bool = False) -> Words:
    words = Words(role, ink=ink, centred=False)
    if right:
        words.setWordWrap(False)
        words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    words.say(text)
    return words
