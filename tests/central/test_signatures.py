import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.central.server import RunningCentral
from tests.central.terminal import Terminal

PATH = "/v1/challenges"
BODY = b'{"count":1}'


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "elsewhere"},
        {"aud": None},
        {"iat": "now"},
        {"exp": True},
        {"htm": "GET"},
        {"htu": "/v1/activations"},
        {"bsh": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"},
        {"bsh": None},
        {"jti": None},
        {"jti": "short"},
        {"jti": "x" * 65},
        {"iss": None},
        {"iss": "\0"},
        {"jti": "\0" * 32},
        {"jti": "\ud800" * 32},
    ],
    ids=str,
)
def test_what_is_not_signed_for_this_request(terminal: Terminal, claims: dict[str, Any]) -> None:
    answer = terminal.send("POST", PATH, BODY, token=terminal.token("POST", PATH, BODY, **claims))
    assert (answer.status_code, answer.json()["code"]) == (401, "request.signature")


@pytest.mark.parametrize(
    ("iat_s", "exp_s"),
    [(0, 600), (-400, -300), (300, 400)],
    ids=["lives longer than 120 s", "over", "not yet"],
)
def test_what_is_not_signed_for_now(terminal: Terminal, iat_s: int, exp_s: int) -> None:
    now = int(time.time())
    token = terminal.token("POST", PATH, BODY, iat=now + iat_s, exp=now + exp_s)
    answer = terminal.send("POST", PATH, BODY, token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "request.signature")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é"], ids=ascii)
def test_what_is_no_token(terminal: Terminal, token: str) -> None:
    answer = terminal.send("POST", PATH, BODY, token=token.encode().decode("latin-1"))
    assert (answer.status_code, answer.json()["code"]) == (401, "request.signature")


def test_no_header_at_all(terminal: Terminal) -> None:
    url = terminal.central.url + PATH
    answer = terminal.session.post(url, data=BODY, headers={"Content-Type": "application/json"}, timeout=9)
    assert (answer.status_code, answer.json()["code"]) == (401, "request.signature")


def test_another_key(terminal: Terminal) -> None:
    terminal.key = Ed25519PrivateKey.generate()
    assert terminal.send("POST", PATH, BODY).json()["code"] == "request.signature"


def test_other_algorithms(terminal: Terminal) -> None:
    """Neither "none" nor the public key used as an HMAC secret."""
    claims = jwt.decode(terminal.token("POST", PATH, BODY), options={"verify_signature": False})
    for token in (jwt.encode(claims, None, "none"), jwt.encode(claims, terminal.public_key["x"], "HS256")):
        assert terminal.send("POST", PATH, BODY, token=token).json()["code"] == "request.signature"


def test_a_token_serves_once(terminal: Terminal) -> None:
    token = terminal.token("POST", PATH, BODY)
    assert terminal.send("POST", PATH, BODY, token=token).status_code == 200
    answer = terminal.send("POST", PATH, BODY, token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "request.replayed")


def test_unknown_terminal(terminal: Terminal) -> None:
    answer = terminal.send("POST", PATH, BODY, token=terminal.token("POST", PATH, BODY, iss="T-nobody"))
    assert (answer.status_code, answer.json()["code"]) == (401, "terminal.unknown")


def test_revoked_terminal(central: RunningCentral, terminal: Terminal) -> None:
    central.command("revoke", terminal.name)
    answer = terminal.send("POST", PATH, BODY)
    assert (answer.status_code, answer.json()["code"]) == (403, "terminal.revoked")
    with pytest.raises(AssertionError, match="revoked"):
        central.enrol_code(terminal.name)
