"""Exactly once, over a real TLS socket against a real process."""

import base64
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, consent, person, verdicts, visit_number


def test_a_request_activates_a_credential(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    request = terminal.activation()
    receipt = terminal.activate(request).json()
    assert (receipt["status"], receipt["code"]) == ("ACTIVATED", "ok")
    assert receipt["id"] == request["id"]
    assert receipt["credential"]
    assert receipt["recheck_unix"] is None
    assert central.credentials(request["id"]) == 1


def test_the_same_bytes_get_the_same_receipt(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    body = json.dumps(terminal.activation()).encode()
    first, second = terminal.activate(body).json(), terminal.activate(body).json()
    assert first == second == terminal.look_up(first["id"]).json()
    assert central.credentials(first["id"]) == 1


def test_the_same_number_with_another_body_is_refused(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    request = terminal.activation()
    assert terminal.activate(request).json()["status"] == "ACTIVATED"
    answer = terminal.activate(json.dumps(request, indent=1).encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "request.key_reused")
    assert central.credentials(request["id"]) == 1


def test_another_terminal_learns_nothing(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    request = terminal.activation()
    assert terminal.activate(request).json()["status"] == "ACTIVATED"
    other = ProtocolTerminal(central)
    assert other.look_up(request["id"]).status_code == 404
    answer = other.activate(other.activation(id=request["id"]))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.key_reused")


def test_an_unknown_number_is_not_found(terminal: ProtocolTerminal) -> None:
    answer = terminal.look_up(visit_number())
    assert (answer.status_code, answer.json()["code"]) == (404, "request.unknown")


def test_the_idempotency_key_is_required(terminal: ProtocolTerminal) -> None:
    body = json.dumps(terminal.activation()).encode()
    answer = terminal.send("POST", "/v1/activations", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.key_missing")


def test_the_idempotency_key_must_equal_the_body_id(terminal: ProtocolTerminal) -> None:
    answer = terminal.activate(terminal.activation(), visit=visit_number())
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


def test_the_body_must_name_the_signing_terminal(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    answer = terminal.activate(terminal.activation(terminal=ProtocolTerminal(central).name))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


def test_a_repetition_waits_while_the_first_is_worked_on(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    """While the register thinks, the same request is told to wait; afterwards there is one credential."""
    slow = person()
    central.people({"number": slow["number"], "delay_s": 1.5})
    body = json.dumps(terminal.activation(slow)).encode()
    visit = json.loads(body)["id"]
    waiting = terminal.alone()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(terminal.activate, body)
        while waiting.look_up(visit).status_code == 404:
            assert not first.done()
        for answer in (waiting.activate(body), waiting.look_up(visit)):
            assert (answer.status_code, answer.json()["code"]) == (409, "request.in_flight")
    assert first.result().json()["status"] == "ACTIVATED"
    assert waiting.activate(body).json() == first.result().json()
    assert central.credentials(visit) == 1


def test_identical_concurrent_requests_make_one_credential(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    body = json.dumps(terminal.activation()).encode()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: _send_alone(terminal, body), range(16)))
    receipts = [answer.json() for answer in answers if answer.status_code == 200]
    assert receipts
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({receipt["credential"] for receipt in receipts}) == 1
    assert central.credentials(json.loads(body)["id"]) == 1


def test_concurrent_requests_of_one_person_make_one_credential(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    who = person()
    bodies = [json.dumps(terminal.activation(who)).encode() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        receipts = [a.json() for a in pool.map(lambda body: _send_alone(terminal, body), bodies)]
    assert sorted(receipt["code"] for receipt in receipts) == ["ok"] + ["person.already_open"] * 7
    assert sum(central.credentials(receipt["id"]) for receipt in receipts) == 1


def test_a_challenge_is_taken_by_one_of_two_concurrent_visits(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    challenge = terminal.challenge()
    bodies = [json.dumps(terminal.activation(challenge=challenge)).encode() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        receipts = [a.json() for a in pool.map(lambda body: _send_alone(terminal, body), bodies)]
    assert sorted(receipt["code"] for receipt in receipts) == ["challenge.invalid"] * 5 + ["ok"]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "not-a-number"},
        {"at_unix": "yesterday"},
        {"at_unix": -1},
        {"simulated": "yes"},
        {"consent": {"language": "zh-Hans", "text_sha256": "e3" * 32, "picture": 1}},
        {"consent": None},
        {"verdicts": [{"check": "soul", "answer": "pass", "code": "ok", "measured": {}, "required": {}}]},
        {"verdicts": [{"check": "face", "answer": "sure", "code": "ok", "measured": {}, "required": {}}]},
        {"verdicts": verdicts() * 26},
        {"versions": {"kiosk": 1}},
        {"versions": {"x" * 65: "1"}},
        {"sealed": {"key": "k", "algorithm": "a", "data": "not base64url!"}},
        {"surprise": 1},
        {"challenge": "\0"},
        {"challenge": "\ud800"},
        {"terminal": "\ud800"},
        {"consent": {"language": "\ud800", "text_sha256": "e3" * 32, "picture": False}},
        {"versions": {"kiosk": "\udfff"}},
        {"at_unix": 10**400},
        {"at_unix": 1, "id": "7K2M-Q4XR-09TB-HC5D\n"},
    ],
    ids=lambda body: ascii(body)[:80],  # the numbers of good verdicts differ each time
)
def test_malformed_bodies_are_refused(terminal: ProtocolTerminal, change: dict[str, Any]) -> None:
    visit = visit_number()
    body = json.dumps(terminal.activation(id=visit) | change).encode()
    answer = terminal.activate(body, visit=visit)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert terminal.look_up(visit).status_code == 404


def test_measures_may_hold_every_allowed_type(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    """Free tables may hold anything of the agreed kinds, up to their limits."""
    measured = {f"key {i}": value for i, value in enumerate([10**300, -0.0, "\0𠮷", None, True, "", 1e-300])}
    odd = [{**verdict, "measured": verdict["measured"] | measured} for verdict in verdicts()]
    request = terminal.activation(verdicts=odd, versions={"kiosk": "0.9", "model/a b": "\0" * 200})
    assert terminal.activate(request).json()["status"] == "ACTIVATED"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"id": NaN}', b"[" * 5000])
def test_invalid_json_is_refused(terminal: ProtocolTerminal, body: bytes) -> None:
    answer = terminal.activate(body, visit=visit_number())
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400"])
def test_non_finite_numbers_are_refused(terminal: ProtocolTerminal, value: str) -> None:
    request = terminal.activation()
    body = json.dumps(request).replace(str(request["at_unix"]), value).encode()
    assert terminal.activate(body, visit=request["id"]).status_code == 422


def test_a_refused_body_is_not_repeated(terminal: ProtocolTerminal) -> None:
    """What was sent may be personal, even where it should not be."""
    secret = "990001199001010013"
    request = terminal.activation() | {"surprise": secret, secret: 1, "challenge": secret * 9}
    answer = terminal.activate(request)
    assert answer.status_code == 422
    assert secret not in answer.text


@pytest.mark.parametrize("announced", [True, False], ids=["content-length", "chunked"])
def test_a_too_large_body_is_refused(terminal: ProtocolTerminal, announced: bool) -> None:
    body = b"x" * (512 * 1024 + 1)
    headers = terminal.signed("POST", "/v1/activations", body)
    data = body if announced else iter([body[: len(body) // 2], body[len(body) // 2 :]])
    url = terminal.central.url + "/v1/activations"
    answer = terminal.session.post(url, data=data, headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.malformed")


def test_the_largest_picture_fits(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    picture = base64.b64encode(secrets.token_bytes(180_000)).decode()
    sent = terminal.activation(person(picture=picture), consent=consent(picture=True))
    receipt = terminal.activate(sent).json()
    assert receipt["status"] == "ACTIVATED"


def test_unknown_paths_and_methods_are_problems(terminal: ProtocolTerminal) -> None:
    assert terminal.send("GET", "/v1/nothing").json()["code"] == "request.unknown"
    answer = terminal.send("DELETE", "/v1/activations")
    assert (answer.status_code, answer.json()["code"]) == (405, "request.malformed")


def _send_alone(terminal: ProtocolTerminal, body: bytes) -> Any:
    return terminal.alone().activate(body)
