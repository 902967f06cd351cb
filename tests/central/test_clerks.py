"""Clerks are made at central; their terminal fetches a roster that is signed for a week."""

import jwt
import pytest

from central.fleet import clerks
from central.security.keys import public_of
from central.storage.database import Database
from tests.support.protocol_terminal import ProtocolTerminal


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    """Hash PINs cheaply: 64 MiB each would make the tests slow."""
    quick = clerks.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(clerks, "HASHER", quick)


def members(central, terminal: ProtocolTerminal) -> list[dict]:
    answer = terminal.send("GET", "/v1/roster")
    assert answer.status_code == 200
    token = answer.json()["roster"]
    key = public_of(terminal.enrolment["challenge_key"]["x"])
    assert jwt.get_unverified_header(token)["typ"] == "roster+jwt"
    claims = jwt.decode(token, key, ["EdDSA"], audience=terminal.name, issuer="central")
    assert claims["exp"] - claims["iat"] == pytest.approx(7 * 86_400)
    return claims["members"]


def add_clerk(central, *arguments: str) -> tuple[str, str]:
    output = central.command("clerk", "add", *arguments).split()
    return output[1], output[3]


def test_a_new_terminal_has_an_empty_roster(central, terminal):
    assert members(central, terminal) == []


def test_the_roster_has_a_hash_and_no_pin(central, terminal):
    number, pin = add_clerk(central, terminal.name)
    (one,) = members(central, terminal)
    assert (one["number"], one["role"], one["unlocked_unix"]) == (number, "clerk", 0.0)
    assert one["pin"].startswith("$argon2id$")
    assert pin not in str(one)
    assert clerks.HASHER.verify(one["pin"], pin)


def test_clerks_are_in_the_rosters_of_their_terminals_only(central, terminal):
    other = ProtocolTerminal(central)
    number, _ = add_clerk(central, terminal.name)
    assert members(central, other) == []
    central.command("clerk", "terminals", number, other.name)
    assert members(central, terminal) == []
    assert [m["number"] for m in members(central, other)] == [number]


def test_role_disable_reset_and_unlock(central, terminal):
    number, pin = add_clerk(central, terminal.name, "--supervisor")
    central.command("clerk", "role", number, "clerk")
    assert members(central, terminal)[0]["role"] == "clerk"
    central.command("clerk", "disable", number)
    assert members(central, terminal) == []
    new = central.command("clerk", "reset-pin", number).split()[1]
    (one,) = members(central, terminal)
    assert new != pin
    assert clerks.HASHER.verify(one["pin"], new)
    assert one["unlocked_unix"] > 0
    central.command("clerk", "unlock", number)
    assert members(central, terminal)[0]["unlocked_unix"] > one["unlocked_unix"]
    assert f"{number:<8} clerk       active    {terminal.name}" in central.command("clerk", "list")


@pytest.mark.parametrize("arguments", [("add", "no-such"), ("disable", "1"), ("reset-pin", "x")])
def test_unknown_clerks_and_terminals_are_refused(central, arguments):
    with pytest.raises(AssertionError, match="not known"):
        central.command("clerk", *arguments)


def test_the_roster_needs_a_signature(central):
    assert central.get("/v1/health")["status"] == "ok"
    with pytest.raises(Exception, match="401"):
        central.get("/v1/roster")


def test_pins_are_not_easy_to_guess():
    weak = ["123456", "000000", "111222", "121212", "654321", "998997", "12345", "１２３４５６", ""]
    assert not any(map(clerks.is_good_pin, weak))
    made = {clerks.new_pin() for _ in range(200)}
    assert len(made) > 190
    assert all(map(clerks.is_good_pin, made))


def stretches(central, terminal: ProtocolTerminal, number: str):
    database = Database(central.database_url or f"sqlite:///{central.database}")
    try:
        with database.read() as session:
            return clerks.staff_periods(session, terminal.name).get(number, [])
    finally:
        database.close()


def test_past_terminals_of_a_clerk_are_stored_for_late_requests(central, terminal):
    other = ProtocolTerminal(central)
    number, _ = add_clerk(central, terminal.name)
    central.command("clerk", "terminals", number, other.name)
    (old,), (new,) = stretches(central, terminal, number), stretches(central, other, number)
    assert old.until_unix is not None
    assert old.from_unix <= old.until_unix == new.from_unix
    assert new.until_unix is None
    central.command("clerk", "terminals", number, terminal.name)
    assert [fact.until_unix is None for fact in stretches(central, terminal, number)] == [False, True]


def test_a_change_of_role_does_not_change_past_periods(central, terminal):
    number, _ = add_clerk(central, terminal.name, "--supervisor")
    central.command("clerk", "role", number, "clerk")
    before, after = stretches(central, terminal, number)
    assert (before.role, after.role) == ("supervisor", "clerk")
    assert before.until_unix == after.from_unix
    central.command("clerk", "disable", number)
    assert all(fact.until_unix is not None for fact in stretches(central, terminal, number))
