"""Paragraphs to be read: scrolled by a finger, or by a button where they are longer than the screen."""

import html

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QScroller, QVBoxLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.theme import Theme, colour
from kiosk.ui.widgets.buttons import Button


class Notice(QWidget):
    """Each paragraph's beginning, up to its colon, is bold."""

    def __init__(self) -> None:
        super().__init__()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._area = self._make_area()
        self._more = Button("scroll", "plain", role="small")
        self._more.clicked.connect(self._scroll)
        self._words = ("", "")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._area, 1)
        column.addWidget(self._more)
        self._area.verticalScrollBar().valueChanged.connect(self._label_more)
        self._area.verticalScrollBar().rangeChanged.connect(self._label_more)

    def _make_area(self) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        colours = area.palette()
        colours.setColor(QPalette.ColorRole.Window, colour("surface"))
        colours.setColor(QPalette.ColorRole.WindowText, colour("ink"))
        area.setPalette(colours)
        area.setWidget(self._text)
        QScroller.grabGesture(area.viewport(), QScroller.ScrollerGestureType.LeftMouseButtonGesture)
        return area

    def speak(self, phrases: Phrases) -> None:
        self._words = (phrases["button.scroll_down"], phrases["button.scroll_up"])
        self._label_more()

    def tell(self, paragraphs: list[str]) -> None:
        """Show them from the top."""
        self._text.setText("".join(_paragraph(text) for text in paragraphs))
        self._text.setAccessibleName("\n".join(paragraphs))
        self._area.verticalScrollBar().setValue(0)
        QTimer.singleShot(0, self._label_more)

    def fit(self, look: Theme) -> None:
        self._text.setFont(look.font("small"))
        self._text.setMargin(look.px(24))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self._label_more)

    def _at_end(self) -> bool:
        bar = self._area.verticalScrollBar()
        return bar.value() >= bar.maximum()

    def _label_more(self) -> None:
        """The button is there only if there is more than can be seen."""
        full = self.height() - self._text.heightForWidth(self._area.viewport().width()) >= 0
        self._more.setVisible(not full)
        self._more.say(self._words[1] if self._at_end() else self._words[0])

    def _scroll(self) -> None:
        bar = self._area.verticalScrollBar()
        bar.setValue(0 if self._at_end() else bar.value() + self._area.viewport().height() * 3 // 4)


def _paragraph(text: str) -> str:
    """As HTML, the head bold."""
    for colon in ("：", ": "):
        head, found, rest = text.partition(colon)
        if found:
            text = f"<b>{html.escape(head)}{colon}</b>{html.escape(rest)}"
            return f'<p style="margin-bottom:8px; line-height:112%">{text}</p>'
    return f'<p style="margin-bottom:8px; line-height:112%">{html.escape(text)}</p>'
