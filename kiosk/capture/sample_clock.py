"""When was a sample taken? Smooths the jittering times of sound callbacks onto the monotonic clock. Pure."""

EARLIER = 0.10
"""Share of a correction that is applied at once if a block came earlier than expected …"""
LATER = 0.01
"""… or later: a callback can be late for many reasons, but never early, so early ones are trusted more."""
JUMP_S = 0.25
"""A difference that cannot be jitter …"""
BELIEVED_S = 0.5
"""… if it lasts so long: a computer that was busy catches up with a burst, lost sound never does."""


class SampleClock:
    """Counts samples; each block's measured time corrects the count a little."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._next: float | None = None
        self._late_s = 0.0  # for so much sound now the blocks have come too late

    def take(self, count: int, measured: float) -> tuple[float, bool]:
        """The time of the first of `count` samples whose measured time is `measured`, in seconds.

        The second answer is True if sound is missing before them.
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
