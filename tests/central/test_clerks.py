"""Clerks are made at central; their terminal fetches a roster that is signed for a week."""

from contextlib import contextmanager

import jwt
import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from central.fleet import clerk_keys, clerks
from central.security.encoding import base64url
from central.security.keys import public_of
from central.storage.tables import Clerk, ClerkKey
from tests.support.protocol_terminal import ProtocolTerminal
from tests.support.review_signer import unwrapped

DOCUMENTED = clerk_keys.COST
"""Before the tests make it cheaper."""


@pytest.fixture(autouse=True)
def cheap_keys(monkeypatch):
    """Derive keys cheaply: 64 MiB each would make the tests slow."""
    monkeypatch.setattr(clerk_keys, "COST", clerk_keys.Argon2Cost(memory_kib=8, passes=1, lanes=1))


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


def opens(member: dict, pin: str) -> bool:
    try:
        key = unwrapped(member, pin)
    except InvalidTag:
        return False
    return key.public_key() == public_of(member["key"]["public"])


def test_the_roster_has_a_wrapped_key_and_no_pin(central, terminal):
    number, pin = add_clerk(central, terminal.name)
    (one,) = members(central, terminal)
    assert (one["number"], one["role"], one["unlocked_unix"]) == (number, "clerk", 0.0)
    assert pin not in str(one)
    assert opens(one, pin)
    assert not opens(one, "000000")


def test_a_wrapped_key_is_of_one_clerk(central, terminal):
    _, pin = add_clerk(central, terminal.name)
    (one,) = members(central, terminal)
    assert not opens(one | {"number": "999999"}, pin)
    assert not opens(one | {"key": one["key"] | {"public": "A" * 43}}, pin)


def test_central_stores_neither_pin_nor_private_key(central, terminal):
    number, pin = add_clerk(central, terminal.name)
    private = unwrapped(members(central, terminal)[0], pin).private_bytes_raw()
    with open_database(central) as session:
        (key,) = session.scalars(select(ClerkKey).where(ClerkKey.clerk == number))
        stored = f"{key.wrapped} {key.public_key} {vars(session.get(Clerk, number))}"
    assert pin not in stored
    assert base64url(private) not in stored
    assert private.hex() not in stored


def test_the_cost_of_a_pin_is_as_documented():
    assert clerk_keys.Argon2Cost(memory_kib=65_536, passes=2, lanes=1) == DOCUMENTED


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
    assert opens(one, new)
    assert not opens(one, pin)
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


@contextmanager
def open_database(central):
    database = central.open_database()
    try:
        with database.read() as session:
            yield session
    finally:
        database.close()


def stretches(central, terminal: ProtocolTerminal, number: str):
    with open_database(central) as session:
        return clerks.staff_periods(session, terminal.name).get(number, [])


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


def test_a_new_pin_brings_a_new_key_and_the_old_one_stays_for_its_period(central, terminal):
    number, _ = add_clerk(central, terminal.name)
    before = members(central, terminal)[0]["key"]["public"]
    central.command("clerk", "reset-pin", number)
    after = members(central, terminal)[0]["key"]["public"]
    old, new = stretches(central, terminal, number)
    assert (old.public_key, new.public_key) == (before, after)
    assert old.until_unix == new.from_unix
    assert new.until_unix is None
    with open_database(central) as session:
        assert session.get(ClerkKey, before).wrapped == "", "nothing needs the old private key any more"


def test_while_a_clerk_was_disabled_no_key_was_valid(central, terminal):
    number, _ = add_clerk(central, terminal.name)
    central.command("clerk", "disable", number)
    central.command("clerk", "reset-pin", number)
    before, after = stretches(central, terminal, number)
    assert before.until_unix < after.from_unix


def test_a_clerk_from_before_keys_is_on_no_roster_until_a_pin_is_made(central, terminal):
    database = central.open_database()
    with database.write() as session:
        session.add(Clerk(number="100001", role="clerk", added_unix=0.0))
        session.flush()
        clerks.assign(session, "100001", [terminal.name], 0.0)
    database.close()
    assert members(central, terminal) == []
    assert "100001   clerk       no PIN" in central.command("clerk", "list")
    pin = central.command("clerk", "reset-pin", "100001").split()[1]
    assert opens(members(central, terminal)[0], pin)
