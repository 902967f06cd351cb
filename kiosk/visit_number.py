"""The number of a visit: the outbox row's key, the `Idempotency-Key` and what stands on the slip."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that reads like something else."""


def new_visit_number() -> str:
    """Sixteen characters, 80 random bits, in four groups that can be read to somebody on the phone."""
    characters = [secrets.choice(ALPHABET) for _ in range(16)]
    return "-".join("".join(characters[i : i + 4]) for i in range(0, 16, 4))
