"""The number of a visit: the outbox row's key, the `Idempotency-Key` and what stands on the slip."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no character is mistaken for another."""


def new_visit_number() -> str:
    """Return sixteen characters, 80 random bits, in four groups that are easy to read out on the phone."""
    characters = [secrets.choice(ALPHABET) for _ in range(16)]
    return "-".join("".join(characters[i : i + 4]) for i in range(0, 16, 4))


def is_visit_number(text: str) -> bool:
    """Return whether the text has only characters of a visit number, so that it may name a file."""
    return bool(text) and set(text) <= set(f"{ALPHABET}-")
