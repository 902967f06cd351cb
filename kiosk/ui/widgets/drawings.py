"""Little pictures, drawn in a square of side 1 with its middle at (0, 0): sharp at every size."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from kiosk.codes import Code
from kiosk.model import Outcome, Way
from kiosk.ui.theme import Theme, colour

Drawing = Callable[[QPainter], None]


def draw(painter: QPainter, drawing: Drawing, box: QRectF, ink: QColor, width: float = 0.07) -> None:
    """Paint `drawing` into the middle of `box` in one colour; `width` of its lines in shares of the side."""
    side = min(box.width(), box.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.center())
    painter.scale(side, side)
    painter.setPen(
        QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    )
    painter.setBrush(Qt.BrushStyle.NoBrush)
    drawing(painter)
    painter.restore()


def _line(p: QPainter, *points: tuple[float, float]) -> None:
    p.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))


def _smaller(p: QPainter, scale: float) -> None:
    """Scale what follows, but not the width of its lines."""
    pen = p.pen()
    pen.setWidthF(pen.widthF() / scale)
    p.scale(scale, scale)
    p.setPen(pen)


def _filled(p: QPainter, shape: QPainterPath) -> None:
    p.fillPath(shape, p.pen().color())


def tick(p: QPainter) -> None:
    _line(p, (-0.3, 0.02), (-0.08, 0.24), (0.32, -0.22))


def cross(p: QPainter) -> None:
    _line(p, (-0.24, -0.24), (0.24, 0.24))
    _line(p, (-0.24, 0.24), (0.24, -0.24))


def clock(p: QPainter) -> None:
    p.drawEllipse(QPointF(0, 0), 0.36, 0.36)
    _line(p, (0, -0.22), (0, 0), (0.15, 0.1))


def door(p: QPainter) -> None:
    """Leaving."""
    _line(p, (0.02, -0.3), (-0.3, -0.3), (-0.3, 0.3), (0.02, 0.3))
    _line(p, (-0.08, 0), (0.34, 0))
    _line(p, (0.2, -0.14), (0.34, 0), (0.2, 0.14))


def bell(p: QPainter) -> None:
    """A counter bell: call the clerk."""
    p.drawArc(QRectF(-0.3, -0.22, 0.6, 0.6), 0, 180 * 16)
    _line(p, (-0.38, 0.1), (0.38, 0.1))
    _line(p, (-0.28, 0.24), (0.28, 0.24))
    _line(p, (0, -0.22), (0, -0.32))
    _line(p, (-0.07, -0.34), (0.07, -0.34))


def person(p: QPainter) -> None:
    p.drawEllipse(QPointF(0, -0.16), 0.17, 0.17)
    p.drawArc(QRectF(-0.32, 0.1, 0.64, 0.6), 0, 180 * 16)


def clerk(p: QPainter) -> None:
    """A person behind a counter."""
    p.drawEllipse(QPointF(0, -0.2), 0.14, 0.14)
    p.drawArc(QRectF(-0.26, 0.0, 0.52, 0.5), 0, 180 * 16)
    _line(p, (-0.4, 0.25), (0.4, 0.25))
    _line(p, (-0.34, 0.25), (-0.34, 0.4), (0.34, 0.4), (0.34, 0.25))


def persons(p: QPainter) -> None:
    p.save()
    _smaller(p, 0.8)
    p.translate(-0.22, 0)
    person(p)
    p.translate(0.5, 0.02)
    person(p)
    p.restore()


def _arrow(p: QPainter, tail: tuple[float, float], head: tuple[float, float], barb: float = 0.1) -> None:
    """An arrow along one of the axes or diagonals."""
    _line(p, tail, head)
    dx, dy = head[0] - tail[0], head[1] - tail[1]
    long = (dx * dx + dy * dy) ** 0.5
    ux, uy = dx / long * barb, dy / long * barb
    _line(p, (head[0] - ux - uy, head[1] - uy + ux), head, (head[0] - ux + uy, head[1] - uy - ux))


def closer(p: QPainter) -> None:
    """A small face growing: arrows outwards."""
    p.drawEllipse(QPointF(0, 0), 0.13, 0.17)
    for sx in (-1, 1):
        for sy in (-1, 1):
            _arrow(p, (sx * 0.2, sy * 0.2), (sx * 0.38, sy * 0.38))


def farther(p: QPainter) -> None:
    """Arrows inwards on a face."""
    p.drawEllipse(QPointF(0, 0), 0.13, 0.17)
    for sx in (-1, 1):
        for sy in (-1, 1):
            _arrow(p, (sx * 0.4, sy * 0.4), (sx * 0.22, sy * 0.22))


def centre(p: QPainter) -> None:
    """Arrows to the middle from the sides."""
    p.drawEllipse(QPointF(0, 0), 0.14, 0.2)
    _arrow(p, (-0.42, 0), (-0.22, 0))
    _arrow(p, (0.42, 0), (0.22, 0))


def face_front(p: QPainter) -> None:
    """A head that turns to the front."""
    p.drawEllipse(QPointF(0, 0.04), 0.19, 0.25)
    _line(p, (-0.07, 0.0), (-0.07, 0.01))
    _line(p, (0.07, 0.0), (0.07, 0.01))
    p.drawArc(QRectF(-0.38, -0.42, 0.76, 0.5), 25 * 16, 130 * 16)
    _line(p, (0.22, -0.38), (0.35, -0.27), (0.36, -0.43))


def mask_off(p: QPainter) -> None:
    """A masked face, and the way the mask goes."""
    p.drawEllipse(QPointF(-0.1, 0.0), 0.24, 0.32)
    _line(p, (-0.19, -0.12), (-0.19, -0.11))
    _line(p, (-0.01, -0.12), (-0.01, -0.11))
    _line(p, (-0.34, 0.0), (-0.1, -0.02), (0.14, 0.0))
    _line(p, (-0.26, 0.13), (0.06, 0.13))
    _line(p, (0.3, -0.1), (0.3, 0.3))
    _line(p, (0.22, 0.2), (0.3, 0.32), (0.38, 0.2))


def upright(p: QPainter) -> None:
    """A tilted head and the way back."""
    p.save()
    p.rotate(18)
    p.drawEllipse(QPointF(0, 0.05), 0.18, 0.24)
    p.restore()
    p.drawArc(QRectF(-0.36, -0.4, 0.72, 0.6), 40 * 16, 80 * 16)
    _line(p, (-0.13, -0.46), (-0.27, -0.32), (-0.1, -0.27))


def still(p: QPainter) -> None:
    """Brackets that hold a face."""
    p.drawEllipse(QPointF(0, 0), 0.15, 0.19)
    for sx in (-1, 1):
        _line(p, (sx * 0.24, -0.32), (sx * 0.36, -0.32), (sx * 0.36, 0.32), (sx * 0.24, 0.32))


def sun(p: QPainter) -> None:
    p.drawEllipse(QPointF(0, 0), 0.15, 0.15)
    p.save()
    for _ in range(8):
        _line(p, (0, -0.27), (0, -0.38))
        p.rotate(45)
    p.restore()


def lamp(p: QPainter) -> None:
    """Light is wanted: a bulb with rays above."""
    p.drawEllipse(QPointF(0, -0.04), 0.18, 0.18)
    _line(p, (-0.09, 0.2), (0.09, 0.2))
    _line(p, (-0.06, 0.31), (0.06, 0.31))
    for x, y in ((-0.34, -0.04), (0.34, -0.04), (0.0, -0.38), (-0.24, -0.28), (0.24, -0.28)):
        _line(p, (x * 0.88, y * 0.88 - 0.005), (x, y))


def backlight(p: QPainter) -> None:
    """A person before the sun, and an arrow round."""
    p.save()
    p.translate(0.14, -0.14)
    _smaller(p, 0.7)
    sun(p)
    p.restore()
    _arrow(p, (0.05, 0.3), (-0.32, 0.3))


def eye(p: QPainter) -> None:
    shape = QPainterPath(QPointF(-0.38, 0))
    shape.quadTo(QPointF(0, -0.36), QPointF(0.38, 0))
    shape.quadTo(QPointF(0, 0.36), QPointF(-0.38, 0))
    p.drawPath(shape)
    pupil = QPainterPath()
    pupil.addEllipse(QPointF(0, 0), 0.1, 0.1)
    _filled(p, pupil)


def card(p: QPainter) -> None:
    """An ID card with its portrait."""
    p.drawRoundedRect(QRectF(-0.42, -0.27, 0.84, 0.54), 0.06, 0.06)
    p.drawEllipse(QPointF(0.2, -0.07), 0.065, 0.075)
    p.drawArc(QRectF(0.08, 0.04, 0.24, 0.24), 0, 180 * 16)
    _line(p, (-0.3, -0.12), (-0.06, -0.12))
    _line(p, (-0.3, 0.0), (-0.1, 0.0))
    _line(p, (-0.3, 0.12), (-0.06, 0.12))


def card_on_reader(p: QPainter) -> None:
    """A card, an arrow down, a reader."""
    p.save()
    p.translate(0, -0.2)
    _smaller(p, 0.62)
    card(p)
    p.restore()
    _arrow(p, (0, 0.03), (0, 0.17), 0.06)
    p.drawRoundedRect(QRectF(-0.36, 0.24, 0.72, 0.16), 0.05, 0.05)
    p.drawArc(QRectF(-0.1, 0.28, 0.2, 0.14), 30 * 16, 120 * 16)


def phone(p: QPainter) -> None:
    p.drawRoundedRect(QRectF(-0.2, -0.36, 0.4, 0.72), 0.06, 0.06)
    _line(p, (-0.05, 0.28), (0.05, 0.28))


def card_and_phone(p: QPainter) -> None:
    """From the card to the phone: what this terminal is for."""
    p.save()
    p.translate(-0.2, 0.06)
    _smaller(p, 0.58)
    card(p)
    p.restore()
    p.drawRoundedRect(QRectF(0.13, -0.3, 0.33, 0.62), 0.05, 0.05)
    _line(p, (0.22, 0.02), (0.28, 0.08), (0.38, -0.06))
    _line(p, (0.26, 0.25), (0.33, 0.25))


def sound(p: QPainter) -> None:
    """A microphone."""
    p.drawRoundedRect(QRectF(-0.11, -0.38, 0.22, 0.42), 0.11, 0.11)
    p.drawArc(QRectF(-0.23, -0.26, 0.46, 0.46), 180 * 16, 180 * 16)
    _line(p, (0, 0.2), (0, 0.36))
    _line(p, (-0.13, 0.36), (0.13, 0.36))


def attention(p: QPainter) -> None:
    """An exclamation mark in a circle: please note."""
    p.drawEllipse(QPointF(0, 0), 0.38, 0.38)
    _line(p, (0, -0.2), (0, 0.04))
    _line(p, (0, 0.19), (0, 0.195))


def wrench(p: QPainter) -> None:
    """Out of service: a spanner."""
    p.save()
    p.rotate(-45)
    _line(p, (-0.08, -0.12), (-0.08, 0.36), (0.08, 0.36), (0.08, -0.12))
    p.drawArc(QRectF(-0.2, -0.46, 0.4, 0.4), 125 * 16, 290 * 16)
    _line(p, (-0.11, -0.42), (-0.07, -0.26), (0.07, -0.26), (0.11, -0.42))
    p.restore()


def hourglass(p: QPainter) -> None:
    _line(p, (-0.24, -0.36), (0.24, -0.36))
    _line(p, (-0.24, 0.36), (0.24, 0.36))
    _line(p, (-0.18, -0.36), (-0.18, -0.2), (0.18, 0.2), (0.18, 0.36))
    _line(p, (0.18, -0.36), (0.18, -0.2), (-0.18, 0.2), (-0.18, 0.36))


def ways(p: QPainter) -> None:
    """A road that parts."""
    _line(p, (0, 0.38), (0, 0.1))
    _arrow(p, (0, 0.1), (-0.3, -0.3), 0.12)
    _arrow(p, (0, 0.1), (0.3, -0.3), 0.12)


def head_turns(p: QPainter) -> None:
    """A face, and arrows to both sides."""
    p.drawEllipse(QPointF(0, 0), 0.17, 0.23)
    p.drawPoint(QPointF(-0.07, -0.05))
    p.drawPoint(QPointF(0.07, -0.05))
    _line(p, (-0.06, 0.11), (0.06, 0.11))
    _arrow(p, (-0.26, 0), (-0.46, 0), 0.09)
    _arrow(p, (0.26, 0), (0.46, 0), 0.09)


def finger(p: QPainter) -> None:
    """A keypad and the finger on it."""
    for x in (-0.3, -0.05, 0.2):
        for y in (-0.36, -0.12):
            p.drawRoundedRect(QRectF(x - 0.09, y - 0.09, 0.18, 0.18), 0.04, 0.04)
    _line(p, (-0.02, 0.44), (-0.16, 0.22), (-0.06, 0.16), (0.0, 0.24), (0.0, -0.1))
    p.drawArc(QRectF(0.0, -0.16, 0.1, 0.12), 0, 180 * 16)
    _line(p, (0.1, -0.1), (0.1, 0.14), (0.3, 0.2), (0.26, 0.44))


WAYS: dict[Way, Drawing] = {
    Way.VOICE: sound,
    Way.HEAD: head_turns,
    Way.TOUCH: finger,
    Way.CLERK: clerk,
}

HINTS: dict[Code, Drawing] = {
    Code.OK: tick,
    Code.FACE_NONE: person,
    Code.FACE_SEVERAL: persons,
    Code.FACE_TOO_FAR: closer,
    Code.FACE_TOO_NEAR: farther,
    Code.FACE_OFF_CENTRE: centre,
    Code.FACE_TURNED: face_front,
    Code.FACE_TILTED: upright,
    Code.FACE_BLURRED: still,
    Code.FACE_TOO_DARK: lamp,
    Code.FACE_TOO_BRIGHT: sun,
    Code.FACE_BACKLIT: backlight,
    Code.FACE_EYES_CLOSED: eye,
    Code.FACE_COVERED: mask_off,
    Code.FACE_LEFT: person,
    Code.FACE_CHANGED: persons,
    Code.CARD_PICTURE_NONE: card,
    Code.CARD_PICTURE_FAR: closer,
    Code.CARD_PICTURE_BLURRED: still,
    Code.CARD_PICTURE_GLARE: sun,
    Code.CARD_PICTURE_SIDE: card,
}
"""What goes with each hint of the coach."""

OUTCOMES: dict[Outcome, tuple[Drawing, str]] = {
    Outcome.ACTIVATED: (tick, "done"),
    Outcome.PENDING: (clock, "wait"),
    Outcome.ACCEPTED: (clock, "wait"),
    Outcome.REFUSED: (cross, "stop"),
    Outcome.REFERRED: (clerk, "second"),
    Outcome.ABANDONED: (door, "second"),
}
"""How each outcome looks: its picture and colour. Never the colour alone (WCAG 1.4.1)."""


DISC_PX, PICTURE_PX = 360, 560
"""No disc and no drawing is larger than this on a 1080-wide screen, or it would shout."""
LEAST_PX = 30
"""Smaller than this it tells nothing and is left out."""


def _at_most(box: QRectF, side: float) -> QRectF:
    """A square of at most `side` in the middle of `box`."""
    square = QRectF(0, 0, min(box.width(), side), min(box.height(), side))
    square.moveCenter(box.center())
    return square


class Picture(QWidget):
    """A drawing as a widget; with `disc`, white on a filled circle."""

    def __init__(self, drawing: Drawing, *, ink: str = "primary", disc: bool = False) -> None:
        super().__init__()
        self._drawing, self._ink, self._disc = drawing, ink, disc
        self._width = 0.045
        self._look = Theme()

    def fit(self, look: Theme) -> None:
        self._look = look
        self.update()

    def show_drawing(self, drawing: Drawing, ink: str) -> None:
        self._drawing, self._ink = drawing, ink
        self.update()

    def paintEvent(self, _: object) -> None:
        if min(self.width(), self.height()) < LEAST_PX:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        if self._disc:
            self._paint_disc(painter, box)
        else:
            box = _at_most(box, self._look.px(PICTURE_PX))
            draw(painter, self._drawing, box, colour(self._ink), self._width)
        painter.end()

    def _paint_disc(self, painter: QPainter, box: QRectF) -> None:
        radius = min(box.width(), box.height(), self._look.px(DISC_PX)) / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._ink))
        painter.drawEllipse(box.center(), radius, radius)
        inner = QRectF(0, 0, radius * 1.4, radius * 1.4)
        inner.moveCenter(box.center())
        draw(painter, self._drawing, inner, colour("on_filled"), 0.08)
