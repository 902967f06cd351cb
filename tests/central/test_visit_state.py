"""A clerk at any terminal looks up how a visit stands, by the number on the slip."""

import json
from pathlib import Path

from tests.central.test_credentials import revoke
from tests.central.test_lifecycle import opened, wish
from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal, person, verdicts, visit_number

UNLIMITED = "[requests]\nstrangers_burst = 2\nstrangers_per_s = 0.001\n"


def state(terminal: ProtocolTerminal, visit: str) -> dict[str, object]:
    answer = terminal.send("GET", f"/v1/visits/{visit}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_another_terminal_may_ask(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    who = person()
    first = opened(terminal, who)
    other = ProtocolTerminal(central)
    known = {"id": first["id"], "status": "ACTIVATED", "code": "ok", "purpose": "open"}
    assert state(other, first["id"]) == known | {"ended": None, "recheck_unix": None}
    second = terminal.activate(wish(terminal, who, "renew")).json()
    assert state(other, first["id"])["ended"] == "replaced"
    assert revoke(terminal, second["credential"], second["id"], who["password"]).status_code == 200
    assert state(other, second["id"])["ended"] == "revoked"


def test_it_says_how_each_visit_stands_and_never_whose_it_is(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    who = person()
    serial = opened(terminal, who)["credential"]
    refused = terminal.activate(terminal.activation(who, verdicts=verdicts(face="refuse"))).json()
    ended = terminal.activate(wish(terminal, who, "end")).json()
    erased = terminal.activate(wish(terminal, who, "erase")).json()
    shown = [state(terminal, receipt["id"]) for receipt in (refused, ended, erased)]
    assert [(one["status"], one["code"]) for one in shown] == [
        ("REFUSED", "evidence.incomplete"),
        ("ACTIVATED", "ok"),
        ("ACTIVATED", "ok"),
    ]
    # The erasure took the rest, but what was refused before its sealed part was opened: that names nobody.
    assert [one["purpose"] for one in shown] == ["open", None, "erase"]
    text = json.dumps(shown)
    for private in (who["number"], who["name"], who["phone"], serial):
        assert private not in text


def test_an_unknown_number_is_told_as_such(terminal: ProtocolTerminal) -> None:
    answer = terminal.send("GET", f"/v1/visits/{visit_number()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "request.unknown")
    assert terminal.send("GET", "/v1/visits/no-number").status_code == 422


def test_a_signature_is_needed(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    number = opened(terminal, person())["id"]
    assert terminal.session.get(f"{central.url}/v1/visits/{number}", timeout=20).status_code == 401


def test_a_terminal_cannot_try_numbers(tmp_path: Path) -> None:
    with running_central(tmp_path, settings=UNLIMITED) as central:
        terminal = ProtocolTerminal(central)
        answers = [terminal.send("GET", f"/v1/visits/{visit_number()}").status_code for _ in range(3)]
        assert answers == [404, 404, 429]
