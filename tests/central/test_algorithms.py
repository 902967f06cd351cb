"""A terminal's key is Ed25519 or P-256, and the key alone says how its signatures are verified."""

import base64
import json
import time
from hashlib import sha256
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode

from tests.support import terminal_keys
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, visit_number
from tests.support.terminal_keys import ED25519, P256, base64url, new_key

PATH = "/v1/challenges"
BODY = b'{"count":1}'
ROTATION = "/v1/terminals/rotation"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture
def p256(central: RunningCentral) -> ProtocolTerminal:
    return ProtocolTerminal(central, algorithm=P256)


def answer_to(terminal: ProtocolTerminal, signed: dict[str, str]) -> str:
    answer = terminal.send("POST", PATH, BODY, signed=signed)
    return "ok" if answer.status_code == 200 else str(answer.json()["code"])


def test_a_terminal_with_p256_activates(p256: ProtocolTerminal) -> None:
    answer = p256.activate(p256.activation())
    assert (answer.status_code, answer.json()["status"]) == (200, "ACTIVATED")


@pytest.mark.parametrize("algorithm", [ED25519, P256])
def test_the_request_does_not_choose_the_algorithm(central: RunningCentral, algorithm: str) -> None:
    terminal = ProtocolTerminal(central, algorithm=algorithm)
    assert answer_to(terminal, terminal.signed("POST", PATH, BODY, alg=None)) == "ok"
    for named in {ED25519, P256, "ecdsa-p384-sha384", "hmac-sha256"} - {algorithm}:
        signed = terminal.signed("POST", PATH, BODY, alg=named)
        assert answer_to(terminal, signed) == "request.signature", named


@pytest.mark.parametrize(("enrolled", "signing"), [(ED25519, P256), (P256, ED25519)])
def test_a_key_of_the_other_kind_signs_nothing(central: RunningCentral, enrolled: str, signing: str) -> None:
    terminal = ProtocolTerminal(central, algorithm=enrolled)
    terminal.key = new_key(signing)
    for named in (enrolled, signing, None):
        assert answer_to(terminal, terminal.signed("POST", PATH, BODY, alg=named)) == "request.signature"


def test_two_terminals_of_different_kinds_in_one_request_are_refused(
    terminal: ProtocolTerminal, p256: ProtocolTerminal
) -> None:
    one, two = terminal.signed("POST", PATH, BODY), p256.signed("POST", PATH, BODY)
    both = one | {
        name: f"{one[name]}, {two[name].replace('sig=', 'other=', 1)}"
        for name in ("Signature-Input", "Signature")
    }
    assert answer_to(terminal, both) == "request.signature"


def test_p256_signatures_are_64_bytes(p256: ProtocolTerminal) -> None:
    signed = p256.signed("POST", PATH, BODY)
    raw = base64.b64decode(signed["Signature"][5:-1])
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    der = encode_dss_signature(r, s)
    for other in (der, raw[:-1], raw + b"\0", bytes(64), s.to_bytes(32) + r.to_bytes(32)):
        changed = signed | {"Signature": f"sig=:{base64.b64encode(other).decode()}:"}
        assert answer_to(p256, changed) == "request.signature"


