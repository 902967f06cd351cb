"""Picture of a person with a title; it is held only while it is visible."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QHideEvent, QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ports import Image
from kiosk.ui.theme import Theme, colour


class Photo(QWidget):
    """Shows a picture whole, as large as there is space, or a text where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._theme = Theme()
        self._title, self._none = "", ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 120)

    @property
    def blank(self) -> bool:
        """Whether no picture is held."""
        return self._image is None

    def set_texts(self, title: str, none: str) -> None:
        """Set the title, and the text that stands in the place of a missing picture."""
        self._title, self._none = title, none
        self.setAccessibleName(title)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def show_image(self, image: Image | None) -> None:
        """Show a copy of a picture, shape (height, width, 3), BGR; None: there is none."""
        self._image = None
        if image is not None:
            pixels = np.ascontiguousarray(image)
            height, width = pixels.shape[:2]
            view = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888)
            self._image = view.copy()
        self.update()

    def clear(self) -> None:
        """Overwrite and drop the picture."""
        if self._image is not None:
            self._image.fill(0)
        self._image = None
        self.update()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.clear()

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        line = self._theme.size("body") * 1.4
        room = QRectF(0, line, self.width(), self.height() - line)
        painter.setPen(colour("ink"))
        painter.setFont(self._theme.font("body", True))
        painter.drawText(QRectF(0, 0, self.width(), line), Qt.AlignmentFlag.AlignCenter, self._title)
        image = self._image
        if image is None:
            painter.fillRect(room, colour("surface"))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self._none)
        else:
            scale = min(room.width() / image.width(), room.height() / image.height())
            box = QRectF(0, 0, image.width() * scale, image.height() * scale)
            box.moveCenter(room.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(box, image)
        painter.end()
