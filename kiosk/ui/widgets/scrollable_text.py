"""Paragraphs to read: scrolled by dragging, or by a button where they are longer than the screen."""

import html
import math

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent, QTextDocument
from PySide6.QtWidgets import QBoxLayout, QFrame, QLabel, QScrollArea, QScroller, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.theme import TOUCH_PX, Theme, colour_ground
from kiosk.ui.widgets.button import Button

NO_LIMIT = 16_777_215
"""QWIDGETSIZE_MAX of Qt."""


class ScrollableText(QWidget):
    """Shows the beginning of each paragraph, up to its colon, in bold type."""

    def __init__(self) -> None:
        super().__init__()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._area = area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._text)
        self._cover = QWidget(area)  # over a line of which only the upper part has room
        self._cover.setAutoFillBackground(True)
        QScroller.grabGesture(area.viewport(), QScroller.ScrollerGestureType.LeftMouseButtonGesture)
        self._more = Button("scroll", "plain", role="small")
        self.paragraphs: list[str] = []
        """What is shown."""
        self._labels = ("", "")  # to scroll down, to scroll up
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(area, 1)
        self._box.addWidget(self._more)
        self._more.clicked.connect(self._scroll)
        for changed in (area.verticalScrollBar().valueChanged, area.verticalScrollBar().rangeChanged):
            changed.connect(self._update_button)
            changed.connect(self._cover_cut_line)

    def retranslate(self, phrases: Phrases) -> None:
        self._labels = (phrases["button.scroll_down"], phrases["button.scroll_up"])
        self._update_button()

    def show_paragraphs(self, paragraphs: list[str]) -> None:
        """Show the paragraphs from the top."""
        self.paragraphs = paragraphs
        self._text.setText("".join(_to_html(text) for text in paragraphs))
        self._text.setAccessibleName("\n".join(paragraphs))
        self._area.verticalScrollBar().setValue(0)
        QTimer.singleShot(0, self._update_button)

    def set_theme(self, theme: Theme) -> None:
        """Put the button below the text, or beside it on a wide screen, which has little height."""
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._box.setDirection(down if theme.portrait else right)
        self._more.setMaximumWidth(NO_LIMIT if theme.portrait else max(TOUCH_PX, theme.px(250)))
        for part in (self._area, self._cover):
            colour_ground(part, "surface")
        self._text.setFont(theme.font("small"))
        self._text.setMargin(theme.px(24))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self._update_button)
        QTimer.singleShot(0, self._cover_cut_line)

    def _at_end(self) -> bool:
        bar = self._area.verticalScrollBar()
        return bar.value() >= bar.maximum()

    def _update_button(self) -> None:
        """Show the button if there is more text than fits, with the direction in which it scrolls."""
        fits = self._text.heightForWidth(self._area.viewport().width()) <= self.height()
        self._more.setVisible(not fits)
        self._more.set_label(self._labels[1] if self._at_end() else self._labels[0])

    def _scroll(self) -> None:
        """Go on to the first line that is not seen, or back to the top."""
        bar = self._area.verticalScrollBar()
        bar.setValue(0 if self._at_end() else self._end_of_lines() - self._text.margin())

    def _end_of_lines(self) -> int:
        """Return the height in the text at which the last line ends that is seen as a whole."""
        document, margin = QTextDocument(), self._text.margin()
        document.setDocumentMargin(0)
        document.setDefaultFont(self._text.font())
        document.setHtml(self._text.text())
        document.setTextWidth(self._text.width() - 2 * margin)
        end = self._area.verticalScrollBar().value() + self._area.viewport().height()
        bottoms: list[int] = []
        block = document.begin()
        while block.isValid():
            top = margin + document.documentLayout().blockBoundingRect(block).top()
            lines = (block.layout().lineAt(index) for index in range(block.layout().lineCount()))
            bottoms += [math.ceil(top + line.y() + line.height()) for line in lines]
            block = block.next()
        whole = max((bottom for bottom in bottoms if bottom <= end), default=end)
        return end if bottoms and whole == bottoms[-1] else whole

    def _cover_cut_line(self) -> None:
        bar, height = self._area.verticalScrollBar(), self._area.viewport().height()
        whole = self._end_of_lines() - bar.value()
        self._cover.setGeometry(0, whole, self._area.width(), max(0, height - whole))


def _to_html(paragraph: str) -> str:
    """Return the paragraph as HTML, with the text up to the first colon in bold type."""
    text = html.escape(paragraph)
    for colon in ("：", ": "):
        head, found, rest = paragraph.partition(colon)
        if found:
            text = f"<b>{html.escape(head)}{colon}</b>{html.escape(rest)}"
            break
    return f'<p style="margin-bottom:8px; line-height:112%">{text}</p>'
