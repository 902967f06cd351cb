"""Hostile terminals: requests that are too large, too deep, too many, replayed, or in another's name."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.api.middleware import network
from central.settings import Requests
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import person, visit_number

BURST = 12
DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[InProcessCentral]:
    rules = Requests(per_s=0.001, burst=BURST, strangers_per_s=1e9, strangers_burst=10**9)
    server = InProcessCentral(tmp_path / "central", rules, database_url=database_url)
    yield server
    server.client.close()
    server.service.database.close()


def test_a_flooding_terminal_is_limited_and_the_others_are_served(server: InProcessCentral):
    bad, good = InProcessTerminal(server), InProcessTerminal(server)
    statuses = [bad.send("GET", "/v1/roster").status_code for _ in range(BURST + 5)]
    assert statuses == [200] * BURST + [429] * 5
    answer = bad.send("GET", "/v1/roster")
    assert int(answer.headers["retry-after"]) > 60
    assert answer.json()["code"] == "central.busy"
    assert good.send("GET", "/v1/roster").status_code == 200


@pytest.mark.parametrize("body", [DEEP, b'{"id":' + DEEP + b"}", b'{"a":' * 50_000 + b"1" + b"}" * 50_000])
@pytest.mark.parametrize("path", ["/v1/activations", "/v1/challenges", "/v1/heartbeat", "/v1/terminals"])
def test_deeply_nested_json_is_refused(server: InProcessCentral, path: str, body: bytes):
    more = {"Idempotency-Key": visit_number()} if path == "/v1/activations" else {}
    answer = InProcessTerminal(server).send("POST", path, body, **more)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "request.malformed"
    assert len(answer.content) < 1000


def test_sizes_of_body_and_path_are_limited(server: InProcessCentral):
    bad = InProcessTerminal(server)
    most = Requests().max_bytes
    assert bad.send("POST", "/v1/heartbeat", b" " * (most + 1)).status_code == 413
    assert bad.send("POST", "/v1/heartbeat", b" " * most).status_code == 422
    long = bad.send("GET", "/v1/activations/" + "A" * 60_000)
    assert long.status_code in (404, 414, 422)
    assert len(long.content) < 1000


def test_a_terminal_cannot_use_another_terminals_visit_number(server: InProcessCentral):
    good, bad = InProcessTerminal(server), InProcessTerminal(server)
    request = good.activation(person())
    assert good.activate(request).json()["status"] == "ACTIVATED"
    visit = request["id"]
    assert bad.look_up(visit).status_code == 404
    # The very bytes of the other terminal, signed by this one.
    stolen = bad.activate(json.dumps(request).encode(), visit)
    assert stolen.status_code in (403, 422)
    assert "ACTIVATED" not in stolen.text
    # A body of its own under the other's number, and with the other's digits.
    assert bad.activate(bad.activation(person(), id=visit)).status_code == 422
    digits = good.challenge()
    refused = bad.activate(bad.activation(person(), challenge=digits)).json()
    assert (refused["status"], refused["code"]) == ("REFUSED", "challenge.invalid")


def test_a_signature_is_valid_for_its_own_route_only(server: InProcessCentral):
    bad = InProcessTerminal(server)
    signed = bad.signed("GET", "/v1/roster", b"")
    for method, path in (("POST", "/v1/challenges"), ("GET", f"/v1/activations/{visit_number()}")):
        assert bad.send(method, path, signed=signed).status_code == 401
    assert bad.send("GET", "/v1/roster", signed=signed).status_code == 200
    assert bad.send("GET", "/v1/roster", signed=signed).status_code == 401


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], "2001:db8:1:2::/64"),
        (["203.0.113.7", "::ffff:203.0.113.7"], "203.0.113.7"),
        (["testclient"], "testclient"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(hosts: list[str], name: str) -> None:
    assert {network(host) for host in hosts} == {name}
