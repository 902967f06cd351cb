"""Steps of a visit in a line: passed, present, ended here, still to come."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.model import Step
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour
from kiosk.visit.steps import StepState

_MARKS = {StepState.PASSED: Icon.CHECK, StepState.ENDED: Icon.CROSS}
"""Marks in place of the number."""
_GROUND = {
    StepState.PASSED: "primary",
    StepState.HERE: "primary",
    StepState.ENDED: "second",
    StepState.AHEAD: "surface",
}


class VisitProgress(QWidget):
    """Shows steps and what became of each."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = Theme()
        self._radius = 0.0
        self._phrases = load()
        self.steps: Sequence[tuple[Step, StepState]] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def retranslate(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._refresh()

    def show_steps(self, steps: Sequence[tuple[Step, StepState]]) -> None:
        """Show these steps from left to right."""
        self.steps = steps
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._radius = max(44, theme.px(116)) * 0.24
        self.setFixedHeight(round(self._radius * 2 + theme.size("small") * 1.5))

    def _refresh(self) -> None:
        names = [
            f"{index}/{len(self.steps)} {self._phrases[f'progress.{step}']}"
            for index, (step, state) in enumerate(self.steps, start=1)
            if state in (StepState.HERE, StepState.ENDED)
        ]
        self.setAccessibleName("".join(names))
        self.update()

    def names_shown(self) -> dict[int, QRectF]:
        """Return the place of each name by the index of its step.

        In the size of the other small texts. Where that has no room for all, only the present one is there: a
        name that is too small to be read helps less than its number.
        """
        room, top = self.width() / max(1, len(self.steps)), self._radius * 2 + 4
        metrics = QFontMetricsF(self._theme.font("small", True))
        widths = [metrics.horizontalAdvance(self._phrases[f"progress.{step}"]) for step, _ in self.steps]
        shown = list(range(len(widths)))
        if widths and max(widths) > room * 0.96:
            here = [
                i for i, (_, state) in enumerate(self.steps) if state in (StepState.HERE, StepState.ENDED)
            ]
            shown = here or shown[-1:]
        places = {}
        for index in shown:
            width = max(room, widths[index] + 4)
            left = min(max(0.0, room * (index + 0.5) - width / 2), self.width() - width)
            places[index] = QRectF(left, top, width, self.height() - top)
        return places

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room, radius = self.width() / max(1, len(self.steps)), self._radius
        gap = radius * 1.3
        names = self.names_shown()
        for index, (step, state) in enumerate(self.steps):
            middle = QPointF(room * (index + 0.5), radius + 3)
            if index:  # the line from the step before
                reached = colour("track" if state is StepState.AHEAD else "primary")
                painter.setPen(QPen(reached, max(3.0, radius * 0.16)))
                left, right = middle.x() - room + gap, middle.x() - gap
                painter.drawLine(QPointF(left, middle.y()), QPointF(right, middle.y()))
            self._paint_dot(painter, index, middle, radius)
            if index in names:
                here = state in (StepState.HERE, StepState.ENDED)
                painter.setPen(colour("ink" if here else "soft"))
                painter.setFont(self._theme.font("small", here))
                painter.drawText(
                    names[index], Qt.AlignmentFlag.AlignCenter, self._phrases[f"progress.{step}"]
                )
        painter.end()

    def _paint_dot(self, painter: QPainter, index: int, middle: QPointF, radius: float) -> None:
        state = self.steps[index][1]
        ground, ahead = _GROUND[state], state is StepState.AHEAD
        painter.setPen(QPen(colour("soft" if ahead else ground), max(2.0, radius * 0.12)))
        painter.setBrush(colour(ground))
        painter.drawEllipse(middle, radius, radius)
        box = QRectF(middle.x() - radius, middle.y() - radius, radius * 2, radius * 2)
        if (mark := _MARKS.get(state)) is not None:
            paint_icon(painter, mark, box, colour("on_filled"), 0.1)
            return
        painter.setPen(colour("soft" if ahead else "on_filled"))
        painter.setFont(self._theme.font_px(round(radius * 1.15), True))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(index + 1))
