"""One connection for many calls: kept while it serves, replaced when the other end has closed it."""

from contextlib import closing

import pytest

from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import IDLE_S, HttpClient, KeptConnectionCut
from kiosk.activation.messages import PhoneCodeRequest, Sealed
from kiosk.clock import TerminalClock
from kiosk.errors import Unreachable
from kiosk.settings import load
from tests.support.activation_terminal import order
from tests.support.stub_central import StubCentral, cut


@pytest.fixture
def http(stub: StubCentral):
    with closing(HttpClient(stub.url, stub.ca, 5.0, 30.0)) as client:
        yield client


@pytest.fixture
def gateway(stub: StubCentral, http: HttpClient, enrolled):
    return Gateway(http, enrolled, TerminalClock(), heartbeat_s=30.0, simulated=True)


def port_of_call(stub: StubCentral, call) -> int:
    """The port from which central sees one call come: another connection has another."""
    ports = []

    def note_port(handler) -> None:
        ports.append(handler.client_address[1])
        handler.send(stub.answer(handler.command, handler.path, handler.headers, handler.body))

    stub.script("/v1/", note_port)
    call()
    return ports[0]


def test_calls_use_one_connection(stub, gateway):
    assert len({port_of_call(stub, gateway.heartbeat) for _ in range(4)}) == 1


def test_a_connection_that_was_idle_for_long_is_replaced_before_a_call(stub, http, gateway):
    before = port_of_call(stub, gateway.heartbeat)
    http._kept_since -= IDLE_S + 1
    assert port_of_call(stub, gateway.heartbeat) != before


def test_the_interval_of_heartbeats_keeps_it():
    assert load().central.contact_s * 1.5 < IDLE_S


@pytest.mark.parametrize("call", ["heartbeat", "look_up", "challenges"])
def test_a_call_that_met_a_closed_connection_is_made_again(stub, gateway, call):
    gateway.heartbeat()
    make = {
        "heartbeat": gateway.heartbeat,
        "look_up": lambda: gateway.look_up("A"),
        "challenges": lambda: gateway.challenges(1),
    }[call]
    stub.script("/v1/", cut)
    stub.seen.clear()
    make()
    assert len(stub.seen) == 2


def test_on_a_fresh_connection_a_fault_is_a_fault(stub, gateway):
    stub.script("/v1/heartbeat", cut)
    with pytest.raises(Unreachable) as raised:
        gateway.heartbeat()
    assert not isinstance(raised.value, KeptConnectionCut)
    assert stub.seen.count(("POST", "/v1/heartbeat")) == 1


def test_a_second_fault_is_a_fault(stub, gateway):
    gateway.heartbeat()
    stub.script("/v1/heartbeat", cut, cut)
    with pytest.raises(Unreachable):
        gateway.heartbeat()
    assert stub.seen.count(("POST", "/v1/heartbeat")) == 3


def test_what_must_not_be_done_twice_is_not_sent_again(stub, gateway):
    """A text message costs money, and disturbs somebody."""
    gateway.heartbeat()
    stub.script("/v1/phone-codes", cut)
    request = PhoneCodeRequest("7K2M-Q4XR-09TB-HC5D", "en", Sealed("k", "a", "d"))
    with pytest.raises(Unreachable):
        gateway.send_phone_code(request, 30.0)
    assert [path for _, path in stub.seen].count("/v1/phone-codes") == 1


def test_a_request_that_met_a_closed_connection_is_delivered_once(stub, terminal):
    terminal.delivery.round()
    stub.script("/v1/activations", cut)
    terminal.submission.submit(order("A"))
    terminal.until(lambda: terminal.outbox.counts().delivered == 1)
    assert stub.opened == {"A": 1}
