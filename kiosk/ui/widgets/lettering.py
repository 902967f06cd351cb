"""Drawing text, bold also where the bundled font, which has one weight, is not made bold by Qt."""

import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

OUTLINE_PX = 64
"""From this size on Qt draws glyphs as outlines and leaves their weight as it is."""
STROKE = 0.011
"""By so much of its size large type is thickened on each side."""


def letter(painter: QPainter, box: QRectF, flags: int, text: str) -> None:
    """`painter.drawText` with the painter's font; large bold type is drawn with thicker strokes."""
    font = painter.font()
    if not font.bold() or font.pixelSize() < OUTLINE_PX:
        painter.drawText(box, flags, text)
        return
    by = font.pixelSize() * STROKE
    for turn in range(8):
        angle = turn * math.pi / 4
        painter.drawText(box.translated(by * math.cos(angle), by * math.sin(angle)), flags, text)
