"""Verifies the signature of a terminal's request: HTTP message signatures (RFC 9421).

Covered are method, path, query, the digest of the body (RFC 9530) and, where they come along, the idempotency
key, the head of the terminal's audit log and the measure of its clock; `keyid` names the terminal, `nonce`
serves once. The algorithm is that of the terminal's key; a request that names another one is refused.

Theory of operation: a process verifies with the key that it knows of the terminal, and asks the database only
if it knows none or the signature is not by that one. So a known key may be out of date, and nothing rests on
it alone: `admit`, in the very transaction that the request is for, locks the terminal's row and compares. A
revoked terminal and an exchanged key are seen at once, by every process.
"""

import logging
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
)
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.fleet import audit_heads, plain_signatures
from central.fleet.audit_heads import AuditHead
from central.protocol.messages import TERMINAL
from central.security.terminal_keys import VerifyingKey, load_key
from central.settings import Requests
from central.storage.database import Database, is_duplicate
from central.storage.prepared import Prepared
from central.storage.tables import SeenToken, Terminal, TerminalState

log = logging.getLogger(__name__)

TAG = "kiosk"
KNOWN_MOST = 20_000
"""Keys that a process keeps, some 40 MB; the one that was not used for the longest time goes first."""
_ALWAYS = ("@method", "@path", "@query", "content-digest")
_IF_THERE = ("idempotency-key", audit_heads.HEADER, "clock-off")
_NONCE = re.compile(r"[A-Za-z0-9_.~-]{16,64}")
_KEYID = re.compile(r';\s*keyid="([^"]*)"')


@dataclass(frozen=True)
class SignedRequest:
    """What the library needs to see of a request."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class SignedCall:
    """A request that the terminal has signed with `key`; `admit` and `spend` have yet to let it pass."""

    terminal: str
    key: str  # as `terminals.public_key` has it
    nonce: str
    until_unix: float
    signed_unix: float
    head: AuditHead | None


class TerminalKeys:
    """The keys of the terminals that a process has seen, ready to verify with."""

    def __init__(self, database: Database, most: int = KNOWN_MOST) -> None:
        self._database = database
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[str, VerifyingKey]] = OrderedDict()

    def known(self, terminal: str) -> tuple[str, VerifyingKey] | None:
        """Return the stored form and the key that this process knows, which may be out of date."""
        with self._lock:
            found = self._known.get(terminal)
            if found is not None:
                self._known.move_to_end(terminal)
        return found

    def read(self, terminal: str) -> tuple[str, VerifyingKey]:
        """Ask the database, and know the answer from now on.

        Raises Problem 401, 403; SQLAlchemyError, which is no fault of the signature.
        """
        with self._database.read() as session:
            row = session.execute(
                select(Terminal.state, Terminal.public_key).where(Terminal.id == terminal)
            ).first()
        stored = _enrolled_key(row)
        found = stored, load_key(stored)
        with self._lock:
            self._known[terminal] = found
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return found


def authenticate(
    keys: TerminalKeys, request: SignedRequest, body: bytes, now: float, rules: Requests
) -> SignedCall:
    """Return who signed this request. Nothing is stored, and the same request passes any number of times.

    Asks the database for the terminal's key. Raises Problem 401, 403 or 422; 401 `clock.off` if the signature
    is the terminal's own and only its time is not now: a clock that is wrong is no forged request.
    """
    terminal = _named_terminal(request)
    try:
        return _verified(terminal, keys.read(terminal), request, body, now, rules)
    except _NotByThisKey as error:
        raise _bad_signature(str(error)) from None


def authenticate_if_known(
    keys: TerminalKeys, request: SignedRequest, body: bytes, now: float, rules: Requests
) -> SignedCall | None:
    """Do what `authenticate` does with the key that this process knows; None if that is not the one."""
    terminal = _named_terminal(request)
    known = keys.known(terminal)
    if known is None:
        return None
    try:
        return _verified(terminal, known, request, body, now, rules)
    except _NotByThisKey:
        return None


def _named_terminal(request: SignedRequest) -> str:
    named = _KEYID.search(request.headers.get("signature-input", ""))
    if named is None or not re.fullmatch(TERMINAL, named[1]):
        raise _bad_signature("keyid")
    return named[1]


_LOCK = Prepared(
    select(Terminal.state, Terminal.public_key)
    .where(Terminal.id == bindparam("terminal"))
    # "No key update": rows that refer to the terminal may be written beside it.
    .with_for_update(key_share=True)
)
SPEND = insert(SeenToken).values(
    terminal=bindparam("terminal"), jti=bindparam("jti"), expires_unix=bindparam("expires_unix")
)
"""Spends a signature; a part of a prepared statement, `spent` has its parameters."""
_SPEND = Prepared(SPEND)


def admit(session: Session, call: SignedCall) -> None:
    """Lock the terminal's row until the transaction ends, and compare it with what `call` was verified by.

    Of two requests at once the second sees what the first did. Raises Problem 401 if the key is the
    terminal's no more, 403.
    """
    if _enrolled_key(_LOCK(session, terminal=call.terminal).first()) != call.key:
        raise _bad_signature("another key by now")


def spend(session: Session, call: SignedCall, now: float) -> None:
    """Let an admitted request pass once, and store the audit head it brought.

    Raises Problem 401 if it passed before.
    """
    try:
        _SPEND(session, terminal=call.terminal, **spent(call))
    except IntegrityError as error:
        if is_replay(error):
            raise replayed() from None
        raise
    if call.head is not None:
        audit_heads.store(session, call.terminal, call.head, call.signed_unix, now)


def spent(call: SignedCall) -> dict[str, Any]:
    """Return the parameters of `SPEND`, beside the terminal's name."""
    return {"jti": call.nonce, "expires_unix": call.until_unix}