def test_the_other_s_does_not_replay_a_request(p256: ProtocolTerminal) -> None:
    """With r ‖ s, r ‖ n - s verifies as well: not the signature but the nonce is used once."""
    signed = p256.signed("POST", PATH, BODY)
    raw = base64.b64decode(signed["Signature"][5:-1])
    twin = raw[:32] + (ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    assert answer_to(p256, signed) == "ok"
    changed = signed | {"Signature": f"sig=:{base64.b64encode(twin).decode()}:"}
    assert answer_to(p256, changed) == "request.replayed"


@pytest.mark.parametrize(
    "other",
    [
        {"y": base64url(bytes(32))},
        {"x": base64url(bytes(32)), "y": base64url(bytes(32))},
        {"x": base64url(b"\xff" * 32)},
        {"crv": "P-384"},
        {"crv": "Ed25519"},
        {"kty": "OKP"},
        {"kty": "oct"},
        {"y": None},
    ],
    ids=str,
)
def test_what_is_no_key_of_p256_is_not_enrolled(
    central: RunningCentral, p256: ProtocolTerminal, other: dict[str, str | None]
) -> None:
    key = {name: value for name, value in (p256.public_key | other).items() if value is not None}
    answer = p256.enrol(central.enrol_code(p256.name), public_key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert p256.challenges()


def test_a_code_is_good_for_one_of_two_keys_that_differ_only_in_the_sign(
    central: RunningCentral, p256: ProtocolTerminal
) -> None:
    code = central.enrol_code(p256.name)
    assert p256.enrol(code).status_code == 201
    negative = ec.derive_private_key(ORDER - p256.key.private_numbers().private_value, ec.SECP256R1())
    other = terminal_keys.public_jwk(negative)
    assert other["x"] == p256.public_key["x"]
    assert p256.enrol(code, public_key=other).status_code == 403


def rotation(terminal: ProtocolTerminal, new: terminal_keys.Key, prover: terminal_keys.Key) -> bytes:
    text = f"kiosk-rotate-v1|{terminal.name}|{terminal_keys.key_text(new)}".encode()
    proof = base64url(terminal_keys.signature(prover, text))
    return json.dumps({"public_key": terminal_keys.public_jwk(new), "proof": proof}).encode()


@pytest.mark.parametrize("old", [ED25519, P256])
@pytest.mark.parametrize("new", [ED25519, P256])
def test_each_kind_is_exchanged_for_each(central: RunningCentral, old: str, new: str) -> None:
    terminal, key = ProtocolTerminal(central, algorithm=old), new_key(new)
    former, body = terminal.key, rotation(terminal, key, key)
    assert terminal.send("POST", ROTATION, body).json() == {"public_key": terminal_keys.public_jwk(key)}
    assert terminal.send("POST", PATH, BODY).json()["code"] == "request.signature"
    terminal.key = key
    assert terminal.challenges()
    assert terminal.send("POST", ROTATION, body).status_code == 200  # the answer was lost
    terminal.key = former
    assert terminal.send("POST", ROTATION, body).json()["code"] == "request.signature"


@pytest.mark.parametrize("prover", [ED25519, P256])
def test_a_new_p256_key_must_prove_itself(p256: ProtocolTerminal, prover: str) -> None:
    answer = p256.send("POST", ROTATION, rotation(p256, new_key(P256), new_key(prover)))
    assert (answer.status_code, answer.json()["code"]) == (403, "enrolment.refused")
    assert p256.challenges()


# ── by USB stick ─────────────────────────────────────────────────────────────────────────────────


def put(stick: Path, terminal: ProtocolTerminal, token_key: object, algorithm: str) -> None:
    body = json.dumps(terminal.activation(id=(visit := visit_number()))).encode()
    claims = {
        "iss": terminal.name,
        "aud": "central",
        "iat": int(time.time()),
        "id": visit,
        "bsh": base64url(sha256(body).digest()),
    }
    if algorithm == "none" or isinstance(token_key, bytes):
        token = forged(claims, token_key, algorithm)
    else:
        token = jwt.encode(claims, token_key, algorithm=algorithm, headers={"typ": "request+jwt"})
    folder = stick / f"kiosk-{terminal.name}" / "requests"
    folder.mkdir(parents=True)
    file = {"id": visit, "terminal": terminal.name, "body": base64url(body), "token": token}
    (folder / f"{visit}.json").write_text(json.dumps(file))


def forged(claims: dict[str, object], secret: object, algorithm: str) -> str:
    """A token "signed" with what everybody knows; PyJWT itself refuses to make one."""
    import hmac

    parts = ({"alg": algorithm, "typ": "request+jwt"}, claims)
    signed = ".".join(base64url_encode(json.dumps(part).encode()).decode() for part in parts)
    mac = hmac.digest(secret, signed.encode(), "sha256") if isinstance(secret, bytes) else b""
    return f"{signed}.{base64url(mac)}"


def handed_in(central: RunningCentral, stick: Path) -> str:
    try:
        return central.command("import-requests", str(stick), "--simulation")
    except AssertionError as error:
        return str(error)


@pytest.mark.parametrize(("kind", "algorithm"), [(ED25519, "EdDSA"), (P256, "ES256")])
def test_a_stick_of_each_kind_is_accepted(
    central: RunningCentral, tmp_path: Path, kind: str, algorithm: str
) -> None:
    terminal = ProtocolTerminal(central, algorithm=kind)
    put(tmp_path, terminal, terminal.key, algorithm)
    assert "ACTIVATED ok" in handed_in(central, tmp_path)


@pytest.mark.parametrize("enrolled", [ED25519, P256])
@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "HS256", "none"])
def test_a_token_does_not_choose_the_algorithm(
    central: RunningCentral, tmp_path: Path, enrolled: str, algorithm: str
) -> None:
    """With the public key as the secret of an HMAC, with a key of the other kind, with none."""
    terminal = ProtocolTerminal(central, algorithm=enrolled)
    public = terminal.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    keys = {"EdDSA": new_key(ED25519), "ES256": new_key(P256), "HS256": public, "none": None}
    put(tmp_path, terminal, keys[algorithm], algorithm)
    assert "refused: the signature is wrong" in handed_in(central, tmp_path)
