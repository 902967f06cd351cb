"""The light challenge on the screen: the ground flows from one colour to the next, never faster than it
may.
"""

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor

from kiosk.visit.rules.light import FADE_S, LINEAR

_TICK_MS = 40
_LEAST_S = 1 / 3
"""WCAG 2.2, 2.3.1: at most three changes in a second, also after one that came late."""
_STEADY = 0.5  # linear light of the grey before the first colour: as bright as all of them


class Light(QObject):
    """`changed`: the ground must be painted anew; `painted(step, at)` is told once a colour, right after
    its first painting (`was_painted`), at the time of the capture clock.
    """

    changed = Signal()
    painted = Signal(int, float)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.stop()

    def begin(self, colours: str, hold_s: float) -> None:
        """Go through `colours`, each for `hold_s`, on a plan that does not drift; none: stop."""
        self.stop()
        if colours:
            self._colours, self._hold_s = colours, hold_s
            self._began = time.monotonic()
            self._advance(self._began)
            self._timer.start()

    def stop(self) -> None:
        """Back to the ordinary ground."""
        self._timer.stop()
        self._colours, self._hold_s = "", 1.0
        self._step, self._since, self._began = -1, 0.0, 0.0
        self._due = self._settled = False
        self._show()

    @property
    def ground(self) -> QColor | None:
        """What to paint now, all parts alike; None: the ordinary ground."""
        return self._ground

    def _show(self) -> None:
        self._ground = self._mixed()
        self.changed.emit()

    def _mixed(self) -> QColor | None:
        if self._step < 0:
            return None
        now = LINEAR[self._colours[self._step]]
        before = LINEAR[self._colours[self._step - 1]] if self._step else (_STEADY,) * 3
        part = min(1.0, (time.monotonic() - self._since) / FADE_S)
        self._settled = part >= 1 and not self._due
        red, green, blue = (coded(b + (n - b) * part) for n, b in zip(now, before, strict=True))
        return QColor.fromRgbF(red, green, blue)

    def was_painted(self) -> None:
        """The ground was just painted."""
        if self._due:
            self._due = False
            self._since = time.monotonic()
            step, at, playing = self._step, self._since, self._began
            QTimer.singleShot(0, self, lambda: self._tell(step, at, playing))

    def _tell(self, step: int, at: float, playing: float) -> None:
        if playing == self._began:  # not stopped in between
            self.painted.emit(step, at)

    def _tick(self) -> None:
        now = time.monotonic()
        due = max(self._began + (self._step + 1) * self._hold_s, self._since + _LEAST_S)
        if not self._due and now >= due:
            self._advance(now)
        elif not self._settled:
            self._show()

    def _advance(self, now: float) -> None:
        if self._step + 1 >= len(self._colours):
            return  # the last colour stays until the reading is over
        self._step += 1
        self._since, self._due, self._settled = now, True, False
        self._show()


def coded(light: float) -> float:
    """Linear light → sRGB's code, both 0…1 (IEC 61966-2-1)."""
    return float(12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)
