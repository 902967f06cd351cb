"""Smooths the jittering times of sound callbacks onto the monotonic clock. Pure.

Samples are counted, because a sound card's crystal is steadier than a callback's time; each measured time
corrects the count a little. A block that is late by more than jitter is either the beginning of a burst with
which a busy computer catches up, or sound was lost: only in the second case the difference lasts.
"""

EARLIER = 0.10
"""Share of a correction that is applied at once if a block came earlier than expected …"""
LATER = 0.01
"""… or later: a callback can be late for many reasons, but never early, so early ones are trusted more."""
JUMP_S = 0.25
"""A difference that cannot be jitter …"""
BELIEVED_S = 0.5
"""… is believed if it lasts so long."""


class SampleClock:
    """Counter of samples that follows the times at which blocks were measured."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._next: float | None = None
        self._late_s = 0.0  # length of the sound since when blocks have come too late

    def take(self, count: int, measured: float) -> tuple[float, bool]:
        """Return the time of the first of `count` samples, and whether sound is missing before them.

        `measured` is the time at which the first sample was taken, as far as it could be measured; seconds.
        """
        expected = measured if self._next is None else self._next
        error = measured - expected
        self._late_s = self._late_s + count / self._rate if error > JUMP_S else 0.0
        lost = self._late_s > BELIEVED_S
        if lost or error < -JUMP_S:
            at, self._late_s = measured, 0.0
        else:
            at = expected + min(error, JUMP_S) * (EARLIER if error < 0 else LATER)
        self._next = at + count / self._rate
        return at, lost
