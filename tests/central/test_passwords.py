"""What central keeps of a password, of both versions of the wire, and what it makes of a typed one."""

import hmac
import json
from contextlib import nullcontext
from hashlib import sha256

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import ValidationError

from central.protocol.examples import ALL, VISIT
from central.protocol.messages import ActivationRequest, StretchedPassword
from central.security import sealing
from central.security.encoding import base64url, from_base64url
from central.security.passwords import Passwords, PepperInMemory
from central.security.personal_data import PersonalData
from kiosk.activation.messages import SealingKey
from kiosk.activation.sealing import Sealer
from tests.central.test_credentials import revoke
from tests.support.protocol_terminal import ProtocolTerminal, person, stretched

TYPED = "20486173"
STRETCHED = StretchedPassword.model_validate(stretched(TYPED))
PASSWORDS = PersonalData(b"a" * 32).passwords


@pytest.mark.parametrize("password", [STRETCHED, TYPED], ids=["stretched", "typed"])
def test_only_the_same_password_under_the_same_pepper_agrees(password: StretchedPassword | str) -> None:
    stored = PASSWORDS.stored_form(password)
    assert PASSWORDS.agrees(TYPED, stored)
    assert not PASSWORDS.agrees("20486174", stored)
    assert not PersonalData(b"b" * 32).passwords.agrees(TYPED, stored)


def test_a_row_of_before_version_2_still_agrees() -> None:
    """Made by the program that knew version 1 only, with a secret of 32 letters a."""
    stored = (
        "scrypt$00112233445566778899aabbccddeeff"
        "$7dffe072249c63d051cc0e0ae6c1cd45778d9307bbe869889e1d52a924c9844a"
    )
    assert PASSWORDS.agrees(TYPED, stored)


def test_what_is_stored_is_the_mac_of_what_came_and_not_what_came() -> None:
    passwords = Passwords(PepperInMemory(b"pepper"), PepperInMemory(b"old"))
    stored = passwords.stored_form(STRETCHED)
    came = from_base64url(STRETCHED.hash)
    assert stored.split("$")[-1] == hmac.new(b"pepper", came, sha256).hexdigest()
    assert came.hex() not in stored


def test_another_key_holder_may_keep_the_pepper() -> None:
    """An HSM's class has `mac` and shows no key."""

    class Elsewhere:
        def mac(self, data: bytes) -> bytes:
            return sha256(b"in the chip" + data).digest()

    passwords = Passwords(Elsewhere(), Elsewhere())
    assert passwords.agrees(TYPED, passwords.stored_form(STRETCHED))


@pytest.mark.parametrize(
    "change",
    [
        {"memory_kib": 19_455},
        {"memory_kib": 262_145},
        {"passes": 1},
        {"passes": 11},
        {"lanes": 0},
        {"lanes": 5},
        {"salt": "A" * 21},
        {"hash": "A" * 42},
        {"more": 1},
    ],
)
def test_central_takes_no_cost_that_is_too_low_to_protect_or_too_high_to_check(
    change: dict[str, object],
) -> None:
    with pytest.raises(ValidationError):
        StretchedPassword.model_validate(stretched(TYPED) | change)


@pytest.mark.parametrize("version", [1, 2])
def test_the_owner_ends_a_credential_of_either_version(terminal: ProtocolTerminal, version: int) -> None:
    who = person()
    receipt = terminal.activate(terminal.activation(who, version=version)).json()
    assert receipt["status"] == "ACTIVATED"
    assert revoke(terminal, receipt["credential"], receipt["id"], "20486174").status_code == 403
    assert revoke(terminal, receipt["credential"], receipt["id"], who["password"]).status_code == 200


def test_a_request_without_a_version_is_of_version_1(terminal: ProtocolTerminal) -> None:
    """As they lie on the disks of terminals that have not been updated."""
    body = terminal.activation(version=1)
    del body["version"]
    assert terminal.activate(body).json()["status"] == "ACTIVATED"


@pytest.mark.parametrize(
    ("version", "password", "opens"),
    [
        (1, TYPED, True),
        (2, stretched(TYPED), True),
        (1, stretched(TYPED), False),
        (2, TYPED, False),
        (1, "1234", False),
    ],
)
def test_a_password_comes_in_the_form_of_its_version(version: int, password: object, opens: bool) -> None:
    key = X25519PrivateKey.generate()
    sealer = Sealer(SealingKey("k", sealing.HPKE, base64url(key.public_key().public_bytes_raw())))
    inside = json.dumps(person(password=password)).encode()
    sealed = sealer.seal(inside, VISIT, "GZ-009", purpose=f"activation-v{version}")
    body = ALL["activation-request"] | {"version": version, "sealed": msgspec.to_builtins(sealed)}
    request = ActivationRequest.model_validate(body)
    with nullcontext() if opens else pytest.raises(sealing.Unsealable):
        sealing.open_sealed(request, {"k": sealing.HpkeOpener(key)})


def test_a_later_version_is_not_taken_and_not_refused_for_good(terminal: ProtocolTerminal) -> None:
    """422: the terminal keeps the request until central has been updated."""
    answer = terminal.activate(terminal.activation() | {"version": 3})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert terminal.look_up(answer.request.headers["Idempotency-Key"]).status_code == 404
