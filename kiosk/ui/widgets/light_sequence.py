"""Light challenge on the screen: the ground fades from one colour to the next, not too fast.

The plan is fixed when the sequence starts, so that a late timer shifts nothing that follows. A colour that
came late still stays for `_LEAST_S`. Each colour is reported once, after it was really painted, because a
visit compares the light on the face with the time at which the screen changed.
"""

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor

from kiosk.visit.rules.light import FADE_S, LINEAR

_TICK_MS = 40
_LEAST_S = 1 / 3
"""WCAG 2.2, 2.3.1: at most three changes in a second, also after one that came late."""
_STEADY = 0.5  # linear light of the grey before the first colour: as bright as all of them


class LightSequence(QObject):
    """Holds the colour of the ground. `changed`: paint it anew and call `mark_painted`.

    `painted(step, at)` is emitted once for each colour, right after its first painting, with the time of the
    capture clock.
    """

    changed = Signal()
    painted = Signal(int, float)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.stop()

    def start(self, colours: str, hold_s: float) -> None:
        """Show `colours` one after the other, each for `hold_s` seconds; an empty string: stop."""
        self.stop()
        if colours:
            self._colours, self._hold_s = colours, hold_s
            self._began = time.monotonic()
            self._advance(self._began)
            self._timer.start()

    def stop(self) -> None:
        """Return to the ordinary ground."""
        self._timer.stop()
        self._colours, self._hold_s = "", 1.0
        self._step, self._since, self._began = -1, 0.0, 0.0
        self._unpainted = self._settled = False
        self._update_ground()

    @property
    def ground(self) -> QColor | None:
        """Colour to paint now, the same everywhere; None: the ordinary ground."""
        return self._ground

    def mark_painted(self) -> None:
        """Note that the ground was just painted."""
        if not self._unpainted:
            return
        self._unpainted = False
        self._since = time.monotonic()
        step, at, began = self._step, self._since, self._began

        def report() -> None:
            if began == self._began:  # not stopped in between
                self.painted.emit(step, at)

        QTimer.singleShot(0, self, report)

    def _update_ground(self) -> None:
        """Mix the present colour with the one before it, by the time since the change."""
        self._ground: QColor | None = None
        if self._step >= 0:
            now = LINEAR[self._colours[self._step]]
            before = LINEAR[self._colours[self._step - 1]] if self._step else (_STEADY,) * 3
            part = min(1.0, (time.monotonic() - self._since) / FADE_S)
            self._settled = part >= 1 and not self._unpainted
            red, green, blue = (to_srgb(b + (n - b) * part) for n, b in zip(now, before, strict=True))
            self._ground = QColor.fromRgbF(red, green, blue)
        self.changed.emit()

    def _tick(self) -> None:
        now = time.monotonic()
        due = max(self._began + (self._step + 1) * self._hold_s, self._since + _LEAST_S)
        if not self._unpainted and now >= due:
            self._advance(now)
        elif not self._settled:
            self._update_ground()

    def _advance(self, now: float) -> None:
        if self._step + 1 >= len(self._colours):
            return  # the last colour stays until the reading is over
        self._step += 1
        self._since, self._unpainted, self._settled = now, True, False
        self._update_ground()


def to_srgb(light: float) -> float:
    """Convert linear light to sRGB's code, both 0…1 (IEC 61966-2-1)."""
    return float(12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)
