"""Mirror picture of the camera with a guide over it. Frames are polled, and only while it is visible."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QPainter, QPainterPath, QPen, QPixmap, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.model import Frame
from kiosk.ui.theme import Theme, colour

PERIOD_MS = 66
"""15 pictures a second look live and cost little."""
OVAL = 0.76
"""Width of the oval as a share of its height: that of a face."""
CARD = 85.60 / 53.98
"""Width of a card as a share of its height (ISO/IEC 7810, ID-1)."""


class Preview(QWidget):
    """Shows what `frame` returns, left and right exchanged, until it is hidden or cleared."""

    polled = Signal()
    """A frame was polled; for other widgets that want the same pace."""

    def __init__(self, frame: Callable[[], Frame | None], *, card: bool = False) -> None:
        """`frame`: the newest frame or None. `card`: the guide has a card's shape instead of a face's."""
        super().__init__()
        self._card = card
        self._newest_frame = frame
        self._seq: int | None = None
        self._image: QImage | None = None
        self._theme = Theme()
        self._well_placed = False
        self._guide_state: tuple[QSize, bool] | None = None
        self._guide_pixmap = QPixmap()
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self._poll)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 120)

    @property
    def blank(self) -> bool:
        """Whether no picture of anybody is held."""
        return self._image is None

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def set_well_placed(self, well_placed: bool) -> None:
        """Show in the guide's colour and line whether the person stands well."""
        self._well_placed = well_placed
        self.update()

    def clear(self) -> None:
        """Drop the picture."""
        self._seq = self._image = None
        self._well_placed = False
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self.clear()

    def _poll(self) -> None:
        frame = self._newest_frame()
        if frame is not None and frame.seq != self._seq:
            self._seq, self._image = frame.seq, mirrored(frame)
            self.update()
        self.polled.emit()

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        image = self._image
        painter.setClipPath(self._rounded())  # the ground behind may have any colour
        if image is None:
            painter.fillRect(self.rect(), colour("second"))
        else:  # fill the widget, cut what is too wide or too high
            scale = max(self.width() / image.width(), self.height() / image.height())
            width, height = self.width() / scale, self.height() / scale
            source = QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(self.rect()), image, source)
        painter.drawPixmap(0, 0, self._guide())
        painter.end()

    def _guide(self) -> QPixmap:
        """Return what lies over the picture; cached, as painting it costs more than painting the picture."""
        state = (self.size(), self._well_placed)
        if self._guide_state != state:
            self._guide_state = state
            self._guide_pixmap = QPixmap(self.size())
            self._guide_pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._guide_pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_guide(painter)
            painter.end()
        return self._guide_pixmap

    def _rounded(self) -> QPainterPath:
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()), self._theme.px(40), self._theme.px(40))
        return path

    def _paint_guide(self, painter: QPainter) -> None:
        """Dim what is outside the outline."""
        hole = self._outline(QRectF(self.rect()))
        painter.fillPath(self._rounded().subtracted(hole), colour("ground", 0.55))
        style = Qt.PenStyle.SolidLine if self._well_placed else Qt.PenStyle.DashLine
        painter.setPen(
            QPen(colour("done" if self._well_placed else "banner"), max(5, self._theme.px(12)), style)
        )
        painter.drawPath(hole)

    def _outline(self, box: QRectF) -> QPainterPath:
        """Return the outline that a face or a card should fill."""
        ratio, share = (CARD, 0.8) if self._card else (OVAL, 0.9)
        height = min(box.height() * share, box.width() * share / ratio)
        shape = QRectF(0, 0, height * ratio, height)
        shape.moveCenter(box.center())
        hole = QPainterPath()
        if self._card:
            hole.addRoundedRect(shape, height * 0.06, height * 0.06)
        else:
            hole.addEllipse(shape)
        return hole


def mirrored(frame: Frame) -> QImage:
    """Return a mirrored copy in the format that Qt scales fastest (2.4 against 5 ms a picture)."""
    pixels = np.ascontiguousarray(frame.image)
    height, width = pixels.shape[:2]
    view = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888)
    return view.convertToFormat(QImage.Format.Format_RGB32).flipped(Qt.Orientation.Horizontal)
