"""Commits to the person on a card: what clerks sign names one person to central, and nobody to all others.

The salt travels in the sealed part only. Without it the person cannot be found by trying every ID number.
"""

import hashlib
import secrets

from kiosk.model import IdCard

LABEL = "kiosk-person-v1"
SALT_BYTES = 16


def new_salt() -> str:
    """Return a fresh salt, base64url."""
    return secrets.token_urlsafe(SALT_BYTES)


def person_commitment(card: IdCard) -> str:
    """Return the SHA-256 over label, salt, number and name, hex: as resources/protocol/README.md says."""
    return hashlib.sha256("|".join((LABEL, card.salt, card.number, card.name)).encode()).hexdigest()
