"""Only central's own words are final: whatever else answers, requests wait and are sent again."""

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.activation import answers
from kiosk.activation.http_client import HttpResponse, retry_after_s
from kiosk.activation.messages import read_receipt
from kiosk.activation.outbox import RequestCounts
from kiosk.activation.rotation import rotate
from kiosk.codes import Code
from kiosk.errors import CentralError, Unacceptable, Unreachable, Untrusted
from kiosk.events import DeviceFailed, DeviceReady, RequestWedged
from kiosk.model import Device, RequestStatus
from tests.support.activation_terminal import order
from tests.support.stub_central import StubCentral, problem

HTML = b"<html><title>Sign in to the shop's network</title></html>"
PROBLEM = "application/problem+json"
KNOWN = b'{"code": "request.malformed", "detail": ""}'
UNKNOWN = b'{"code": "something.later", "detail": ""}'
FOREIGN = {  # content type and body of what is not central's word
    "a page": ("text/html; charset=utf-8", HTML),
    "a page said to be a problem": (PROBLEM, HTML),
    "a problem said to be a page": ("text/html", KNOWN),
    "a problem said to be JSON": ("application/json", KNOWN),
    "another program's problem": (PROBLEM, b'{"type": "about:blank", "title": "Forbidden"}'),
    "a code nobody knows": (PROBLEM, UNKNOWN),
    "a problem cut short": (PROBLEM, KNOWN[:-4]),
    "another program's JSON": ("application/json", b'{"error": "denied"}'),
    "a list": (PROBLEM, b"[]"),
    "nothing": ("", b""),
}
STATUSES = (
    *(200, 201, 202, 204, 301, 302, 307, 400, 401, 402, 403, 404, 405, 407, 409, 410, 411, 413, 414, 415),
    *(418, 421, 422, 423, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 511),
)
BUSY, SERVER_ERROR = (429, 503), 500


def foreign(name: str, status: int) -> tuple:
    content_type, body = FOREIGN[name]
    return status, b"" if status == 204 else body, {"Content-Type": content_type}


@pytest.mark.parametrize("status", STATUSES)
def test_what_is_not_centrals_own_word_only_means_later(gateway, stub, status):
    for name in FOREIGN:
        stub.script("/v1/activations", foreign(name, status))
        with pytest.raises(CentralError) as raised:
            gateway.activate("A", b'{"id": "A"}')
        assert type(raised.value) is Unreachable, name
        readable = status == 200 and FOREIGN[name][0] == "application/json"
        if status in BUSY:
            expected = Code.CENTRAL_BUSY
        elif readable or status >= SERVER_ERROR:
            expected = Code.CENTRAL_FAULT
        else:
            expected = Code.CENTRAL_INTERCEPTED
        assert raised.value.code is expected, name
        stub.script("/v1/activations", foreign(name, status))
        with pytest.raises(Unreachable):
            gateway.look_up("A")


@pytest.mark.parametrize("call", ["heartbeat", "roster", "challenges"])
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_no_other_call_takes_a_page_for_an_answer_or_for_distrust(gateway, stub, call, status):
    stub.script("/v1", foreign("a page", status))
    with pytest.raises(Unreachable) as raised:
        gateway.challenges(2) if call == "challenges" else getattr(gateway, call)()
    assert raised.value.code is Code.CENTRAL_INTERCEPTED


@pytest.mark.parametrize("name", FOREIGN)
def test_a_key_is_not_exchanged_on_the_word_of_anything_else(gateway, stub, enrolled, name):
    before = enrolled.store.public()
    stub.script("/v1/terminals/rotation", foreign(name, 200))
    with pytest.raises(Unreachable):
        rotate(gateway._http, enrolled, lambda: 0.0)
    assert enrolled.store.public() == before


# ── whatever comes ───────────────────────────────────────────────────────────────────────────────

RECEIPT = {"id": "A", "status": "REFUSED", "code": "person.not_found", "at_unix": 5.0}
bodies = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([HTML, KNOWN, UNKNOWN, b"{}", b"null", json.dumps(RECEIPT).encode()]),
    st.sampled_from([json.dumps(RECEIPT | {"id": other}).encode() for other in ("B", "", "a")]),
    st.dictionaries(st.sampled_from(["code", "id", "status", "detail"]), st.text(max_size=9)).map(
        lambda made: json.dumps(made).encode()
    ),
)
types = st.one_of(
    st.sampled_from(["", "text/html", "text/plain", "application/json", PROBLEM, "application/xml"]),
    st.text(max_size=12),
)


@settings(max_examples=400)
@given(st.integers(100, 599), types, bodies)
def test_nothing_else_ever_makes_a_request_final(status, content_type, body):
    response = HttpResponse(status, body, content_type)
    raised: CentralError | None = None
    try:
        read_receipt(answers.content(response), "A")
    except CentralError as error:
        raised = error
    if raised is None:
        assert (status, content_type, json.loads(body)["id"]) == (200, "application/json", "A")
    elif isinstance(raised, Untrusted | Unacceptable):
        assert (content_type, json.loads(body)["code"]) == (PROBLEM, raised.code.value)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(sorted(FOREIGN))), min_size=1, max_size=4)
)
def test_over_the_socket_all_is_delivered_in_the_end(terminal, stub, story):
    visit = f"V{len(stub.opened)}"
    terminal.delivery._quiet_until = terminal.delivery._heartbeat_at = 0.0
    stub.script("/v1", *(foreign(name, status) for status, name in story))
    terminal.submission.submit(order(visit), None)
    terminal.until(lambda: terminal.outbox.counts().waiting == 0)
    assert stub.opened[visit] == 1
    assert not [event for event in terminal.events if isinstance(event, RequestWedged)]


