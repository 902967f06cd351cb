import base64
import itertools
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central import settings
from central.activation import challenges
from central.protocol import messages
from tests.support.protocol_terminal import ProtocolTerminal


def test_tokens_are_signed_by_central_for_this_terminal(terminal: ProtocolTerminal) -> None:
    x = terminal.enrolment["challenge_key"]["x"]
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))
    tokens = terminal.challenges(20)
    every = [jwt.decode(t, key, ["EdDSA"], audience=terminal.name, issuer="central") for t in tokens]
    assert len({claims["jti"] for claims in every}) == 20
    for claims in every:
        assert claims["exp"] - claims["iat"] == 7 * 24 * 3600
        assert len(claims["digits"]) == len(claims["gaps_s"]) == 6
        assert all(0.9 <= gap <= 1.5 and round(gap, 2) == gap for gap in claims["gaps_s"])


@pytest.mark.parametrize("count", [0, 201, -1, "many", None])
def test_the_number_of_challenges_is_limited(terminal: ProtocolTerminal, count: object) -> None:
    answer = terminal.send("POST", "/v1/challenges", json.dumps({"count": count}).encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


def test_digits_are_uniform_and_never_twice_in_a_row() -> None:
    every = [challenges.digits(6) for _ in range(5000)]
    assert all(a != b for digits in every for a, b in itertools.pairwise(digits))
    for place in range(6):
        counts = [sum(digits[place] == value for digits in every) for value in range(10)]
        assert min(counts) > 400, counts  # 500 expected, deviation 21: fails once in a million runs
        assert max(counts) < 600, counts


@pytest.mark.parametrize("length", [4, 8])
def test_the_length_is_a_setting(tmp_path, length: int) -> None:
    (tmp_path / "central.toml").write_text(f"[challenges]\nlength = {length}\ngap_min_s = 1.0\n")
    rules = settings.load(tmp_path).challenges
    claims = challenges.claims("GZ-0001", 1000, rules)
    assert len(claims["digits"]) == len(claims["gaps_s"]) == length
    assert all(1.0 <= gap <= 1.5 for gap in claims["gaps_s"])
    messages.ChallengeClaims.model_validate(claims)


@pytest.mark.parametrize("line", ["length = 3", "length = 9", "gap_min_s = 2.0", "gap_max_s = 0.1"])
def test_unusable_challenge_settings_are_refused(tmp_path, line: str) -> None:
    (tmp_path / "central.toml").write_text(f"[challenges]\n{line}\n")
    with pytest.raises(settings.SettingsError, match="challenges"):
        settings.load(tmp_path)
