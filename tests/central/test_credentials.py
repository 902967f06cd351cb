import pytest

from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, person


def revoke(terminal: ProtocolTerminal, serial: str, visit: str, password: str):
    url = f"{terminal.central.url}/v1/credentials/{serial}/revoke"
    return terminal.session.post(url, json={"id": visit, "password": password}, timeout=10)


def test_a_revoked_credential_can_be_opened_again(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    who = person()
    receipt = terminal.activate(terminal.activation(who)).json()
    assert terminal.activate(terminal.activation(who)).json()["code"] == "person.already_open"
    first = revoke(terminal, receipt["credential"], receipt["id"], who["password"])
    assert first.status_code == 200, first.text
    assert revoke(terminal, receipt["credential"], receipt["id"], who["password"]).json() == first.json()
    assert "已注销" in central.get(f"/look-up/{receipt['id']}")
    assert terminal.activate(terminal.activation(who)).json()["status"] == "ACTIVATED"


@pytest.mark.parametrize("wrong", ["serial", "visit", "password"])
def test_every_wrong_input_gets_the_same_answer(terminal: ProtocolTerminal, wrong: str) -> None:
    receipt = terminal.activate(terminal.activation()).json()
    right = {"serial": receipt["credential"], "visit": receipt["id"], "password": "20486173"}
    other = {"serial": "0000-0000-0000", "visit": "0000-0000-0000-0000", "password": "00000000"}
    answer = revoke(terminal, **(right | {wrong: other[wrong]}))
    assert (answer.status_code, answer.json()["code"]) == (403, "password.mismatch")


def test_five_wrong_passwords_block_further_tries(terminal: ProtocolTerminal) -> None:
    receipt = terminal.activate(terminal.activation()).json()
    for _ in range(5):
        assert revoke(terminal, receipt["credential"], receipt["id"], "00000000").status_code == 403
    answer = revoke(terminal, receipt["credential"], receipt["id"], "20486173")
    assert (answer.status_code, answer.json()["code"]) == (429, "central.busy")
    assert 3000 < int(answer.headers["Retry-After"]) <= 3600
