"""Compute how long to wait before the next try."""

from collections.abc import Callable


def delay(tries: int, first_s: float, max_s: float, jitter: float, random: Callable[[], float]) -> float:
    """Return the seconds to wait after `tries` failures in a row (1 or more).

        delay = min(max_s, first_s · 2^(tries − 1)) · (1 − jitter · random())

    `random` returns 0…1; `jitter` (0…1) is the share of the delay that is left to it, so that a fleet whose
    connection broke at one moment does not come back at one moment. Exponential backoff with "equal jitter"
    where jitter is 0.5, "full jitter" where it is 1.
    """
    doublings = min(max(tries, 1) - 1, 60)
    return min(max_s, first_s * 2.0**doublings) * (1.0 - jitter * random())
