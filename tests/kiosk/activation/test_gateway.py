"""Every way in which a call can end, over real TLS sockets."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.clock import TerminalClock
from kiosk.codes import Code
from kiosk.errors import CentralError, Unacceptable, Unreachable, Untrusted
from kiosk.model import RequestStatus
from tests.support.certificates import Certificates
from tests.support.stub_central import (
    StubCentral,
    babble,
    cut,
    drip,
    flood,
    half,
    hang,
    lost,
    problem,
    reply,
)

BODY = b'{"id": "A"}'


def gateway_to(url: str, ca: Path, who) -> Gateway:
    return Gateway(HttpClient(url, ca, connect_s=2.0, answer_s=2.0), who, TerminalClock(), heartbeat_s=2.0)


def test_activation_and_look_up(gateway, stub):
    assert gateway.look_up("A") is None
    receipt = gateway.activate("A", BODY)
    assert (receipt.id, receipt.status, receipt.credential) == ("A", RequestStatus.ACTIVATED, "C-A")
    assert gateway.look_up("A") == receipt
    assert stub.activation_bodies == [BODY]


def test_challenges(gateway, stub):
    assert len(gateway.challenges(3)) == 3


def test_a_heartbeat_measures_the_clock(stub, enrolled):
    for off_s in (0.0, 40.0):
        clock = TerminalClock(wall=lambda off_s=off_s: time.time() - off_s)
        Gateway(HttpClient(stub.url, stub.ca, 2.0, 2.0), enrolled, clock, heartbeat_s=2.0).heartbeat()
        assert clock.off_s == pytest.approx(off_s, abs=1.0)


def test_a_central_in_simulation_opens_nothing_for_a_real_terminal(gateway, stub, enrolled):
    stub.simulation = True
    with pytest.raises(Untrusted):
        gateway.heartbeat()
    wire = HttpClient(stub.url, stub.ca, 2.0, 2.0)
    Gateway(wire, enrolled, TerminalClock(), heartbeat_s=2.0, simulated=True).heartbeat()


def test_every_call_is_signed_anew(gateway, stub):
    gateway.activate("A", BODY)
    gateway.activate("A", BODY)
    assert len(stub.nonces) == 2


def test_one_connection_is_kept(gateway, stub, monkeypatch):
    connects = []
    real = socket.create_connection
    monkeypatch.setattr("urllib3.util.connection.socket.socket.connect", _counting(connects), raising=True)
    gateway.heartbeat()
    gateway.heartbeat()
    gateway.activate("A", BODY)
    assert len(connects) == 1
    assert real is socket.create_connection


def _counting(connects: list):
    real = socket.socket.connect

    def connect(self, address):
        connects.append(address)
        return real(self, address)

    return connect


@pytest.mark.parametrize(
    ("status", "code", "kind", "expected"),
    [
        (400, "request.key_missing", Unacceptable, Code.REQUEST_KEY_MISSING),
        (409, "request.in_flight", Unreachable, Code.REQUEST_IN_FLIGHT),
        (409, "something.else", Unreachable, Code.CENTRAL_INTERCEPTED),
        (413, "request.malformed", Unacceptable, Code.REQUEST_MALFORMED),
        (422, "request.key_reused", Unacceptable, Code.REQUEST_KEY_REUSED),
        (401, "request.signature", Untrusted, Code.REQUEST_SIGNATURE),
        (401, "request.replayed", Untrusted, Code.REQUEST_REPLAYED),
        (401, "terminal.unknown", Untrusted, Code.TERMINAL_UNKNOWN),
        (403, "terminal.revoked", Untrusted, Code.TERMINAL_REVOKED),
        (403, "", Unreachable, Code.CENTRAL_INTERCEPTED),
        (404, "", Unreachable, Code.CENTRAL_INTERCEPTED),
        (404, "request.unknown", Unreachable, Code.CENTRAL_FAULT),
        (408, "", Unreachable, Code.CENTRAL_BUSY),
        (429, "central.busy", Unreachable, Code.CENTRAL_BUSY),
        (503, "", Unreachable, Code.CENTRAL_BUSY),
        (500, "", Unreachable, Code.CENTRAL_FAULT),
        (502, "", Unreachable, Code.CENTRAL_FAULT),
        (302, "", Unreachable, Code.CENTRAL_INTERCEPTED),
        (201, "", Unreachable, Code.CENTRAL_INTERCEPTED),
    ],
)
def test_what_a_status_means(gateway, stub, status, code, kind, expected):
    stub.script("/v1/activations", problem(status, code))
    with pytest.raises(CentralError) as raised:
        gateway.activate("A", BODY)
    assert (type(raised.value), raised.value.code) == (kind, expected)
    # And the next call is as good as new.
    assert gateway.activate("A", BODY).status is RequestStatus.ACTIVATED


@pytest.mark.parametrize("action", [cut, lost, half, babble, hang, drip, flood])
@pytest.mark.parametrize("call", ["activate", "look_up", "challenges", "health"])
def test_a_line_that_breaks_is_unreachable_and_ends_in_time(gateway, stub, action, call):
    calls = {
        "activate": lambda: gateway.activate("A", BODY),
        "look_up": lambda: gateway.look_up("A"),
        "challenges": lambda: gateway.challenges(2),
        "health": gateway.heartbeat,
    }
    stub.script("/v1", action)
    began = time.monotonic()
    with pytest.raises(Unreachable):
        calls[call]()
    assert time.monotonic() - began < 20.0, "the stub alone would hang for 30 s"
    gateway.heartbeat()


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b'{"challenges": "x"}', b'{"challenges": [1]}', b"\xff"])
def test_challenges_that_cannot_be_read(gateway, stub, raw):
    stub.script("/v1/challenges", (200, raw))
    with pytest.raises(Unreachable) as raised:
        gateway.challenges(2)
    assert raised.value.code is Code.CENTRAL_FAULT


def test_an_answer_without_content_is_none(gateway, stub):
    stub.script("/v1/activations", (204, b""))
    with pytest.raises(Unreachable):
        gateway.activate("A", BODY)


def test_only_centrals_own_word_says_that_it_never_had_it(gateway, stub):
    stub.script("/v1/activations", (404, b"<html>not here</html>"))
    with pytest.raises(Unreachable):
        gateway.look_up("A")


def test_a_receipt_for_another_request_is_no_success(gateway, stub):
    stub.script("/v1/activations", reply(200, stub.receipt("B", "ACTIVATED", "ok")))
    with pytest.raises(Unreachable) as raised:
        gateway.activate("A", BODY)
    assert raised.value.code is Code.CENTRAL_FAULT


# ── who is at the other end ──────────────────────────────────────────────────────────────────────


def test_another_authority_is_untrusted_and_gets_nothing(stub, enrolled, tmp_path: Path):
    with StubCentral(tmp_path / "evil", Certificates(tmp_path / "evil")) as evil:
        with pytest.raises(Untrusted):
            gateway_to(evil.url, stub.ca, enrolled).activate("A", BODY)
        assert evil.seen == []


def test_another_name_is_untrusted(enrolled, tmp_path: Path):
    certificates = Certificates(tmp_path / "other", host="127.0.0.9")
    with StubCentral(tmp_path / "other", certificates) as other, pytest.raises(Untrusted):
        gateway_to(other.url, other.ca, enrolled).heartbeat()


@pytest.mark.parametrize("days", [(-30, -1), (30, 60)], ids=["expired", "not yet valid"])
def test_a_certificate_out_of_its_time_is_told_as_time(enrolled, tmp_path: Path, days):
    certificates = Certificates(tmp_path / "old", days=days)
    with StubCentral(tmp_path / "old", certificates) as old:
        with pytest.raises(Unreachable) as raised:
            gateway_to(old.url, old.ca, enrolled).heartbeat()
        assert raised.value.code is Code.CENTRAL_CERTIFICATE_DATES
        assert old.seen == []


@pytest.mark.parametrize("days", [(-30, -1), (30, 60)])
def test_anothers_certificate_out_of_its_time_is_distrusted_all_the_same(stub, enrolled, tmp_path, days):
    certificates = Certificates(tmp_path / "evil", days=days)
    with StubCentral(tmp_path / "evil", certificates) as evil, pytest.raises(Untrusted):
        gateway_to(evil.url, stub.ca, enrolled).heartbeat()


def test_no_authority_means_nobody_is_believed(stub, enrolled, tmp_path: Path):
    with pytest.raises(Untrusted):
        gateway_to(stub.url, tmp_path / "none.pem", enrolled).heartbeat()


def test_an_authority_file_without_a_certificate(stub, enrolled, tmp_path: Path):
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(CentralError):
        gateway_to(stub.url, tmp_path / "empty.pem", enrolled).heartbeat()


def test_the_environment_changes_nothing(stub, enrolled, monkeypatch, tmp_path: Path):
    evil = Certificates(tmp_path / "evil")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(evil.ca))
    gateway_to(stub.url, stub.ca, enrolled).heartbeat()


def test_redirects_are_not_followed(gateway, stub):
    def elsewhere(handler) -> None:
        handler.send_response(307)
        handler.send_header("Location", "/v1/heartbeat?again")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    stub.script("/v1/heartbeat", elsewhere)
    with pytest.raises(Unreachable):
        gateway.heartbeat()
    assert stub.seen[1:] == [("POST", "/v1/heartbeat")]


# ── no line ──────────────────────────────────────────────────────────────────────────────────────


def test_a_closed_port(stub, enrolled):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable) as raised:
            gateway_to(url, stub.ca, enrolled).heartbeat()
    assert raised.value.code is Code.CENTRAL_UNREACHABLE


def test_a_name_that_does_not_resolve(stub, enrolled):
    with pytest.raises(Unreachable):
        gateway_to("https://central.invalid", stub.ca, enrolled).heartbeat()


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x01\x00\x02\x02\x28"]
)
def test_something_that_speaks_no_tls(stub, enrolled, greeting):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            end, _ = server.accept()
            with end:
                end.recv(100)
                end.sendall(greeting)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(Unreachable):
            gateway_to(f"https://127.0.0.1:{server.getsockname()[1]}", stub.ca, enrolled).heartbeat()
        thread.join()


def test_something_that_accepts_and_says_nothing(stub, enrolled):
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            gateway_to(f"https://127.0.0.1:{server.getsockname()[1]}", stub.ca, enrolled).heartbeat()
        assert time.monotonic() - began < 20.0


def test_no_error_tells_anything_personal(gateway, stub):
    stub.script("/v1/activations", problem(422, "request.malformed", "number 990001199003070017 is odd"))
    with pytest.raises(Unacceptable) as raised:
        gateway.activate("A", json.dumps({"number": "990001199003070017"}).encode())
    assert "990001" not in str(raised.value)
