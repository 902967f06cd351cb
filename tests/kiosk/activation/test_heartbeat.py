"""The signed heartbeat: what it carries, what central replies, when a revoked terminal learns of it."""

import time
from pathlib import Path

import pytest

from kiosk.activation import identity
from kiosk.activation.encoding import to_base64url
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.activation.messages import Heartbeat, SealingKey, TerminalState
from kiosk.clock import TerminalClock
from kiosk.codes import Code
from kiosk.errors import IdentityError, Unreachable, Untrusted
from kiosk.events import DeviceFailed, DeviceReady, Stored
from kiosk.model import Device
from tests.support.activation_terminal import ActivationTerminal, order
from tests.support.stub_central import StubCentral, problem


def gateway(stub: StubCentral, who, **more) -> Gateway:
    return Gateway(
        HttpClient(stub.url, stub.ca, 1.0, 1.0), who, TerminalClock(), heartbeat_s=1.0, simulated=True, **more
    )


def test_the_heartbeat_carries_versions_backlog_and_audit_head(stub, enrolled):
    heard = []
    made = gateway(
        stub,
        enrolled,
        make_heartbeat=lambda: Heartbeat(versions={"kiosk": "0.1.0"}, waiting=3, oldest_s=61.5),
        on_heartbeat_reply=heard.append,
        audit_head=lambda: f"7:{'a' * 64}",
    )
    made.heartbeat()
    assert stub.heartbeats[0] | {"sealing": ""} == {
        "versions": {"kiosk": "0.1.0"}, "waiting": 3, "oldest_s": 61.5, "sealing": "", "lost": [],
    }  # fmt: skip
    assert stub.heads == [f"7:{'a' * 64}"]
    assert heard[0].versions_known
    made.challenges(1)
    assert len(stub.heads) == 2  # with every call, not only this one


def test_an_earlier_central_gets_a_heartbeat_without_what_it_does_not_know(stub, enrolled):
    state = TerminalState(out_of_service=None, devices={"printer": "printer.lost"}, free_mb=7)
    made = gateway(stub, enrolled, make_heartbeat=lambda: Heartbeat(state=state))
    made.heartbeat()
    assert stub.heartbeats[-1]["state"]["devices"] == {"printer": "printer.lost"}
    stub.script("/v1/heartbeat", problem(422, "request.malformed"))
    made.heartbeat()
    assert "state" not in stub.heartbeats[-1]


def test_an_idle_terminal_learns_that_it_is_revoked_with_the_next_heartbeat(stub, terminal):
    terminal.rounds(0.3)
    stub.revoked.add("T-1")
    failed = DeviceFailed(Device.IDENTITY, Code.TERMINAL_REVOKED)
    terminal.until(lambda: failed in terminal.events)
    assert terminal.delivery.disowned is Code.TERMINAL_REVOKED


def test_a_terminal_that_is_taken_again_comes_back(stub, terminal):
    stub.revoked.add("T-1")
    terminal.until(lambda: terminal.delivery.disowned is not None)
    stub.revoked.clear()
    terminal.until(lambda: terminal.told(Device.IDENTITY)[-1:] == [DeviceReady(Device.IDENTITY)])
    assert terminal.delivery.disowned is None


def wrong_clock(off_s: float) -> TerminalClock:
    return TerminalClock(wall=lambda: time.time() + off_s)


DAY_S = 86_400.0


@pytest.mark.parametrize("code", ["clock.off", "request.signature"])  # central, and one of an earlier version
@pytest.mark.parametrize("off_s", [-150 * DAY_S, -7200.0, -150.0, 150.0, 3 * DAY_S])
def test_with_a_clock_that_is_off_calls_are_signed_by_centrals_and_the_difference_is_known(
    stub, enrolled, off_s, code
):
    stub.clock_code = code
    clock = wrong_clock(off_s)
    made = Gateway(HttpClient(stub.url, stub.ca, 1.0, 1.0), enrolled, clock, heartbeat_s=1.0, simulated=True)
    assert made.activate("A", b'{"id": "A"}').credential == "C-A"
    assert clock.off_s == pytest.approx(-off_s, abs=5)
    assert clock.code() is Code.CLOCK_OFF
    stub.seen.clear()
    made.heartbeat()
    made.look_up("A")
    assert [path for _, path in stub.seen] == ["/v1/heartbeat", "/v1/activations/A"], "asked once"


