"""Verifies clerks' signatures under decisions. Pure.

A terminal's own key cannot make them: the clerk's key is unwrapped with the PIN, for one signature.
"""

from typing import Literal

from cryptography.exceptions import InvalidSignature

from central.protocol.messages import ActivationRequest, Review, ReviewSignature
from central.security.encoding import from_base64url
from central.security.keys import public_of

LABEL = "kiosk-review-v2"
"""Separates these signatures from all others, of any key."""

Place = Literal["first", "second"]


def signed_bytes(
    request: ActivationRequest, review: Review, signature: ReviewSignature, place: Place
) -> bytes:
    """Return what is signed. No field can contain the separator: see their patterns."""
    fields = (
        LABEL,
        request.terminal,
        request.id,
        review.challenge or "",
        ",".join(review.persons),
        review.code,
        review.decision,
        review.reason,
        ",".join(review.overruled),
        place,
        signature.clerk,
        signature.role,
        f"{signature.at_unix:.3f}",
    )
    return "|".join(fields).encode()


def is_genuine(signature: ReviewSignature, signed: bytes, public_key: str) -> bool:
    """Return whether `public_key` (base64url) made the signature over `signed`."""
    try:
        public_of(public_key).verify(from_base64url(signature.signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True
