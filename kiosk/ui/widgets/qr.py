"""QR code (ISO/IEC 18004, encoded by segno) with its quiet zone."""

import segno
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import Theme, colour

QUIET_ZONE = 4
"""Modules of white around the code, as the standard asks."""


class QrCode(QWidget):
    """Hidden while it has no content."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[bytes, ...] = ()

    def encode(self, content: str) -> None:
        """Show `content` with error correction level M; an empty one hides the code."""
        self._rows = tuple(bytes(row) for row in segno.make(content, error="m").matrix) if content else ()
        self.setAccessibleName(content)
        self.setVisible(bool(content))
        self.update()

    def set_theme(self, theme: Theme) -> None:
        side = max(130, theme.px(340 if theme.portrait else 280))
        self.setFixedSize(side, side)

    def paintEvent(self, _: object) -> None:
        if not self._rows:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        module = self.width() // (len(self._rows) + 2 * QUIET_ZONE)
        start = (self.width() - module * len(self._rows)) / 2
        for y, row in enumerate(self._rows):
            for x, dark in enumerate(row):
                if dark:
                    painter.fillRect(
                        QRectF(start + x * module, start + y * module, module, module), colour("ink")
                    )
        painter.end()
