"""Verifies a signature in the form in which terminals write it, without a parser for all of RFC 9421.

The library takes five times as long as the arithmetic. Here one expression names the form: one signature, the
components and parameters of this protocol, every field once, nothing escaped, folded or abbreviated, so that
what came is what was signed, byte for byte. A request of any other form, or whose signature does not fit, is
left to the library: here is never decided that a request is refused. `tests/central/test_plain_signatures.py`
holds both against each other.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from central.security.terminal_keys import VerifyingKey

# Host and path as they are written plainly: no user, no escapes, no empty or dotted segments, no query.
_URL = re.compile(
    r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[1-9][0-9]{0,3}|:[1-5][0-9]{4})?((?:/[A-Za-z0-9_-]+)+)"
)
_METHOD = re.compile(r"[A-Z]{1,16}")
_INPUT = re.compile(r'([a-z][a-z0-9]{0,15})=(\(("[@a-z-]+"(?: "[@a-z-]+"){0,15})\)((?:;[^;]+){6}))')
_PARAMETER = re.compile(
    r';(?:(created|expires)=([1-9][0-9]{0,11})|(keyid|nonce|alg|tag)="([A-Za-z0-9._~-]{1,64})")'
)
# 64 bytes: of the last digit before the padding four bits are zero, as the encoder leaves them.
_SIGNATURE = re.compile(r"([a-z][a-z0-9]{0,15})=:([A-Za-z0-9+/]{85}[AQgw]==):")
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_PARAMETERS = {"created", "expires", "keyid", "nonce", "alg", "tag"}


class PlainSignature(NamedTuple):
    """What a signature says that was verified."""

    nonce: str
    created: int
    expires: int


def verify(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    terminal: str,
    key: VerifyingKey,
    tag: str,
    fields: tuple[str, ...],
) -> PlainSignature | None:
    """Return what the signature says if it is the terminal's and plainly written; None: ask the library.

    It covers method, path, query and `fields`, no more and no less. The times are not compared with a clock.
    """
    single = _single(headers, {*fields, "signature-input", "signature"})
    place, named = _URL.fullmatch(url), _INPUT.fullmatch(single.get("signature-input", ""))
    signed = _SIGNATURE.fullmatch(single.get("signature", ""))
    if place is None or named is None or signed is None or named[1] != signed[1]:
        return None
    components = [quoted[1:-1] for quoted in named[3].split(" ")]
    values = {"@method": method, "@path": place[1], "@query": "?"} | {name: single[name] for name in fields}
    if len(components) != len(values) or set(components) != set(values):
        return None
    said = _parameters(named[4])
    if (said.get("keyid"), said.get("alg"), said.get("tag")) != (
        terminal,
        key.http_algorithm.algorithm_id,
        tag,
    ):
        return None
    digest = f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"
    if not compare_digest(values.get("content-digest", "").encode(), digest.encode()):
        return None
    lines = [f'"{name}": {values[name]}' for name in components]
    base = "\n".join([*lines, f'"@signature-params": {named[2]}'])
    if not _METHOD.fullmatch(method) or not key.verifies(b64decode(signed[2]), base.encode()):
        return None
    return PlainSignature(said["nonce"], int(said["created"]), int(said["expires"]))


def _single(headers: Mapping[str, str], names: set[str]) -> dict[str, str]:
    """Return the values of these fields if each came once and plainly written; nothing otherwise."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if (lower := name.lower()) in names:
            if lower in found or not _VALUE.fullmatch(value):
                return {}
            found[lower] = value
    return found if found.keys() == names else {}


def _parameters(text: str) -> dict[str, str]:
    """Return the parameters of a signature; nothing if they are not these six, each once."""
    said: dict[str, str] = {}
    at = 0
    while (found := _PARAMETER.match(text, at)) is not None:
        said[found[1] or found[3]] = found[2] or found[4]
        at = found.end()
    return said if at == len(text) and said.keys() == _PARAMETERS else {}
