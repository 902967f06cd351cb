"""Signed requests (RFC 9421), made without the library that verifies them."""

import base64
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import COVERED, ProtocolTerminal, base64url

PATH = "/v1/challenges"
BODY = b'{"count":1}'


def refusal(terminal: ProtocolTerminal, signed: dict[str, str], body: bytes = BODY, path: str = PATH) -> str:
    answer = terminal.send("POST", path, body, signed=signed)
    assert answer.status_code in (401, 403), answer.text
    return str(answer.json()["code"])


@pytest.mark.parametrize(
    "parameters",
    [
        {"tag": "elsewhere"},
        {"tag": None},
        {"created": None},
        {"created": "now"},
        {"expires": None},
        {"expires": 1.5},
        {"nonce": None},
        {"nonce": "short"},
        {"nonce": "x" * 65},
        {"nonce": "\u0000" * 32},
        {"keyid": None},
        {"keyid": "\u0000"},
        {"keyid": 5},
        {"alg": "hmac-sha256"},
        {"alg": "rsa-pss-sha512"},
        {"unheard-of": "x"},
    ],
    ids=str,
)
def test_wrong_signature_parameters_are_refused(
    terminal: ProtocolTerminal, parameters: dict[str, Any]
) -> None:
    assert refusal(terminal, terminal.signed("POST", PATH, BODY, **parameters)) == "request.signature"


@pytest.mark.parametrize("left_out", COVERED)
def test_required_components_must_be_signed(terminal: ProtocolTerminal, left_out: str) -> None:
    covered = tuple(name for name in COVERED if name != left_out)
    assert refusal(terminal, terminal.signed("POST", PATH, BODY, covered)) == "request.signature"


@pytest.mark.parametrize(
    ("header", "value"), [("Idempotency-Key", "0000-0000-0000-0000"), ("Audit-Head", f"1:{'0' * 64}")]
)
def test_meaningful_headers_must_be_signed_when_present(terminal: ProtocolTerminal, header, value) -> None:
    signed = terminal.signed("POST", PATH, BODY) | {header: value}
    assert refusal(terminal, signed) == "request.signature"


def test_a_signature_for_another_request_is_refused(terminal: ProtocolTerminal) -> None:
    assert refusal(terminal, terminal.signed("GET", PATH, BODY)) == "request.signature"
    assert refusal(terminal, terminal.signed("POST", "/v1/activations", BODY)) == "request.signature"
    assert refusal(terminal, terminal.signed("POST", PATH, BODY), path=PATH + "?x=1") == "request.signature"
    assert refusal(terminal, terminal.signed("POST", PATH, BODY), body=b'{"count":2}') == "request.signature"


def test_a_body_without_its_digest_is_refused(terminal: ProtocolTerminal) -> None:
    signed = terminal.signed("POST", PATH, BODY)
    del signed["Content-Digest"]
    assert refusal(terminal, signed) == "request.signature"


@pytest.mark.parametrize(
    ("created_s", "expires_s"),
    [(0, 600), (0, -1), (-400, 300)],
    ids=["lives longer than 120 s", "ends before it begins", "lives long, and is over"],
)
def test_a_signature_outside_its_period_is_refused(
    terminal: ProtocolTerminal, created_s: int, expires_s: int
) -> None:
    now = int(time.time())
    signed = terminal.signed("POST", PATH, BODY, created=now + created_s, expires=now + expires_s)
    assert refusal(terminal, signed) == "request.signature"


@pytest.mark.parametrize(
    "created_s", [-150 * 86_400, -400, 300, 3 * 86_400], ids=["long over", "over", "not yet", "far ahead"]
)
def test_a_wrong_clock_is_told_from_a_forged_signature(terminal: ProtocolTerminal, created_s: int) -> None:
    created = int(time.time()) + created_s
    signed = terminal.signed("POST", PATH, BODY, created=created, expires=created + 60)
    assert refusal(terminal, signed) == "clock.off"
    forged = (
        signed["Signature"][:10] + ("A" if signed["Signature"][10] != "A" else "B") + signed["Signature"][11:]
    )
    assert refusal(terminal, signed | {"Signature": forged}) == "request.signature"


