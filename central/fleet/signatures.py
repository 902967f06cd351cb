"""Verifies the signature of a terminal's request: HTTP message signatures (RFC 9421), Ed25519.

Covered are method, path, query, the digest of the body (RFC 9530) and, where they come along, the
idempotency key and the head of the terminal's audit log; `keyid` names the terminal, `nonce` serves once.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.fleet import audit_heads
from central.protocol.messages import TERMINAL
from central.security.keys import public_of
from central.settings import Requests
from central.storage.database import Database
from central.storage.tables import SeenToken, Terminal, TerminalState

TAG = "kiosk"
_ALWAYS = ("@method", "@path", "@query", "content-digest")
_IF_THERE = ("idempotency-key", audit_heads.HEADER)
_NONCE = re.compile(r"[A-Za-z0-9_.~-]{16,64}")


@dataclass(frozen=True)
class SignedRequest:
    """What the library needs to see of a request."""

    method: str
    url: str
    headers: Mapping[str, str]


def verify(database: Database, request: SignedRequest, body: bytes, now: float, rules: Requests) -> str:
    """Return the terminal that signed, and store the audit head it sent. Raises Problem 401, 403 or 422."""
    keys = _TerminalKeys(database)
    verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    verifier.now, verifier.rules = now, rules
    present = tuple(name for name in _IF_THERE if name in request.headers)
    try:
        (found,) = verifier.verify(request, expect_tag=TAG, require_components=_ALWAYS + present, body=body)
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise keys.problem or _bad_signature(type(error).__name__) from None
    until = float(found.parameters["expires"]) + rules.clock_slack_s
    head = audit_heads.parse(request.headers.get(audit_heads.HEADER))
    with _spend_nonce(database, keys.terminal, found.nonce, until) as session:
        if head is not None:
            audit_heads.store(session, keys.terminal, head, float(found.parameters["created"]), now)
    return keys.terminal


class _Verifier(HTTPMessageVerifier):
    now = 0.0
    rules = Requests()

    def validate_created_and_expires(self, sig_input: Any, max_age: object = None) -> None:
        """Check the times against `now`, so that tests can set it. Raises ValueError."""
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if not all(type(t) is int for t in (created, expires)):
            raise ValueError("created, expires")
        slack = self.rules.clock_slack_s
        if not 0 < expires - created <= self.rules.token_max_s:
            raise ValueError("lives too long")
        if not created - slack <= self.now <= expires + slack:
            raise ValueError("not in force now: compare the clocks")


class _TerminalKeys(HTTPSignatureKeyResolver):
    """Finds the key of the terminal that a signature names; `problem` says why there is none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.terminal = ""
        self.problem: Problem | None = None

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        try:
            if not re.fullmatch(TERMINAL, key_id):
                raise _bad_signature("keyid")
            key = public_of(self._find(key_id).public_key or "")
        except Problem as problem:
            self.problem = problem
            return None
        self.terminal = key_id
        return key

    def _find(self, name: str) -> Terminal:
        with self._database.read() as session:
            terminal = session.get(Terminal, name)
        if terminal is None or terminal.state == TerminalState.EXPECTED:
            raise Problem(401, Code.TERMINAL_UNKNOWN)
        if terminal.state != TerminalState.ENROLLED:
            raise Problem(403, Code.TERMINAL_REVOKED)
        return terminal


@contextmanager
def _spend_nonce(
    database: Database, terminal: str, nonce: str | None, until_unix: float
) -> Iterator[Session]:
    """Store the nonce and open a session that commits with it. Raises Problem 401 if it was used before."""
    if nonce is None or not _NONCE.fullmatch(nonce):
        raise _bad_signature("nonce")
    try:
        with database.write() as session:
            session.add(SeenToken(terminal=terminal, jti=nonce, expires_unix=until_unix))
            session.flush()
            yield session
    except IntegrityError:
        raise Problem(401, Code.REQUEST_REPLAYED) from None


def _bad_signature(detail: str) -> Problem:
    return Problem(401, Code.REQUEST_SIGNATURE, detail)
