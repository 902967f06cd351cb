"""Finds what stands on a page, to be read aloud: first its texts, then the buttons on it."""

from PySide6.QtWidgets import QWidget

from kiosk.read_aloud import INTRODUCTION, clips_of, is_recorded
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.scrollable_text import ScrollableText


def page_clips(page: QWidget, language: str) -> tuple[str, ...]:
    """Return the names of the clips that speak a page; empty if it cannot be read.

    A text that is agreed to is read whole or not at all. Another sentence without a clip is left out.
    """
    texts: list[str] = []
    buttons: list[str] = []
    for part in page.findChildren(QWidget):
        if not part.isVisibleTo(page):
            continue
        if isinstance(part, FittedLabel):
            texts.append(part.text())
        elif isinstance(part, ScrollableText):
            if not all(is_recorded(clip, language) for clip in clips_of(part.paragraphs, language)):
                return ()
            texts += part.paragraphs
        elif isinstance(part, Button) and part.isEnabled():
            buttons += [part.text(), part.accessibleDescription()]
    said, choices = _recorded(texts, language), _recorded(buttons, language)
    return said + ((INTRODUCTION, *choices) if choices else ())


def _recorded(texts: list[str], language: str) -> tuple[str, ...]:
    return tuple(clip for clip in clips_of(texts, language) if is_recorded(clip, language))
