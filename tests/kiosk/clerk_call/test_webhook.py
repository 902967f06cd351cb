"""The web hook against a real HTTP server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kiosk.clerk_call.webhook import WebhookCall
from kiosk.codes import Code
from kiosk.errors import DeviceError, SettingsError
from kiosk.model import ClerkCallFacts
from kiosk.settings import DriverChoice, driver_settings

FACTS = ClerkCallFacts(terminal="GZ-008", place="示例店", at_unix=1_700_000_000.0)


class Hook(BaseHTTPRequestHandler):
    """Notes what is posted and answers as its server is told to."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, self.headers["Content-Type"], json.loads(body)))
        if self.server.silent.is_set():
            self.server.closing.wait(60)
            return
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "1000000000")  # nobody waits for the rest
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.posted, server.status = [], 204
    server.silent, server.closing = threading.Event(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


def made(**options):
    choice = DriverChoice("webhook", options)
    return WebhookCall(driver_settings("clerk_call", choice, WebhookCall.Settings), None)


def url(server, path="/api/webhook/secret-word"):
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


def test_it_posts_where_and_when_and_nothing_about_a_person(hook):
    made(url=url(hook)).call(FACTS)
    assert hook.posted == [
        (
            "/api/webhook/secret-word",
            "application/json",
            {"event": "clerk_wanted", "terminal": "GZ-008", "place": "示例店", "at_unix": 1_700_000_000.0},
        )
    ]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_the_other_side_did_not_take_has_failed(hook, status):
    hook.status = status
    with pytest.raises(DeviceError) as raised:
        made(url=url(hook)).call(FACTS)
    assert raised.value.code is Code.CLERK_CALL_FAILED
    assert len(hook.posted) == 1, "no redirect is followed"
    assert "secret-word" not in str(raised.value)


def test_an_answer_that_does_not_come_is_not_waited_for(hook):
    hook.silent.set()
    with pytest.raises(DeviceError) as raised:
        made(url=url(hook), timeout_s=0.2).call(FACTS)
    assert "secret-word" not in str(raised.value)


def test_a_probe_calls_nobody(hook):
    one = made(url=url(hook))
    one.probe()
    assert hook.posted == []
    hook.shutdown()
    hook.server_close()
    for act in (one.probe, lambda: one.call(FACTS)):
        with pytest.raises(DeviceError) as raised:
            act()
        assert raised.value.code is Code.CLERK_CALL_FAILED


@pytest.mark.parametrize(
    "address",
    ["http://192.168.1.9/x", "http://10.0.0.7:8123/x", "http://bell.lan/x", "http://bell/x", "http://localhost/x",
     "http://[fd00::7]/x", "https://hooks.example.com/x"],
)  # fmt: skip
def test_addresses_that_may_be_set(address):
    made(url=address)


@pytest.mark.parametrize(
    "address", ["http://hooks.example.com/x", "http://8.8.8.8/x", "ftp://10.0.0.7/x", "", "x", "https://"]
)
def test_addresses_that_may_not_be_set(address):
    with pytest.raises(SettingsError) as raised:
        made(url=address)
    assert raised.value.code is Code.SETTINGS_BAD_VALUE


@pytest.mark.parametrize("seconds", [0, -1, 60])
def test_nobody_waits_for_ever(seconds):
    with pytest.raises(SettingsError):
        made(url="https://hooks.example.com/x", timeout_s=seconds)
