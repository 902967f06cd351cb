import pytest

from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal


def test_enrolment_returns_place_and_keys(terminal: ProtocolTerminal) -> None:
    assert terminal.enrolment["terminal"] == terminal.name
    assert terminal.enrolment["place"] == "测试点"
    assert terminal.enrolment["challenge_key"]["crv"] == "Ed25519"
    assert terminal.enrolment["sealing"]["algorithm"] == "HPKE-X25519-SHA256-AES256GCM"


def test_repeated_enrolment_gets_the_same_answer(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    code = central.enrol_code(terminal.name)
    first, second = terminal.enrol(code), terminal.enrol(code)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()


def test_a_code_enrols_one_key(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    code = central.enrol_code(terminal.name)
    assert terminal.enrol(code).status_code == 201
    another = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    answer = terminal.enrol(code, public_key=another)
    assert (answer.status_code, answer.json()["code"]) == (403, "enrolment.used")
    assert terminal.challenges()  # and the first key still counts


def test_a_code_is_accepted_as_it_is_read_aloud(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    code = central.enrol_code(terminal.name)
    spoken = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert terminal.enrol(spoken).status_code == 201


@pytest.mark.parametrize("wrong", ["AAAA-AAAA-AAAA", "x"])
def test_a_wrong_code_is_refused(terminal: ProtocolTerminal, wrong: str) -> None:
    answer = terminal.enrol(wrong)
    assert (answer.status_code, answer.json()["code"]) == (403, "enrolment.refused")
    assert answer.headers["content-type"] == "application/problem+json"


def test_another_terminals_code_is_refused(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    assert terminal.enrol(central.enrol_code("T-other")).status_code == 403


def test_a_new_code_invalidates_the_earlier_one(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    old, new = central.enrol_code(terminal.name), central.enrol_code(terminal.name)
    assert terminal.enrol(old).status_code == 403
    assert terminal.enrol(new).status_code == 201


def test_a_new_enrolment_invalidates_the_old_key(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    again = ProtocolTerminal(central, terminal.name)
    assert again.challenges()
    assert terminal.send("POST", "/v1/challenges", b'{"count":1}').json()["code"] == "request.signature"
