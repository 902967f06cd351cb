"""Who is calling? Every request of a terminal carries a token that it signed for this request alone."""

import hmac
import re
from hashlib import sha256
from typing import Any

import jwt
from sqlalchemy.exc import IntegrityError

from central.codes import Code
from central.database import Database
from central.keys import base64url, public_of
from central.messages import TERMINAL
from central.problems import Problem
from central.settings import Requests
from central.tables import SeenToken, Terminal, TerminalState

_CLAIMS = ["iss", "aud", "iat", "exp", "jti", "htm", "htu", "bsh"]
_JTI = re.compile(r"[A-Za-z0-9_.~-]{16,64}")


def verify(
    database: Database, header: str, method: str, path: str, body: bytes, now: float, rules: Requests
) -> str:
    """The terminal that signed. Raises Problem 401 or 403."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise _unsigned("no bearer token")
    terminal = _terminal(database, _issuer(token))
    claims = _checked(token, terminal.public_key or "", now, rules)
    _made_for(claims, method, path, body)
    _spend(database, terminal.id, claims["jti"], claims["exp"] + rules.clock_slack_s)
    return terminal.id


def _issuer(token: str) -> str:
    """Who says to have signed: only to find the key that will tell."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except jwt.PyJWTError as error:
        raise _unsigned(type(error).__name__) from None
    if not isinstance(issuer, str) or not re.fullmatch(TERMINAL, issuer):
        raise _unsigned("iss")
    return issuer


def _terminal(database: Database, name: str) -> Terminal:
    with database.read() as session:
        terminal = session.get(Terminal, name)
    if terminal is None or terminal.state == TerminalState.EXPECTED:
        raise Problem(401, Code.TERMINAL_UNKNOWN)
    if terminal.state != TerminalState.ENROLLED:
        raise Problem(403, Code.TERMINAL_REVOKED)
    return terminal


def _checked(token: str, x: str, now: float, rules: Requests) -> dict[str, Any]:
    """Signature, audience and times."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            public_of(x),
            algorithms=["EdDSA"],
            audience="central",
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise _unsigned(type(error).__name__) from None
    _timely(claims, now, rules)
    return claims


def _timely(claims: dict[str, Any], now: float, rules: Requests) -> None:
    """Checked here rather than by the library, so that one clock rules, and tests can move it."""
    iat, exp = claims["iat"], claims["exp"]
    if not all(isinstance(t, int | float) and not isinstance(t, bool) for t in (iat, exp)):
        raise _unsigned("iat, exp")
    if not 0 < exp - iat <= rules.token_max_s:
        raise _unsigned("lives too long")
    if not iat - rules.clock_slack_s <= now <= exp + rules.clock_slack_s:
        raise _unsigned("not in force now: compare the clocks")


def _made_for(claims: dict[str, Any], method: str, path: str, body: bytes) -> None:
    """This method, this path, these very bytes."""
    wanted = {"htm": method, "htu": path, "bsh": base64url(sha256(body).digest())}
    for claim, value in wanted.items():
        if not hmac.compare_digest(str(claims[claim]).encode(), value.encode()):
            raise _unsigned(claim)


def _spend(database: Database, terminal: str, jti: object, expires_unix: float) -> None:
    if not isinstance(jti, str) or not _JTI.fullmatch(jti):
        raise _unsigned("jti")
    try:
        with database.write() as session:
            session.add(SeenToken(terminal=terminal, jti=jti, expires_unix=expires_unix))
    except IntegrityError:
        raise Problem(401, Code.REQUEST_REPLAYED) from None


def _unsigned(detail: str) -> Problem:
    return Problem(401, Code.REQUEST_SIGNATURE, detail)
