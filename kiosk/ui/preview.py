"""The camera's picture, mirrored, in an oval guide. It pulls frames at its own pace, only while seen."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QPainter, QPainterPath, QPen, QPixmap, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.model import Frame
from kiosk.ui.theme import Theme, colour

PERIOD_MS = 66
"""15 pictures a second look alive and cost little."""
OVAL = 0.76
"""Width of the oval in shares of its height: that of a face."""
CARD = 85.60 / 53.98
"""Width of a card in shares of its height (ISO/IEC 7810, ID-1)."""


class Preview(QWidget):
    """`looked` is emitted at each pull, for other things that want the same pace."""

    looked = Signal()

    def __init__(self, frame: Callable[[], Frame | None], *, card: bool = False) -> None:
        """`card`: the guide has a card's shape and not a face's."""
        super().__init__()
        self._card = card
        self._pull = frame
        self._seq: int | None = None
        self._image: QImage | None = None
        self._look = Theme()
        self._good = False
        self._guide_state: tuple[QSize, bool] | None = None
        self._guide_pixmap = QPixmap()
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self._next)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 120)

    @property
    def blank(self) -> bool:
        """Nothing of anybody is held."""
        return self._image is None

    def fit(self, look: Theme) -> None:
        self._look = look

    def show_good(self, good: bool) -> None:
        """The oval's colour: well placed or not yet."""
        self._good = good
        self.update()

    def clear(self) -> None:
        """Hold no picture of anybody."""
        self._seq = self._image = None
        self._good = False
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self.clear()

    def _next(self) -> None:
        frame = self._pull()
        if frame is not None and frame.seq != self._seq:
            self._seq, self._image = frame.seq, _mirror(frame)
            self.update()
        self.looked.emit()

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        if self._image is not None:
            self._paint_picture(painter, self._image)
        else:
            painter.fillRect(self.rect(), colour("second"))
        painter.drawPixmap(0, 0, self._guide())
        painter.end()

    def _paint_picture(self, painter: QPainter, image: QImage) -> None:
        """Fill the widget; cut what is too wide or too high."""
        scale = max(self.width() / image.width(), self.height() / image.height())
        width, height = self.width() / scale, self.height() / scale
        source = QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(self.rect()), image, source)

    def _guide(self) -> QPixmap:
        """Everything over the picture; painted once a size and state, as it costs more than the picture."""
        state = (self.size(), self._good)
        if self._guide_state != state:
            self._guide_state = state
            self._guide_pixmap = QPixmap(self.size())
            self._guide_pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._guide_pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_guide(painter)
            painter.end()
        return self._guide_pixmap

    def _paint_guide(self, painter: QPainter) -> None:
        """Round the corners, dim what is outside the oval; its ring answers "am I standing well?"."""
        box = QRectF(self.rect())
        corner, whole = QPainterPath(), QPainterPath()
        corner.addRoundedRect(box, self._look.px(40), self._look.px(40))
        whole.addRect(box)
        hole = self._hole(box)
        painter.fillPath(whole.subtracted(corner), colour("ground"))
        painter.fillPath(corner.subtracted(hole), colour("ground", 0.55))
        style = Qt.PenStyle.SolidLine if self._good else Qt.PenStyle.DashLine
        painter.setPen(QPen(colour("done" if self._good else "banner"), max(5, self._look.px(12)), style))
        painter.drawPath(hole)

    def _hole(self, box: QRectF) -> QPainterPath:
        """The shape that a face or a card shall fill."""
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


def _mirror(frame: Frame) -> QImage:
    """A copy, left and right exchanged, in the format that Qt scales fastest (2.4 against 5 ms a picture)."""
    pixels = np.ascontiguousarray(frame.image)
    height, width = pixels.shape[:2]
    view = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888)
    return view.convertToFormat(QImage.Format.Format_RGB32).flipped(Qt.Orientation.Horizontal)
