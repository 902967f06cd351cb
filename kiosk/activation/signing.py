"""Sign requests: HTTP message signatures (RFC 9421) with Content-Digest (RFC 9530).

Covered are method, path, query, the digest of the body and the given headers; `keyid` names the terminal,
`nonce` makes each signature valid once.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from http_message_signatures import HTTPMessageSigner, HTTPSignatureAlgorithm
from msgspec import Struct

TAG = "kiosk"
"""Purpose of the signature: one made for another purpose is not accepted."""
VALID_S = 60
"""Seconds for which a signature is valid."""
_COVERED = ("@method", "@path", "@query", "content-digest")


class _Message(Struct):
    method: str
    url: str
    headers: dict[str, str]


def sign_request(
    method: str,
    path: str,
    body: bytes,
    *,
    terminal: str,
    sign: Callable[[bytes], bytes],
    algorithm: type[HTTPSignatureAlgorithm],
    headers: Mapping[str, str],
    now: float,
) -> dict[str, str]:
    """Return all headers of the request: `headers`, which are covered too, and those that sign it.

    `sign` signs bytes with `algorithm`; the key may be in a chip that never reveals it.
    """
    signer = HTTPMessageSigner(signature_algorithm=algorithm)
    message = _Message(method, f"https://central{path}", dict(headers))
    prepared = signer.prepare(
        message,
        key_id=terminal,
        created=datetime.fromtimestamp(int(now), UTC),
        expires=datetime.fromtimestamp(int(now) + VALID_S, UTC),
        nonce=secrets.token_urlsafe(16),
        label="sig",
        tag=TAG,
        covered_component_ids=(*_COVERED, *(name.lower() for name in headers)),
        body=body,
    )
    signer.apply(message, prepared, sign(prepared.signature_base))
    return message.headers
