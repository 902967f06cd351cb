"""A new key for the terminal: wherever the power goes, it ends in one key that central knows."""

import os
import signal
import time
from pathlib import Path

import pytest

from kiosk.activation import identity
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.activation.keystore import KEY_FILE, NEXT_FILE, FileKeyStore
from kiosk.activation.rotation import rotate
from kiosk.clock import TerminalClock
from kiosk.codes import Code
from kiosk.errors import IdentityError, Unreachable, Untrusted
from tests.support.stub_central import cut, lost, problem


@pytest.fixture
def wire(stub):
    made = HttpClient(stub.url, stub.ca, connect_s=1.0, answer_s=2.0)
    yield made
    made.close()


def at_central(stub) -> bytes:
    return stub.terminals["T-1"].public_bytes_raw()


def agreed(stub, folder: Path) -> bool:
    """One key, and central knows it."""
    return not (folder / NEXT_FILE).exists() and FileKeyStore(folder).public() == at_central(stub)


def test_both_exchange_the_key(stub, enrolled, wire, tmp_path: Path):
    before = enrolled.store.public()
    assert rotate(wire, enrolled, time.time) == enrolled.store.public() != before
    assert agreed(stub, tmp_path / "identity")
    assert (tmp_path / "identity" / KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("action", [cut, lost, problem(500, "central.fault"), problem(503, "central.busy")])
def test_a_line_that_breaks_ends_well_when_it_is_repeated(stub, enrolled, wire, tmp_path: Path, action):
    stub.script("/v1/terminals/rotation", action)
    with pytest.raises(Unreachable):
        rotate(wire, enrolled, time.time)
    fresh = identity.load(tmp_path / "identity")
    rotate(wire, fresh, time.time)
    assert agreed(stub, tmp_path / "identity")


def test_a_refusal_changes_nothing(stub, enrolled, wire, tmp_path: Path):
    before = at_central(stub)
    stub.revoked.add("T-1")
    with pytest.raises(IdentityError) as raised:
        rotate(wire, enrolled, time.time)
    assert raised.value.code is Code.TERMINAL_REVOKED
    assert FileKeyStore(tmp_path / "identity").public() == before == at_central(stub)


def test_a_running_terminal_takes_the_key_that_staff_exchanged(stub, enrolled, gateway, wire, tmp_path: Path):
    gateway.heartbeat()
    rotate(wire, identity.load(tmp_path / "identity"), time.time)
    gateway.heartbeat()
    assert gateway.challenges(1)


def test_a_running_terminal_finishes_an_exchange_that_was_cut_short(stub, enrolled, gateway, wire, tmp_path):
    """Central has exchanged, the terminal has not: without this it would be locked out for good."""
    stub.script("/v1/terminals/rotation", lost)
    with pytest.raises(Unreachable):
        rotate(wire, identity.load(tmp_path / "identity"), time.time)
    assert not agreed(stub, tmp_path / "identity")
    gateway.heartbeat()
    assert agreed(stub, tmp_path / "identity")


def test_killed_at_every_write_and_message(stub, enrolled, tmp_path: Path, monkeypatch):
    """SIGKILL before and after each file operation and each contact with the line."""
    folder = tmp_path / "identity"
    killed, n = True, 0
    while killed:
        n += 1
        pid = os.fork()
        if pid == 0:
            _die_at(n)
            try:
                rotate(HttpClient(stub.url, stub.ca, 1.0, 2.0), identity.load(folder), time.time)
            finally:
                os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        line = HttpClient(stub.url, stub.ca, 1.0, 2.0)
        Gateway(line, identity.load(folder), TerminalClock(), heartbeat_s=2.0).heartbeat()
        rotate(line, identity.load(folder), time.time)
        line.close()
        assert agreed(stub, folder), n
    assert n > 15


def _die_at(n: int) -> None:
    import ssl

    count = 0

    def watched(real):
        def call(*values, **named):
            nonlocal count
            for after in (False, True):
                count += 1
                if count == n:
                    os.kill(os.getpid(), signal.SIGKILL)
                if not after:
                    done = real(*values, **named)
            return done

        return call

    for name in ("open", "fsync", "replace"):
        setattr(os, name, watched(getattr(os, name)))
    for name in ("send", "recv_into"):
        setattr(ssl.SSLSocket, name, watched(getattr(ssl.SSLSocket, name)))
    Path.replace = watched(Path.replace)


def test_a_key_that_others_may_read_signs_nothing_more(stub, enrolled, gateway, tmp_path: Path):
    gateway.heartbeat()
    (tmp_path / "identity" / KEY_FILE).chmod(0o644)
    with pytest.raises(Untrusted) as raised:
        gateway.heartbeat()
    assert raised.value.code is Code.IDENTITY_EXPOSED


def test_an_exposed_next_key_is_not_used(stub, enrolled, wire, tmp_path: Path):
    enrolled.store.make_next()
    (tmp_path / "identity" / NEXT_FILE).chmod(0o640)
    with pytest.raises(IdentityError) as raised:
        rotate(wire, enrolled, time.time)
    assert raised.value.code is Code.IDENTITY_EXPOSED
