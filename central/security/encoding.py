"""Encodes and decodes base64url without padding (RFC 4648 §5)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def base64url(data: bytes) -> str:
    """Encode bytes."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Decode text. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
