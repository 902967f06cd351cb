"""A picture of somebody with its title; holds it only while it is to be seen."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QHideEvent, QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ports import Image
from kiosk.ui.theme import Theme, colour


class Photo(QWidget):
    """`show_image`: (height, width, 3) BGR; None: "no picture" in words. Hidden, it forgets."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._look = Theme()
        self._title, self._none = "", ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 120)

    @property
    def blank(self) -> bool:
        return self._image is None

    def speak(self, title: str, none: str) -> None:
        self._title, self._none = title, none
        self.setAccessibleName(title)
        self.update()

    def fit(self, look: Theme) -> None:
        self._look = look

    def show_image(self, image: Image | None) -> None:
        self._image = None if image is None else _copied(image)
        self.update()

    def clear(self) -> None:
        if self._image is not None:
            self._image.fill(0)
        self._image = None
        self.update()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.clear()

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        line = self._look.size("body") * 1.4
        room = QRectF(0, line, self.width(), self.height() - line)
        painter.setPen(colour("ink"))
        painter.setFont(self._look.font("body", True))
        painter.drawText(QRectF(0, 0, self.width(), line), Qt.AlignmentFlag.AlignCenter, self._title)
        if self._image is None:
            painter.fillRect(room, colour("surface"))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self._none)
        else:
            self._paint_image(painter, self._image, room)
        painter.end()

    def _paint_image(self, painter: QPainter, image: QImage, room: QRectF) -> None:
        """Whole, as large as there is room."""
        scale = min(room.width() / image.width(), room.height() / image.height())
        box = QRectF(0, 0, image.width() * scale, image.height() * scale)
        box.moveCenter(room.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(box, image)


def _copied(image: Image) -> QImage:
    pixels = np.ascontiguousarray(image)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888).copy()