def test_a_signature_that_is_refused_for_no_reason_of_time_is_distrust(stub, enrolled):
    stub.script("/v1/heartbeat", problem(401, "request.signature"))
    with pytest.raises(Untrusted) as raised:
        gateway(stub, enrolled).heartbeat()
    assert raised.value.code is Code.REQUEST_SIGNATURE


def test_a_signature_refused_for_the_clock_says_so_and_starts_no_distrust(stub, enrolled):
    stub.script("/v1/heartbeat", *[problem(401, "clock.off")] * 2)
    with pytest.raises(Unreachable) as raised:
        gateway(stub, enrolled).heartbeat()
    assert raised.value.code is Code.CLOCK_OFF


def test_what_waits_is_delivered_though_the_clock_is_wrong(stub, terminal):
    terminal.submission.submit(order("A"))
    terminal.terminal_clock._wall = lambda: time.time() + 3 * DAY_S
    terminal.terminal_clock.check()
    terminal.until(lambda: stub.opened["A"] == 1)
    assert terminal.told(Device.CENTRAL) == [DeviceReady(Device.CENTRAL)]
    assert terminal.terminal_clock.check() is Code.CLOCK_OFF


@pytest.mark.parametrize("off_s", [0.0, -7200.0, 3 * DAY_S])
def test_the_visits_wrong_clock_is_measured_and_told_with_the_request(stub, enrolled, tmp_path, off_s):
    """Also after the clock was set right, and only where it matters."""
    clock = wrong_clock(off_s)
    line = ActivationTerminal(tmp_path / "t.sqlite3", enrolled, stub.url, stub.ca, terminal_clock=clock)
    line.submission.submit(order("A"))
    clock._wall = time.time
    clock.check()
    line.until(lambda: stub.opened["A"] == 1)
    line.close()
    (said,) = stub.clock_offs
    assert (None if said is None else float(said)) == (None if off_s == 0.0 else pytest.approx(-off_s, abs=5))


def test_of_a_visit_before_the_last_power_cut_nothing_is_told(stub, enrolled, tmp_path):
    line = ActivationTerminal(
        tmp_path / "t.sqlite3", enrolled, stub.url, stub.ca, terminal_clock=wrong_clock(-7200.0)
    )
    line.submission.submit(order("A"))
    line.terminal_clock._boot_name = "another start of the machine"
    line.until(lambda: stub.opened["A"] == 1)
    line.close()
    assert stub.clock_offs == [None]


# ── central's sealing key changes while requests wait ────────────────────────────────────────────


def test_a_new_sealing_key_is_used_from_the_next_visit_on_and_after_a_restart(stub, enrolled, tmp_path: Path):
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    made = gateway(
        stub, enrolled, on_heartbeat_reply=lambda greeting: enrolled.use_sealing_key(greeting.sealing)
    )
    assert enrolled.sealer.seal(b"x", "V", "T-1").key == "s1"
    stub.sealing_key, stub.sealing_id = X25519PrivateKey.generate(), "s2"
    made.heartbeat()
    assert enrolled.sealer.seal(b"x", "V", "T-1").key == "s2"
    assert identity.load(tmp_path / "identity").sealer.seal(b"x", "V", "T-1").key == "s2"


def test_a_key_that_cannot_be_used_leaves_the_one_before(stub, enrolled, tmp_path: Path):
    for key in (SealingKey("s2", "ROT13", "AAAA"), SealingKey("s2", "SM2-SM4GCM", to_base64url(b"x" * 64))):
        with pytest.raises(IdentityError):
            enrolled.use_sealing_key(key)
    assert enrolled.sealer.seal(b"x", "V", "T-1").key == "s1"
    assert identity.load(tmp_path / "identity").sealer.seal(b"x", "V", "T-1").key == "s1"


def test_the_backlog_is_counted(terminal):
    now = time.time()
    assert terminal.outbox.backlog(now).waiting == 0
    assert terminal.submission.submit(order("A")) == Stored("A")
    found = terminal.outbox.backlog(now + 100)
    assert (found.waiting, found.silent_s) == (1, None)
    assert found.oldest_s == pytest.approx(100, abs=5)
    terminal.delivery.round()
    found = terminal.outbox.backlog(time.time() + 50)
    assert (found.waiting, found.oldest_s) == (0, None)
    assert found.silent_s == pytest.approx(50, abs=5)
