"""Reports to systemd: what is sent, and that one stuck thread stops the keep-alive."""

import socket
import threading

import pytest

from kiosk import events as e
from kiosk.engine import Engine
from kiosk.service_manager import STUCK_AFTER_S, KeepAlive, ServiceManager
from kiosk.visit.visit import Visit
from kiosk.worker import Worker


class Manager:
    """The receiving end of systemd."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(10)

    def receive(self):
        return self._socket.recv(4096).decode()

    def received(self):
        """Everything that has come by now."""
        messages = []
        self._socket.setblocking(False)
        try:
            while True:
                messages.append(self.receive())
        except BlockingIOError:
            return messages
        finally:
            self._socket.settimeout(10)

    def close(self):
        self._socket.close()


@pytest.fixture
def address(tmp_path):
    return str(tmp_path / "notify")


@pytest.fixture
def manager(address):
    manager = Manager(address)
    yield manager
    manager.close()


def test_messages_arrive_at_the_socket(manager, address):
    ServiceManager({"NOTIFY_SOCKET": address}).send("READY=1")
    assert manager.receive() == "READY=1"


def test_an_abstract_address_begins_with_an_at_sign(tmp_path):
    name = f"kiosk-{tmp_path}"
    manager = Manager("\0" + name)
    ServiceManager({"NOTIFY_SOCKET": "@" + name}).send("READY=1")
    assert manager.receive() == "READY=1"
    manager.close()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "\0"}])
def test_without_a_manager_nothing_happens(environment):
    ServiceManager(environment).send("READY=1")


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "60000000"}, 15.0),
        # The process that systemd watches is the compositor.
        ({"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, 15.0),
        ({"NOTIFY_SOCKET": "/run/notify"}, 0.0),
        ({"WATCHDOG_USEC": "60000000"}, 0.0),
        ({"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "often"}, 0.0),
    ],
)
def test_four_beats_in_the_watchdogs_time(environment, interval):
    assert ServiceManager(environment).interval_s == interval


def test_the_engine_that_is_stuck_stops_the_keep_alive(manager, address):
    now, entered, go_on = [0.0], threading.Event(), threading.Event()

    def stuck(*_):
        entered.set()
        go_on.wait(30)

    def no_visit() -> Visit:
        raise AssertionError

    engine = Engine(
        no_visit,
        {e.RingClerk: stuck},
        required=frozenset(),
        record=lambda *_: None,
        clock=lambda: now[0],
        clock_unix=lambda: 0.0,
    )
    keep_alive = KeepAlive(
        ServiceManager({"NOTIFY_SOCKET": address}), lambda: engine.last_turn, lambda: now[0]
    )
    keep_alive.beat()
    assert manager.received() == [], "the engine has not begun"
    worker = Worker("engine", engine.run).start()
    try:
        engine.post(e.HelpWanted())
        assert entered.wait(10)
        now[0] = STUCK_AFTER_S
        keep_alive.beat()
        assert manager.received() == ["WATCHDOG=1"], "it may wait that long"
        now[0] += 0.1
        keep_alive.beat()
        assert manager.received() == []
        go_on.set()
        for _ in range(1000):
            if engine.last_turn == now[0]:
                break
            threading.Event().wait(0.01)
        keep_alive.beat()
        assert manager.received() == ["WATCHDOG=1"]
    finally:
        go_on.set()
        worker.stop()