def is_replay(error: IntegrityError) -> bool:
    """Return whether a signature was spent that was spent before."""
    return is_duplicate(error) and SeenToken.__tablename__ in str(error.orig)


def replayed() -> Problem:
    """Return the answer to a request that passed before."""
    return Problem(401, Code.REQUEST_REPLAYED)


def lock(session: Session, terminal: str) -> None:
    """Lock the terminal's row, for a request that came otherwise than signed over the line."""
    _LOCK(session, terminal=terminal)


def _enrolled_key(row: Any) -> str:
    """Return the key of an enrolled terminal. Raises Problem 401, 403."""
    if row is None or row.state == TerminalState.EXPECTED:
        raise Problem(401, Code.TERMINAL_UNKNOWN)
    if row.state != TerminalState.ENROLLED:
        raise Problem(403, Code.TERMINAL_REVOKED)
    return str(row.public_key or "")


class _NotByThisKey(Exception):  # noqa: N818
    """The text names what the library found."""


def _verified(
    terminal: str,
    key: tuple[str, VerifyingKey],
    request: SignedRequest,
    body: bytes,
    now: float,
    rules: Requests,
) -> SignedCall:
    """Verify with this key. Raises _NotByThisKey; Problem 401 or 422 for what the signature covers."""
    stored, verifying = key
    if (plain := _plainly_verified(terminal, key, request, body, now, rules)) is not None:
        return plain
    verifier = _Verifier(terminal, verifying, now, rules)
    present = tuple(name for name in _IF_THERE if name in request.headers)
    try:
        (found,) = verifier.verify(request, expect_tag=TAG, require_components=_ALWAYS + present, body=body)
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise _NotByThisKey(type(error).__name__) from None
    if verifier.off_s is not None:
        log.warning("the clock of %s is off by %+.0f s, or the request was delayed", terminal, verifier.off_s)
        raise Problem(401, Code.CLOCK_OFF, "not in force now: compare the clocks")
    if found.nonce is None or not _NONCE.fullmatch(found.nonce):
        raise _bad_signature("nonce")
    return SignedCall(
        terminal=terminal,
        key=stored,
        nonce=found.nonce,
        until_unix=float(found.parameters["expires"]) + rules.clock_slack_s,
        signed_unix=float(found.parameters["created"]),
        head=audit_heads.parse(request.headers.get(audit_heads.HEADER)),
    )


def _plainly_verified(
    terminal: str,
    key: tuple[str, VerifyingKey],
    request: SignedRequest,
    body: bytes,
    now: float,
    rules: Requests,
) -> SignedCall | None:
    """Return the call if it is in force and written as terminals write it; None: ask the library."""
    stored, verifying = key
    present = tuple(name for name in _IF_THERE if name in request.headers)
    signature = plain_signatures.verify(
        request.method,
        request.url,
        request.headers,
        body,
        terminal=terminal,
        key=verifying,
        tag=TAG,
        fields=("content-digest", *present),
    )
    if signature is None or not _NONCE.fullmatch(signature.nonce):
        return None
    slack, (nonce, created, expires) = rules.clock_slack_s, signature
    is_short = 0 < expires - created <= rules.token_max_s
    if not (is_short and created - slack <= now <= expires + slack):
        return None
    return SignedCall(
        terminal=terminal,
        key=stored,
        nonce=nonce,
        until_unix=float(expires) + slack,
        signed_unix=float(created),
        head=audit_heads.parse(request.headers.get(audit_heads.HEADER)),
    )


class _Verifier(HTTPMessageVerifier):
    def __init__(self, terminal: str, key: VerifyingKey, now: float, rules: Requests) -> None:
        super().__init__(signature_algorithm=key.http_algorithm, key_resolver=_OneKey(terminal, key))
        self._now, self._rules = now, rules
        self.off_s: float | None = None
        """By how much the signature is out of its time; None: it is in force."""

    def validate_created_and_expires(self, sig_input: Any, max_age: object = None) -> None:
        """Check the times against `now`, so that tests can set it. Raises ValueError."""
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if not all(type(t) is int for t in (created, expires)):
            raise ValueError("created, expires")
        slack = self._rules.clock_slack_s
        if not 0 < expires - created <= self._rules.token_max_s:
            raise ValueError("lives too long")
        if not created - slack <= self._now <= expires + slack:
            self.off_s = created - self._now  # told only if the signature is good


class _OneKey(HTTPSignatureKeyResolver):
    """Knows the key of one terminal."""

    def __init__(self, terminal: str, key: VerifyingKey) -> None:
        self._terminal, self._key = terminal, key

    def resolve_public_key(self, key_id: str) -> Any:
        return self._key.public if key_id == self._terminal else None


def _bad_signature(detail: str) -> Problem:
    return Problem(401, Code.REQUEST_SIGNATURE, detail)
