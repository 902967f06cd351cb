"""Random digits to be read aloud."""

import secrets


def next_digit(before: int | None) -> int:
    """Return a random digit, another than `before`: two equal ones run together when they are spoken."""
    return secrets.randbelow(10) if before is None else (before + 1 + secrets.randbelow(9)) % 10
