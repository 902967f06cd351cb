"""Paragraphs to read: scrolled by dragging, or by a button where they are longer than the screen."""

import html

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
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
        area.verticalScrollBar().valueChanged.connect(self._update_button)
        area.verticalScrollBar().rangeChanged.connect(self._update_button)

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
        colour_ground(self._area, "surface")
        self._text.setFont(theme.font("small"))
        self._text.setMargin(theme.px(24))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self._update_button)

    def _at_end(self) -> bool:
        bar = self._area.verticalScrollBar()
        return bar.value() >= bar.maximum()

    def _update_button(self) -> None:
        """Show the button if there is more text than fits, with the direction in which it scrolls."""
        fits = self._text.heightForWidth(self._area.viewport().width()) <= self.height()
        self._more.setVisible(not fits)
        self._more.set_label(self._labels[1] if self._at_end() else self._labels[0])

    def _scroll(self) -> None:
        bar = self._area.verticalScrollBar()
        bar.setValue(0 if self._at_end() else bar.value() + self._area.viewport().height() * 3 // 4)


def _to_html(paragraph: str) -> str:
    """Return the paragraph as HTML, with the text up to the first colon in bold type."""
    text = html.escape(paragraph)
    for colon in ("：", ": "):
        head, found, rest = paragraph.partition(colon)
        if found:
            text = f"<b>{html.escape(head)}{colon}</b>{html.escape(rest)}"
            break
    return f'<p style="margin-bottom:8px; line-height:112%">{text}</p>'
