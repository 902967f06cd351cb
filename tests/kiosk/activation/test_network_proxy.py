"""The simulated network, with real sockets; then the delivery worker over it."""

import socket
import threading
import time

import pytest
from msgspec.structs import replace

from kiosk.activation.outbox import RequestCounts
from kiosk.codes import Code
from kiosk.events import DeviceFailed, DeviceReady
from kiosk.model import Device
from kiosk.settings import load
from kiosk.simulators.network_proxy import NetworkProxy
from tests.support.activation_terminal import SETTINGS, ActivationTerminal, order


class Echo:
    """Answers every line with "got N", N being its length, and remembers what came."""

    def __init__(self) -> None:
        self.got: list[int] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                end, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(end,), daemon=True).start()

    def _answer(self, end: socket.socket) -> None:
        try:
            with end, end.makefile("rwb") as file:
                for line in file:
                    self.got.append(len(line))
                    file.write(b"got %d\n" % len(line))
                    file.flush()
        except OSError:
            pass


@pytest.fixture
def echo():
    made = Echo()
    yield made
    made.server.close()


@pytest.fixture
def proxy(echo):
    with NetworkProxy("127.0.0.1", echo.port) as made:
        yield made


def ask(end: socket.socket, size: int) -> bytes:
    end.sendall(b"x" * (size - 1) + b"\n")
    return end.recv(100)


def connect(proxy: NetworkProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=30)


def test_it_carries(proxy):
    with connect(proxy) as end:
        assert ask(end, 100_000) == b"got 100000\n"
        assert ask(end, 5) == b"got 5\n"
    assert proxy.traffic.bytes_up == 100_005
    assert proxy.traffic.bytes_down == 17


def test_down_cuts_and_refuses_and_up_carries_again(proxy):
    with connect(proxy) as end:
        ask(end, 5)
        proxy.down()
        with pytest.raises(ConnectionResetError):
            end.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    port = proxy.port
    proxy.up()
    assert proxy.port == port
    with connect(proxy) as end:
        assert ask(end, 5) == b"got 5\n"


def test_down_and_up_many_times(proxy):
    for _ in range(20):
        proxy.down()
        proxy.up()
    with connect(proxy) as end:
        assert ask(end, 5) == b"got 5\n"


def test_a_lost_answer_was_a_question_that_arrived(proxy, echo):
    proxy.lose_answer(after_bytes=4096)
    with connect(proxy) as end:
        for _ in range(10):
            assert ask(end, 1000)  # ten small questions are not a large one
        with pytest.raises(ConnectionResetError):
            ask(end, 5000)
    assert echo.got == [1000] * 10 + [5000]
    assert proxy.traffic.answers_lost == 1
    with connect(proxy) as end:
        assert ask(end, 5000) == b"got 5000\n"  # once


def test_it_hangs_and_lets_go(proxy):
    with connect(proxy) as end:
        proxy.hang()
        end.sendall(b"hello\n")
        end.settimeout(0.3)
        with pytest.raises(TimeoutError):
            end.recv(1)
        proxy.up()
        end.settimeout(30)
        assert end.recv(100) == b"got 6\n"


def test_it_delays(proxy):
    with connect(proxy) as end:
        proxy.delay(0.2)
        began = time.monotonic()
        assert ask(end, 5)
        assert time.monotonic() - began > 0.35
        proxy.up()
        took = []
        for _ in range(20):
            began = time.monotonic()
            assert ask(end, 5)
            took.append(time.monotonic() - began)
        assert min(took) < 0.2


def test_no_central_behind_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with NetworkProxy("127.0.0.1", taken.getsockname()[1]) as proxy:
            # The reset may come before `connect` has looked whether it is connected: then that raises.
            with pytest.raises(ConnectionResetError), connect(proxy) as end:
                end.recv(1)
            assert proxy.traffic.refused == 1


def test_no_thread_is_left_over(echo):
    before = threading.active_count()
    with NetworkProxy("127.0.0.1", echo.port) as proxy, connect(proxy) as end:
        ask(end, 5)
    until = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.02)
    assert threading.active_count() <= before + 1  # echo's own, until it notices


# ── the delivery worker over it ──────────────────────────────────────────────────────────────────


@pytest.fixture
def tls_proxy(stub):
    with NetworkProxy("127.0.0.1", stub.port) as made:
        yield made


@pytest.fixture
def far(stub, enrolled, tls_proxy, tmp_path):
    """The terminal, with the proxy between it and central."""
    url = f"https://127.0.0.1:{tls_proxy.port}"
    made = ActivationTerminal(tmp_path / "far.sqlite3", enrolled, url, stub.ca)
    yield made
    made.close()


def test_what_was_put_without_a_line_is_delivered_soon_after_it_returns(far, stub, tls_proxy):
    far.delivery.round()
    tls_proxy.down()
    for n in range(5):
        far.submission.submit(order(f"V{n}"), None)
    far.rounds(1.5)
    assert far.outbox.counts() == RequestCounts(waiting=5)
    assert far.told(Device.CENTRAL)[-1] == DeviceFailed(Device.CENTRAL, Code.CENTRAL_UNREACHABLE)
    tls_proxy.up()
    took = far.until(lambda: far.outbox.counts().delivered == 5)
    assert took < 2.0
    assert far.told(Device.CENTRAL)[-1] == DeviceReady(Device.CENTRAL)
    assert set(stub.opened.values()) == {1}


def test_the_return_of_the_line_ends_a_long_backoff(stub, enrolled, tls_proxy, tmp_path):
    patient = replace(SETTINGS, backoff_first_s=100.0, backoff_max_s=300.0)
    url = f"https://127.0.0.1:{tls_proxy.port}"
    far = ActivationTerminal(tmp_path / "far.sqlite3", enrolled, url, stub.ca, patient)
    far.delivery.round()
    tls_proxy.down()
    far.submission.submit(order("A"), None)
    far.delivery.round()
    assert far.outbox.due_in(time.time()) > 40.0
    tls_proxy.up()
    assert far.until(lambda: far.outbox.counts().delivered == 1) < 2.0
    far.close()


def test_the_default_settings_deliver_within_two_seconds_of_the_lines_return(
    stub, enrolled, tls_proxy, tmp_path
):
    url = f"https://127.0.0.1:{tls_proxy.port}"
    far = ActivationTerminal(tmp_path / "far.sqlite3", enrolled, url, stub.ca, load().central)
    tls_proxy.down()
    far.submission.submit(order("A"), None)
    far.rounds(4.0)
    tls_proxy.up()
    assert far.until(lambda: far.outbox.counts().delivered == 1) < 2.0
    far.close()


def test_a_lost_answer_over_tls_gives_one_credential(far, stub, tls_proxy):
    far.delivery.round()
    tls_proxy.lose_answer()
    far.submission.submit(order("A", picture=True), b"\xff" * 30_000)
    far.until(lambda: far.outbox.counts().delivered == 1)
    assert tls_proxy.traffic.answers_lost == 1
    assert stub.opened == {"A": 1}
    assert stub.seen.count(("POST", "/v1/activations")) == 1


def test_a_line_that_hangs_in_the_middle(far, stub, tls_proxy):
    far.delivery.round()
    tls_proxy.hang()
    far.submission.submit(order("A"), None)
    far.rounds(2.0)
    assert far.outbox.counts() == RequestCounts(waiting=1)
    tls_proxy.up()
    assert far.until(lambda: far.outbox.counts().delivered == 1) < 3.0
    assert stub.opened == {"A": 1}
