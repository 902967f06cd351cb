"""What central gives with the answer to a heartbeat: lacking challenges, and the roster if it changed."""

import time

import pytest

from kiosk.activation.delivery import ROSTER_RENEW_S
from kiosk.codes import Code
from kiosk.errors import StaffError
from tests.support.activation_terminal import ActivationTerminal
from tests.support.stub_central import StubCentral, problem


class Rosters:
    """Takes rosters as the staff's room does; `refused`: raises."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.refused = False

    def __call__(self, token: str, /, *, online: bool) -> bool:
        assert online
        if self.refused:
            raise StaffError(Code.STAFF_ROSTER_ALTERED)
        self.taken.append(token)
        return True


@pytest.fixture
def rosters(terminal: ActivationTerminal) -> Rosters:
    terminal.delivery._take_roster = rosters = Rosters()
    return rosters


@pytest.fixture(autouse=True)
def giving(stub: StubCentral) -> None:
    stub.gives, stub.roster = True, ("a" * 16, "first")


def next_heartbeat(terminal: ActivationTerminal) -> None:
    terminal.delivery.contact_now()
    terminal.delivery.round()


def test_one_call_brings_all(terminal, stub, rosters):
    stub.seen.clear()
    terminal.delivery.round()
    assert stub.seen == [("POST", "/v1/heartbeat")]
    assert terminal.pool.count(time.time()) == terminal.settings.pool_target
    assert rosters.taken == ["first"]


def test_the_next_asks_for_nothing_that_is_there(terminal, stub, rosters):
    terminal.delivery.round()
    next_heartbeat(terminal)
    assert stub.heartbeats[-1]["wants"] == {"challenges": 0, "roster": "a" * 16}
    assert rosters.taken == ["first"]


def test_what_was_used_and_what_changed_comes(terminal, stub, rosters):
    terminal.delivery.round()
    for _ in range(5):
        terminal.submission.take_challenge()
    stub.roster = ("b" * 16, "second")
    stub.seen.clear()
    next_heartbeat(terminal)
    assert stub.seen == [("POST", "/v1/heartbeat")]
    assert terminal.pool.count(time.time()) == terminal.settings.pool_target
    assert rosters.taken == ["first", "second"]


def test_a_roster_is_renewed_though_it_has_not_changed(terminal, rosters):
    """It counts from when it was issued: after days without a new one nobody could sign in."""
    now = 1000.0
    terminal.delivery._clock = lambda: now
    terminal.delivery.round()
    now += ROSTER_RENEW_S
    next_heartbeat(terminal)
    assert rosters.taken == ["first", "first"]


def test_a_roster_that_could_not_be_kept_is_asked_for_again(terminal, stub, rosters):
    rosters.refused = True
    terminal.delivery.round()
    rosters.refused = False
    next_heartbeat(terminal)
    assert stub.heartbeats[-1]["wants"]["roster"] is None
    assert rosters.taken == ["first"]


def test_a_central_of_an_earlier_version_is_asked_in_its_own_way(terminal, stub, rosters):
    stub.gives = False
    stub.script("/v1/roster", *[(200, b'{"roster": "old"}')] * 2)
    terminal.delivery.round()
    next_heartbeat(terminal)
    assert rosters.taken == ["old", "old"]
    assert terminal.pool.count(time.time()) == terminal.settings.pool_target
    assert [path for _, path in stub.seen].count("/v1/heartbeat") == 3, "tried once, then never again"


def test_a_refusal_for_another_reason_is_one(terminal, stub):
    stub.script("/v1/heartbeat", problem(409, "terminal.held"))
    terminal.delivery.round()
    assert not terminal.delivery.connected


def test_a_limit_at_central_leaves_the_terminal_connected(terminal, stub, rosters):
    stub._give = lambda wants: {"challenges": [], "challenges_code": "challenge.limit", "roster": None}
    stub.script("/v1/challenges", *[problem(409, "challenge.limit")] * 3)
    terminal.delivery.round()
    assert terminal.delivery.connected
    assert terminal.pool.count(time.time()) == 0
