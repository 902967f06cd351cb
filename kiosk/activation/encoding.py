"""Encode and decode base64url without padding (RFC 4648 §5), as the wire protocol uses it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def to_base64url(raw: bytes) -> str:
    """Encode without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Decode; padding may be missing. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
