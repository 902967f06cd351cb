import base64
import itertools
import json
import time
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select

from central import settings
from central.activation import challenge_ids, challenges
from central.protocol import messages
from central.storage.tables import Challenge
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
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
        # 500 expected, standard deviation 21.2; 60 counts beyond 6.5 of them: less than once in 10⁸ runs.
        assert min(counts) > 362, counts
        assert max(counts) < 638, counts


@pytest.mark.parametrize("length", [4, 8])
def test_the_length_is_a_setting(tmp_path, length: int) -> None:
    (tmp_path / "central.toml").write_text(f"[challenges]\nlength = {length}\ngap_min_s = 1.0\n")
    rules = settings.load(tmp_path).challenges
    claims = challenges.claims(Ed25519PrivateKey.generate(), "GZ-0001", 1000, rules)
    assert len(claims["digits"]) == len(claims["gaps_s"]) == length
    assert all(1.0 <= gap <= 1.5 for gap in claims["gaps_s"])
    messages.ChallengeClaims.model_validate(claims)


@pytest.mark.parametrize("line", ["length = 3", "length = 9", "gap_min_s = 2.0", "gap_max_s = 0.1"])
def test_unusable_challenge_settings_are_refused(tmp_path, line: str) -> None:
    (tmp_path / "central.toml").write_text(f"[challenges]\n{line}\n")
    with pytest.raises(settings.SettingsError, match="challenges"):
        settings.load(tmp_path)


def test_a_terminal_has_no_more_than_so_many_outstanding(tmp_path) -> None:
    server = InProcessCentral(tmp_path / "central")
    few = server.service.settings.model_copy(update={"challenges": settings.Challenges(outstanding=5)})
    server.app.state.service = replace(server.service, settings=few)
    terminal, other = InProcessTerminal(server), InProcessTerminal(server)
    assert len(terminal.challenges(3)) == 3
    assert len(terminal.challenges(3)) == 2, "as many as may be"
    refused = terminal.send("POST", "/v1/challenges", b'{"count": 1}')
    assert (refused.status_code, refused.json()["code"]) == (409, "challenge.limit")
    heartbeat = {"versions": {"kiosk": "0.1.0"}, "waiting": 0, "oldest_s": None, "sealing": "SM2-SM4GCM"}
    heartbeat |= {"wants": {"challenges": 1, "roster": None}}
    reply = terminal.send("POST", "/v1/heartbeat", json.dumps(heartbeat).encode()).json()
    assert (reply["given"]["challenges"], reply["given"]["challenges_code"]) == ([], "challenge.limit")
    assert len(other.challenges(5)) == 5
    with server.service.database.write() as session:  # used ones and expired ones do not count
        ids = session.scalars(select(Challenge).where(Challenge.terminal == terminal.name)).all()
        ids[0].used_by, ids[1].expires_unix = "7K2M-Q4XR-09TB-HC5D", 1.0
    assert len(terminal.challenges(9)) == 2
    server.close()


def test_an_id_names_its_terminal_and_expiry_and_cannot_be_invented() -> None:
    key = Ed25519PrivateKey.generate()
    id = challenge_ids.new(key, "GZ-0001", 2_000_000_000)
    assert challenge_ids.expiry(key, "GZ-0001", id) == 2_000_000_000
    assert challenge_ids.expiry(key, "GZ-0002", id) is None
    assert challenge_ids.expiry(Ed25519PrivateKey.generate(), "GZ-0001", id) is None
    later = f"{2_000_000_001:08x}" + id[8:]
    assert challenge_ids.expiry(key, "GZ-0001", later) is None
    assert challenge_ids.expiry(key, "GZ-0001", id.upper()) is None
    assert challenge_ids.expiry(key, "GZ-0001", "ab" * 16) is None  # of an earlier release


@pytest.mark.parametrize(
    ("forgotten", "days_ago", "status"),
    [(True, 0, "ACTIVATED"), (True, 200, "REFUSED"), (False, 0, "REFUSED")],
)
def test_a_challenge_that_a_restored_database_lacks_is_taken_once(
    tmp_path, forgotten: bool, days_ago: float, status: str
) -> None:
    """`forgotten`: central issued it; else it was invented. What retention has deleted does not come back."""
    central = InProcessCentral(tmp_path)
    try:
        terminal = InProcessTerminal(central)
        expires = int(time.time() + 3600 - days_ago * 86_400)
        id = challenge_ids.new(central.service.keys.challenge, terminal.name, expires)
        id = id if forgotten else id[:-1] + ("0" if id[-1] != "0" else "1")
        receipt = terminal.activate(terminal.activation(challenge=id)).json()
        assert receipt["status"] == status
        if status == "ACTIVATED":
            second = terminal.activate(terminal.activation(challenge=id)).json()
            assert (second["status"], second["code"]) == ("REFUSED", "challenge.invalid")
        else:
            assert receipt["code"] == "challenge.invalid"
    finally:
        central.close()