# ── the story of five waiting requests ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 413, 422])
def test_a_box_in_front_sets_nothing_aside_and_starts_no_distrust(terminal, stub, status):
    terminal.delivery.round()
    visits = [f"V{n}" for n in range(5)]
    stub.script("/v1", *[foreign("a page", status)] * 7)
    for visit in visits:
        terminal.submission.submit(order(visit), None)
    terminal.until(lambda: terminal.outbox.counts().delivered == len(visits))
    assert terminal.outbox.counts() == RequestCounts(delivered=5)
    assert [receipt.status for receipt in terminal.receipts] == [RequestStatus.ACTIVATED] * 5
    assert terminal.told(Device.CENTRAL) == [
        DeviceReady(Device.CENTRAL),
        DeviceFailed(Device.CENTRAL, Code.CENTRAL_INTERCEPTED),
        DeviceReady(Device.CENTRAL),
    ]


# ── Retry-After ──────────────────────────────────────────────────────────────────────────────────

DATE = "Sun, 29 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "-7"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        ({"Retry-After": "Sun, 29 Nov 2026 08:00:40 GMT", "Date": DATE}, 40.0),
        ({"Retry-After": "Sun, 29 Nov 2026 07:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Sun, 29 Nov 2026 08:00:40 GMT"}, None),
        ({"Retry-After": "Sun, 29 Nov 2026 08:00:40 GMT", "Date": "today"}, None),
        ({"Retry-After": "Sun, 29 Nov 2026 08:00:40 GMT", "Date": "Sun, 29 Nov 2026 08:00:00"}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date_beside_the_answers_own(headers, seconds):
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize("path", ["/v1/activations", "/v1/heartbeat", "/v1/challenges"])
@pytest.mark.parametrize(
    ("status", "content_type", "asked", "least"),
    [
        (429, PROBLEM, {"Retry-After": "40"}, 40.0),
        (503, PROBLEM, {"Retry-After": "Sun, 29 Nov 2026 08:00:40 GMT", "Date": DATE}, 40.0),
        (503, "text/html", {"Retry-After": "40"}, 40.0),
        (429, PROBLEM, {"Retry-After": "999999999"}, 100.0),  # backoff_max_s
    ],
)
def test_nothing_is_sent_before_the_time_that_was_asked_for(
    terminal, stub, path, status, content_type, asked, least
):
    terminal.delivery._settings = settings_with(terminal, backoff_max_s=100.0)
    now = itertools.count(1000.0, 0.001)
    terminal.delivery._clock = lambda: next(now)
    headers = {"Content-Type": content_type} | asked
    stub.script(path, (status, problem(status, "central.busy")[1], headers))
    terminal.submission.submit(order("A"), None)
    wait = terminal.delivery.round()
    assert least - 0.1 <= wait <= least * 1.5
    assert terminal.told(Device.CENTRAL)[-1] == DeviceFailed(Device.CENTRAL, Code.CENTRAL_BUSY)
    stub.seen.clear()
    terminal.delivery.wake()
    assert terminal.delivery.round() > least - 1.0
    assert stub.seen == []
    now = itertools.count(1000.0 + 2 * least, 0.001)
    terminal.until(lambda: terminal.outbox.counts().delivered == 1)


def settings_with(terminal, **changes):
    from msgspec.structs import replace

    return replace(terminal.settings, **changes)


def test_probes_grow_up_to_the_interval_of_heartbeats_and_begin_anew(terminal, stub: StubCentral):
    terminal.delivery._random = lambda: 0.0
    stub.script("/v1/heartbeat", *[foreign("a page", 502)] * 7)
    waits = [terminal.delivery.round() for _ in range(7)]
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    terminal.delivery.round()
    stub.script("/v1/heartbeat", foreign("a page", 502))
    terminal.delivery._heartbeat_at = 0.0
    assert terminal.delivery.round() == 0.2


def test_terminals_that_came_back_together_do_not_stay_together(terminal):
    now = 1000.0
    terminal.delivery._clock = lambda: now
    shares = iter([0.0, 0.5, 1.0])
    terminal.delivery._random = lambda: next(shares)
    waits = []
    for _ in range(3):
        terminal.delivery._heartbeat()
        waits.append(terminal.delivery._heartbeat_at - now)
    assert waits == pytest.approx([5.0, 4.75, 4.5])


def test_a_busy_central_costs_no_request_and_sets_none_aside(terminal, stub: StubCentral):
    """Refusals of every kind, for a while: all is delivered, each request once."""
    headers = {"Content-Type": PROBLEM, "Retry-After": "0"}
    busy = [(status, problem(status, "central.busy")[1], headers) for status in (503, 429, 503, 429)]
    stub.script("/v1/heartbeat", *busy)
    stub.script("/v1/activations", *busy, *busy)
    stub.script("/v1/challenges", *busy)
    for visit in "ABC":
        terminal.submission.submit(order(visit), None)
    terminal.until(lambda: terminal.outbox.counts().delivered == 3, 60.0)
    assert terminal.outbox.counts().wedged == 0
    assert stub.opened == {"A": 1, "B": 1, "C": 1}


def test_a_look_up_of_a_lost_request_keeps_to_the_time_that_was_asked_for(terminal, stub: StubCentral):
    terminal.outbox.lost_ids = lambda **_: ["A"]
    stub.script("/v1/activations/A", (503, b"", {"Retry-After": "40"}))
    assert terminal.delivery.round() >= terminal.settings.backoff_max_s
    assert not terminal.delivery.connected
