"""Signing requests: HTTP message signatures (RFC 9421) with Content-Digest (RFC 9530), Ed25519.

Covered are method, path, query and the digest of the body, and those of the given headers that mean something
to central; `keyid` names the terminal, `nonce` makes the signature good for once.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from http_message_signatures import HTTPMessageSigner, algorithms
from msgspec import Struct

TAG = "kiosk"
"""What the signature is for: one made for something else is not taken here."""
LASTS_S = 60
"""Seconds that a signature is good for."""
_COVERED = ("@method", "@path", "@query", "content-digest")
_SIGNER = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)


class _Message(Struct):
    method: str
    url: str
    headers: dict[str, str]


def sign(
    terminal: str,
    key: Callable[[bytes], bytes],
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    now: float,
) -> dict[str, str]:
    """All headers of the request: `headers`, which are covered too, and those that sign it.

    `key` signs bytes; it may be a chip that never shows its key.
    """
    message = _Message(method, f"https://central{path}", dict(headers))
    prepared = _SIGNER.prepare(
        message,
        key_id=terminal,
        created=datetime.fromtimestamp(int(now), UTC),
        expires=datetime.fromtimestamp(int(now) + LASTS_S, UTC),
        nonce=secrets.token_urlsafe(16),
        label="sig",
        tag=TAG,
        covered_component_ids=(*_COVERED, *(name.lower() for name in headers)),
        body=body,
    )
    _SIGNER.apply(message, prepared, key(prepared.signature_base))
    return message.headers
