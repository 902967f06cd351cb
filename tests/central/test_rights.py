"""Owners correct their mobile number, end their credential and have their data erased, at any terminal."""

import time
from typing import Any

import pytest

from central.protocol.messages import Purpose
from central.security.personal_data import PersonalData
from tests.central.test_credentials import revoke
from tests.central.test_lifecycle import opened, wish
from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal, consent, person, verdicts

PENDING = """
[recheck]
after_in_simulation_s = [600, 600]
"""


def hashed(central: RunningCentral, who: dict[str, Any]) -> str:
    secret = (central.data / "keys" / "vault.secret").read_bytes()
    return PersonalData(secret).person(who["number"])


def activated(terminal: ProtocolTerminal, request: dict[str, Any]) -> dict[str, Any]:
    receipt = dict(terminal.activate(request).json())
    assert (receipt["status"], receipt["code"]) == ("ACTIVATED", "ok"), receipt
    return receipt


def test_a_corrected_number_keeps_serial_and_password(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    who = person()
    old = opened(terminal, who)
    before = central.rows("SELECT phone FROM credentials WHERE serial = :serial", serial=old["credential"])
    new = activated(terminal, wish(terminal, who | {"phone": "13911111111"}, "new_phone"))
    assert new["credential"] == old["credential"]
    assert (
        central.rows("SELECT phone FROM credentials WHERE serial = :serial", serial=old["credential"])
        != before
    )
    assert "手机号已更正" in central.get(f"/look-up/{new['id']}")
    assert revoke(terminal, old["credential"], new["id"], who["password"]).status_code == 200


def test_who_ends_it_may_open_another_with_a_new_number(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    who = person()
    old = opened(terminal, who)
    request = wish(terminal, who, "end")
    ended = activated(terminal, request)
    assert ended["credential"] == old["credential"]
    assert terminal.activate(request).json() == ended  # the answer was lost
    assert terminal.activate(wish(terminal, who, "end")).json()["code"] == "person.not_open"
    assert "已注销" in central.get(f"/look-up/{old['id']}")
    assert "不会再用" in central.get(f"/look-up/{ended['id']}")
    assert opened(terminal, who)["credential"] != old["credential"]


@pytest.mark.parametrize("purpose", ["end", "erase"])
def test_an_older_request_that_comes_later_opens_nothing(terminal: ProtocolTerminal, purpose: str) -> None:
    """It waited at a terminal without a line, while its owner ended everything at another."""
    who = person()
    waiting = [wish(terminal, who, late) for late in ("open", "renew", "new_password", "new_phone", "end")]
    opened(terminal, who)
    activated(terminal, wish(terminal, who, purpose))
    for late in waiting:
        receipt = terminal.activate(late).json()
        assert (receipt["status"], receipt["code"]) == ("REFUSED", "person.ended")
    assert opened(terminal, who)["credential"]  # what is asked for afterwards is another matter


@pytest.mark.parametrize("purpose", ["end", "erase"])
def test_nobody_ends_what_another_has(
    central: RunningCentral, terminal: ProtocolTerminal, purpose: str
) -> None:
    who = person()
    own = opened(terminal, who)
    terminal.activate(wish(terminal, person(), purpose))
    assert "网证已开通" in central.get(f"/look-up/{own['id']}")
    left = central.rows("SELECT person FROM credentials WHERE serial = :serial", serial=own["credential"])
    assert left == [(hashed(central, who),)]


def test_an_erasure_leaves_nothing_of_the_person(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    who = person()
    first = opened(terminal, who)
    second = activated(terminal, wish(terminal, who, "renew"))
    refused = terminal.activate(wish(terminal, who, "open")).json()
    assert refused["code"] == "person.already_open"
    request = wish(terminal, who, "erase")
    receipt = activated(terminal, request)
    assert receipt["credential"] == second["credential"]
    note = receipt["erasure"]
    assert (note["credentials"], note["requests"]) == (2, 3)
    assert note["evidence_until_unix"] > note["guard_until_unix"] > time.time() + 90 * 86_400
    assert terminal.activate(request).json() == receipt

    query = "SELECT person, guardian, phone, password FROM credentials WHERE serial IN (:first, :second)"
    serials = {"first": first["credential"], "second": second["credential"]}
    assert central.rows(query, **serials) == [("", None, b"", "")] * 2
    query = "SELECT evidence, sealed, phone, applicant, person FROM activations WHERE id IN (:a, :b, :c)"
    past = {"a": first["id"], "b": second["id"], "c": refused["id"]}
    assert central.rows(query, **past) == [("", None, None, None, None)] * 3
    own = central.rows("SELECT person, phone, applicant FROM activations WHERE id = :id", id=receipt["id"])
    assert own == [(None, None, None)]
    trace = hashed(central, who)
    assert central.rows("SELECT count(*) FROM endings WHERE person = :person", person=trace) == [(1,)]
    if not central.database_url:  # PostgreSQL overwrites rows that were changed when it vacuums the table
        files = central.data.glob("central.sqlite3*")
        assert sum(file.read_bytes().count(trace.encode()) for file in files) == 2  # that row and its index

    assert "资料已删除" in central.get(f"/look-up/{receipt['id']}")
    for visit in past.values():
        assert central.get(f"/look-up/{visit}")
    signed = central.command("privacy", "receipts")
    assert receipt["id"] in signed


def test_who_has_no_credential_any_more_can_have_the_rest_erased(terminal: ProtocolTerminal) -> None:
    who = person()
    opened(terminal, who)
    activated(terminal, wish(terminal, who, "end"))
    receipt = activated(terminal, wish(terminal, who, "erase"))
    assert receipt["credential"] is None
    assert (receipt["erasure"]["credentials"], receipt["erasure"]["requests"]) == (1, 2)
    again = activated(terminal, wish(terminal, who, "erase"))
    assert (again["erasure"]["credentials"], again["erasure"]["requests"]) == (0, 0)


def test_what_came_later_stays(terminal: ProtocolTerminal) -> None:
    """An erasure that was delayed takes nothing of what its owner opened since then."""
    who = person()
    opened(terminal, who)
    delayed = wish(terminal, who, "erase")
    activated(terminal, wish(terminal, who, "end"))
    newer = opened(terminal, who)
    assert terminal.activate(delayed).json()["code"] == "person.ended"  # the end was asked for later
    changed = activated(terminal, wish(terminal, who, "new_phone"))
    assert changed["credential"] == newer["credential"]


def test_a_request_that_waits_for_the_register_is_refused_by_the_erasure(tmp_path: Any) -> None:
    with running_central(tmp_path, settings=PENDING) as central:
        terminal = ProtocolTerminal(central)
        who = person()
        central.people({"number": who["number"], "visible_after_s": 3600.0})
        waiting = terminal.activate(wish(terminal, who, "open")).json()
        assert waiting["status"] == "PENDING"
        central.people()
        receipt = activated(terminal, wish(terminal, who, "erase"))
        assert receipt["erasure"]["requests"] == 1
        answer = terminal.look_up(waiting["id"]).json()
        assert (answer["status"], answer["code"]) == ("REFUSED", "person.ended")


@pytest.mark.parametrize("purpose", ["new_phone", "end", "erase"])
def test_no_more_is_taken_than_the_purpose_needs(terminal: ProtocolTerminal, purpose: str) -> None:
    who = person()
    opened(terminal, who)
    good = wish(terminal, who, purpose)
    more = terminal.seal(who | {"purpose": purpose}, good["id"])
    assert terminal.activate(good | {"sealed": more}).json()["code"] == "evidence.unsealable"
    for wrong in (consent(), consent(purpose=purpose, picture=True), consent("clerk", purpose=purpose)):
        refused = terminal.activate(wish(terminal, who, purpose, consent=wrong)).json()
        assert refused["code"] == "consent.unknown"
    too_little = wish(terminal, who, "open", consent=consent(purpose=purpose))
    assert terminal.activate(too_little).json()["code"] == "consent.unknown"


@pytest.mark.parametrize("purpose", [one.value for one in Purpose if not one.has_phone])
def test_a_number_that_is_not_typed_is_not_checked_and_all_else_is(
    terminal: ProtocolTerminal, purpose: str
) -> None:
    who = person()
    opened(terminal, who)
    for check in ("card", "face", "liveness", "digits", "lips", "continuity", "light"):
        lacking = wish(terminal, who, purpose, verdicts=verdicts(phone=None, **{check: None}))
        assert terminal.activate(lacking).json()["code"] == "evidence.incomplete", check
    assert terminal.activate(wish(terminal, who, purpose)).json()["code"] == "ok"
