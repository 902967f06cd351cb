"""Keeps which colours of a challenge's light the screen has shown, and when."""

from kiosk import events as e
from kiosk.model import Challenge
from kiosk.visit.rules.light import colours


class ShownLight:
    """The light of one challenge. Knows no clock: times come in with the events."""

    def __init__(self, challenge: Challenge, hold_s: float) -> None:
        self.challenge = challenge
        self.times: list[float] = []
        """When each colour began to be painted."""
        self._hold_s = hold_s

    def order(self, longest_s: float) -> e.ShowLight:
        """Return the order for colours that suffice for `longest_s` seconds."""
        return e.ShowLight(colours(self.challenge.id, int(longest_s / self._hold_s) + 1), self._hold_s)

    def painted(self, shown: e.LightShown) -> None:
        """Note when the next colour was painted; an event out of turn is ignored."""
        if shown.step == len(self.times) and (not self.times or shown.at > self.times[-1]):
            self.times.append(shown.at)
