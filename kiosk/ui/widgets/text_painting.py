"""Painting of text, in bold also where Qt cannot: the bundled font has one weight."""

import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

OUTLINE_PX = 64
"""From this size on Qt paints glyphs as outlines and does not embolden them."""
STROKE = 0.011
"""Thickening of large bold type on each side, as a share of its size."""


def paint_text(painter: QPainter, box: QRectF, flags: int, text: str) -> None:
    """Paint as `painter.drawText` does with the painter's font; large bold type gets thicker strokes."""
    font = painter.font()
    if not font.bold() or font.pixelSize() < OUTLINE_PX:
        painter.drawText(box, flags, text)
        return
    offset = font.pixelSize() * STROKE
    for turn in range(8):
        angle = turn * math.pi / 4
        painter.drawText(box.translated(offset * math.cos(angle), offset * math.sin(angle)), flags, text)
