import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from central.api.routes import credentials
from central.credentials import lifecycle
from central.security.passwords import Passwords
from tests.support.central_server import RunningCentral
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
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


def test_who_knows_only_the_serial_cannot_keep_the_owner_out(terminal: ProtocolTerminal) -> None:
    receipt = terminal.activate(terminal.activation()).json()
    other = terminal.activate(terminal.activation()).json()
    for visit in ("0000-0000-0000-0000", other["id"]):
        for _ in range(6):
            assert revoke(terminal, receipt["credential"], visit, "20486173").status_code == 403
    assert revoke(terminal, receipt["credential"], receipt["id"], "20486173").status_code == 200


def test_five_wrong_passwords_block_further_tries(terminal: ProtocolTerminal) -> None:
    receipt = terminal.activate(terminal.activation()).json()
    for _ in range(5):
        assert revoke(terminal, receipt["credential"], receipt["id"], "00000000").status_code == 403
    answer = revoke(terminal, receipt["credential"], receipt["id"], "20486173")
    assert (answer.status_code, answer.json()["code"]) == (429, "central.busy")
    assert 3000 < int(answer.headers["Retry-After"]) <= 3600


def test_the_time_of_a_refusal_does_not_tell_what_was_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right serial and number lead to a slow comparison; every refusal waits for the same moment."""
    clock, slept, comparisons = [0.0], list[float](), list[str]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    def compare(*_: object) -> bool:
        comparisons.append("slow")
        clock[0] += 0.3
        return False

    with closing(InProcessCentral(tmp_path)) as local:
        terminal = InProcessTerminal(local)
        receipt = terminal.activate(terminal.activation()).json()
        monkeypatch.setattr(credentials, "sleep", sleep)
        monkeypatch.setattr(credentials, "time", SimpleNamespace(time=time.time, monotonic=lambda: clock[0]))
        monkeypatch.setattr(Passwords, "agrees", compare)
        tries = [("0000-0000-0000", receipt["id"]), (receipt["credential"], "0000-0000-0000-0000")]
        tries += [(receipt["credential"], receipt["id"])] * (lifecycle.TRIES + 1)  # the last one: closed
        for serial, visit in tries:
            clock[0] = 0.0
            slept.clear()
            assert revoke(terminal, serial, visit, "00000000").status_code in (403, 429)
            assert clock[0] + sum(slept) == pytest.approx(0.5)
    assert len(comparisons) == lifecycle.TRIES
