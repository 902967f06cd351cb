"""Paces one reading aloud of a challenge: which digit is on the screen, what was heard, when to go on."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Challenge, DigitHeard, FaceSeen
from kiosk.settings import VisitSettings

SCREEN_PATIENCE_S = 2.0
"""A screen that has not painted a digit by then is broken."""
LISTENER_PATIENCE_S = 1.5
"""By this long after the last window closed the listener must have answered for it."""


class Reading:
    """One reading of a challenge. Knows no clock: times come in with the events.

    A digit is ordered on the screen, the screen reports when it was really painted, and from that moment its
    window runs until the next digit is painted; voices that begin in it are answers to it. A digit stays for
    its random gap at least, and waits beyond it for a voice that has not come: slow readers are not left
    behind, and the next digit is never on the screen before this one was heard or given up.
    """

    def __init__(self, challenge: Challenge, limits: VisitSettings, unhurried: bool) -> None:
        self.challenge = challenge
        self.shown: list[float] = []
        self.heard: dict[int, DigitHeard] = {}
        self.seen: list[FaceSeen] = []
        self.started = False  # the listener is open
        self.unhurried = unhurried
        self._limits = limits
        self._ordered = 0  # digits that were ordered on the screen

    @property
    def count(self) -> int:
        return len(self.challenge.digits)

    @property
    def awaiting_screen(self) -> bool:
        return self._ordered > len(self.shown)

    def next_digit(self) -> e.ShowDigit | None:
        """Return the order for the next digit, None after the last."""
        if self._ordered == self.count:
            return None
        window = self._ordered
        self._ordered += 1
        return e.ShowDigit(window, self.count, self.challenge.digits[window])

    def painted(self, shown: e.DigitShown) -> e.WindowOpened | None:
        """Open the window of the digit that was ordered; None if the event is about another one."""
        if not self.awaiting_screen or shown.window != len(self.shown):
            return None
        if self.shown and shown.at <= self.shown[-1]:
            return None
        self.shown.append(shown.at)
        return e.WindowOpened(shown.window, shown.at, self.closes(shown.window))

    def longest_s(self) -> float:
        """Return the longest time that this reading can take."""
        limits = self._limits.digits
        waits = limits.wait_s + limits.late_s
        return sum(self.gap_s(i) + waits for i in range(self.count)) + limits.first_s + limits.last_s

    def gap_s(self, window: int) -> float:
        """Return how long the digit of `window` stays before the next."""
        pace = self._limits.pace
        factor = pace.unhurried_factor if self.unhurried else pace.factor
        return self.challenge.gaps_s[window] * factor

    def closes(self, window: int) -> float:
        """Return until when this digit waits for its voice."""
        limits = self._limits.digits
        last = window == self.count - 1
        stays = self.gap_s(window) + limits.wait_s
        patience = max(stays, limits.last_s) if last else stays + limits.late_s
        return self.shown[window] + patience

    def deadline(self) -> float:
        """Return when the reading must go on, after its newest digit was painted."""
        newest = len(self.shown) - 1
        if newest == self.count - 1:
            return self.closes(newest) + LISTENER_PATIENCE_S
        stays = self.gap_s(newest)
        return self.shown[newest] + (stays if newest in self.heard else stays + self._limits.digits.wait_s)

    def answered(self, heard: DigitHeard) -> bool:
        """Take what a window held; return False if it was not asked for, or is older than its digit.

        A later voice of the same window replaces the one before.
        """
        if heard.window >= len(self.shown):
            return False
        before = self.heard.get(heard.window)
        if before is not None and (
            heard.began is None or before.began is None or not heard.began > before.began
        ):
            return False
        if heard.at < self.shown[heard.window]:
            return False  # the answer to a digit of the challenge before, still on its way
        self.heard[heard.window] = heard
        return True

    def complete(self) -> bool:
        return len(self.heard) == self.count

    def is_silent(self) -> bool:
        """Return whether the first windows (`[visit.digits] max_silent`) all closed without a voice."""
        first = [self.heard.get(i) for i in range(min(self._limits.digits.max_silent, self.count))]
        return all(h is not None and h.began is None and h.fault is None for h in first)

    def span(self) -> tuple[float, float]:
        """Return when the first digit was painted, and the last voice ended (or digit was painted)."""
        ends = [h.ended for h in self.heard.values() if h.ended is not None]
        return self.shown[0], max([self.shown[-1], *ends])

    def answers(self) -> list[DigitHeard]:
        """Return what has been heard so far, first digit first."""
        return [self.heard[i] for i in sorted(self.heard)]

    def in_order(self) -> list[DigitHeard]:
        """Return what was heard in each window that was shown.

        A window without an answer is a fault, unless the reading ended early because of silence.
        """
        lost = None if self.is_silent() else Code.SPEECH_ENGINE_FAILED
        return [self.heard.get(i) or DigitHeard(at=0.0, window=i, fault=lost) for i in range(len(self.shown))]