def test_what_was_refused_for_the_clock_has_not_spent_its_nonce(terminal: ProtocolTerminal) -> None:
    created = int(time.time()) - 400
    nonce = "once-and-once-only"
    late = terminal.signed("POST", PATH, BODY, created=created, expires=created + 60, nonce=nonce)
    assert refusal(terminal, late) == "clock.off"
    assert (
        terminal.send("POST", PATH, BODY, terminal.signed("POST", PATH, BODY, nonce=nonce)).status_code == 200
    )


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
@pytest.mark.parametrize("value", ["", "x", "sig", "sig=()", "sig=:!:", "é", "sig=:AAAA:"], ids=ascii)
def test_malformed_signatures_are_refused(terminal: ProtocolTerminal, name: str, value: str) -> None:
    signed = terminal.signed("POST", PATH, BODY) | {name: value.encode().decode("latin-1")}
    assert refusal(terminal, signed) == "request.signature"


def test_a_changed_signature_is_refused(terminal: ProtocolTerminal) -> None:
    signed = terminal.signed("POST", PATH, BODY)
    raw = bytearray(base64.b64decode(signed["Signature"][5:-1]))
    for bit in range(0, 512, 37):
        raw[bit // 8] ^= 1 << bit % 8
        changed = signed | {"Signature": f"sig=:{base64.b64encode(bytes(raw)).decode()}:"}
        assert refusal(terminal, changed) == "request.signature"


def test_an_unsigned_request_is_refused(terminal: ProtocolTerminal) -> None:
    assert refusal(terminal, {}) == "request.signature"


def test_a_bearer_token_is_refused(terminal: ProtocolTerminal) -> None:
    assert refusal(terminal, {"Authorization": "Bearer a.b.c"}) == "request.signature"


def test_a_signature_of_another_key_is_refused(terminal: ProtocolTerminal) -> None:
    terminal.key = Ed25519PrivateKey.generate()
    assert terminal.send("POST", PATH, BODY).json()["code"] == "request.signature"


def test_a_signature_is_accepted_once(terminal: ProtocolTerminal) -> None:
    signed = terminal.signed("POST", PATH, BODY)
    assert terminal.send("POST", PATH, BODY, signed=signed).status_code == 200
    assert refusal(terminal, signed) == "request.replayed"


def test_an_unknown_terminal_is_refused(terminal: ProtocolTerminal) -> None:
    assert refusal(terminal, terminal.signed("POST", PATH, BODY, keyid="T-nobody")) == "terminal.unknown"


def test_a_request_in_another_terminals_name_is_refused(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    other = ProtocolTerminal(central)
    assert refusal(terminal, terminal.signed("POST", PATH, BODY, keyid=other.name)) == "request.signature"


def test_a_revoked_terminal_is_refused(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    central.command("revoke", terminal.name)
    answer = terminal.send("POST", PATH, BODY)
    assert (answer.status_code, answer.json()["code"]) == (403, "terminal.revoked")
    with pytest.raises(AssertionError, match="revoked"):
        central.enrol_code(terminal.name)


# ── a new key ────────────────────────────────────────────────────────────────────────────────────


def rotation(
    terminal: ProtocolTerminal, new: Ed25519PrivateKey, prover: Ed25519PrivateKey | None = None
) -> bytes:
    import json

    x = base64url(new.public_key().public_bytes_raw())
    proof = (prover or new).sign(f"kiosk-rotate-v1|{terminal.name}|{x}".encode())
    return json.dumps(
        {"public_key": {"kty": "OKP", "crv": "Ed25519", "x": x}, "proof": base64url(proof)}
    ).encode()


def test_rotation_replaces_the_key(terminal: ProtocolTerminal) -> None:
    old, new = terminal.key, Ed25519PrivateKey.generate()
    body = rotation(terminal, new)
    assert terminal.send("POST", "/v1/terminals/rotation", body).status_code == 200
    assert terminal.send("POST", PATH, BODY).json()["code"] == "request.signature"  # the old one is over
    terminal.key = new
    assert terminal.send("POST", PATH, BODY).status_code == 200
    # The answer was lost: the new key asks again, and nothing changes.
    assert terminal.send("POST", "/v1/terminals/rotation", body).status_code == 200
    terminal.key = old
    assert terminal.send("POST", "/v1/terminals/rotation", body).json()["code"] == "request.signature"


def test_a_new_key_must_prove_itself(terminal: ProtocolTerminal) -> None:
    new = Ed25519PrivateKey.generate()
    answer = terminal.send("POST", "/v1/terminals/rotation", rotation(terminal, new, prover=terminal.key))
    assert (answer.status_code, answer.json()["code"]) == (403, "enrolment.refused")
    assert terminal.send("POST", PATH, BODY).status_code == 200
