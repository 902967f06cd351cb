"""Random digits to be read aloud."""

import secrets
from collections.abc import Callable


class Draw:
    """Draws random numbers as `secrets.randbelow` does, with one question to the system for many."""

    def __init__(self) -> None:
        self._bytes = iter(b"")

    def below(self, end: int) -> int:
        """Return a number from 0 to `end` - 1, each as likely; `end`: at most 65,536."""
        fair = 65_536 - 65_536 % end
        while True:
            if (number := self._two_bytes()) < fair:
                return number % end

    def _two_bytes(self) -> int:
        high = next(self._bytes, None)
        if high is None:
            self._bytes = iter(secrets.token_bytes(64))
            high = next(self._bytes)
        return high << 8 | next(self._bytes)


def next_digit(before: int | None, below: Callable[[int], int] = secrets.randbelow) -> int:
    """Return a random digit, another than `before`: two equal ones run together when they are spoken.

    `below`: draws a number below another.
    """
    return below(10) if before is None else (before + 1 + below(9)) % 10
