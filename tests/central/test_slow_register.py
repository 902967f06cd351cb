"""A register that is slow or hangs delays activations only, and its answer counts whenever it comes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import TypeVar

import pytest

from central.activation.authority import MatchResult
from central.api import dependencies
from central.credentials import lifecycle
from central.settings import Authority
from central.storage.tables import Activation
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import person

LONG_S = 60.0
T = TypeVar("T")


class SlowRegister:
    """Register that answers each question when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, MatchResult] = {}
        self._may_answer: dict[str, Event] = {}

    def slow_for(self, number: str) -> None:
        self._may_answer[number] = Event()

    def answer(self, number: str, result: MatchResult = MatchResult.MATCH) -> None:
        self.answers[number] = result
        self._may_answer[number].set()

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        self.asked.append(number)
        if number in self._may_answer:
            assert self._may_answer[number].wait(LONG_S)
        return self.answers.get(number, MatchResult.MATCH)

    def release(self) -> None:
        for event in self._may_answer.values():
            event.set()


class Central(InProcessCentral):
    """One place at the register, and terminals that wait for a moment."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, authority=Authority(calls=1, wait_s=0.1))

    def row(self, visit: str) -> Activation:
        with self.service.database.read() as session:
            return session.get_one(Activation, visit)

    def credentials(self, visit: str) -> int:
        with self.service.database.read() as session:
            return lifecycle.count(session, visit)

    def until(self, holds: Callable[[], T]) -> T:
        pause = Event()
        while not (found := holds()):
            pause.wait(0.01)
        return found


@pytest.fixture
def register() -> Iterator[SlowRegister]:
    made = SlowRegister()
    yield made
    made.release()


@pytest.fixture
def central(tmp_path: Path, register: SlowRegister, monkeypatch: pytest.MonkeyPatch) -> Iterator[Central]:
    monkeypatch.setattr(dependencies, "load_authority", lambda settings: register)
    made = Central(tmp_path)
    yield made
    register.release()
    made.service.authority_workers.close(LONG_S)
    made.close()


@pytest.fixture
def terminal(central: Central) -> InProcessTerminal:
    return InProcessTerminal(central)


def slow(register: SlowRegister) -> dict:
    who = person()
    register.slow_for(who["number"])
    return who


def test_a_late_answer_settles_the_request_once(central, terminal, register) -> None:
    who = slow(register)
    body = terminal.activation(who)
    first = terminal.activate(body).json()
    assert (first["status"], first["code"]) == ("PENDING", "authority.unavailable")
    assert first["at_unix"] < first["recheck_unix"] < first["at_unix"] + 1
    assert terminal.look_up(first["id"]).json() == first
    assert terminal.activate(body).json() == first  # a repetition waits for nobody
    assert central.service.activations.claim_due(20) == []  # the answer may come yet
    register.answer(who["number"])
    central.until(lambda: central.row(first["id"]).status != "PENDING")
    last = terminal.look_up(first["id"]).json()
    assert (last["status"], last["code"]) == ("ACTIVATED", "ok")
    assert (register.asked, central.credentials(first["id"])) == ([who["number"]], 1)


def test_others_are_served_while_the_register_is_silent(central, terminal, register) -> None:
    assert terminal.activate(terminal.activation(slow(register))).json()["status"] == "PENDING"
    assert central.client.request("GET", "/v1/health").status_code == 200
    assert terminal.send("GET", "/v1/roster").status_code == 200
    refused = terminal.activation(person())
    refused["verdicts"] = []
    assert terminal.activate(refused).json()["status"] == "REFUSED"  # no register is needed for that


def test_a_request_without_a_place_at_the_register_is_due_soon(central, terminal, register) -> None:
    who, other = slow(register), person()
    terminal.activate(terminal.activation(who))
    second = terminal.activate(terminal.activation(other)).json()
    assert (second["status"], second["code"]) == ("PENDING", "authority.unavailable")
    assert register.asked == [who["number"]]
    activations = central.service.activations
    due = central.until(lambda: activations.claim_due(20))
    activations.resume(due[0])
    assert terminal.look_up(second["id"]).json()["status"] == "ACTIVATED"
    assert central.credentials(second["id"]) == 1


def test_a_call_that_hangs_is_given_up_and_the_next_is_served(central, terminal, register) -> None:
    workers, who = central.service.authority_workers, slow(register)
    first = terminal.activate(terminal.activation(who)).json()
    workers._timeout_s = 0.0
    workers.expire()
    workers._timeout_s = LONG_S
    row = central.row(first["id"])
    assert (row.status, row.code, row.lease_unix) == ("PENDING", "authority.unavailable", 0.0)
    other = terminal.activate(terminal.activation()).json()["id"]
    central.until(lambda: central.row(other).status == "ACTIVATED")
    assert workers.counts().hung == 1
    register.answer(who["number"])
    central.until(lambda: workers.counts().returned_late_total == 1)
    assert terminal.look_up(first["id"]).json()["status"] == "ACTIVATED"
    assert central.credentials(first["id"]) == 1


@pytest.mark.parametrize(
    ("late", "status"), [(MatchResult.MISMATCH, "REFUSED"), (MatchResult.NOT_FOUND, "PENDING")]
)
def test_a_late_answer_to_a_question_that_was_given_up(central, terminal, register, late, status) -> None:
    """Only a last word counts; otherwise the plan that was made without it stands."""
    workers, who = central.service.authority_workers, slow(register)
    visit = terminal.activate(terminal.activation(who)).json()["id"]
    workers._timeout_s = 0.0
    workers.expire()
    before = central.row(visit)
    register.answer(who["number"], late)
    central.until(lambda: workers.counts().returned_late_total == 1)
    after = central.row(visit)
    assert after.status == status
    assert status == "REFUSED" or (after.code, after.absent) == (before.code, 0)


def test_what_hangs_with_its_process_is_taken_over_after_the_lease(central, terminal, register) -> None:
    who = slow(register)
    visit = terminal.activate(terminal.activation(who)).json()["id"]
    with central.service.database.write() as session:
        session.get_one(Activation, visit).lease_unix = 1.0  # long ago
    due = central.until(lambda: central.service.activations.claim_due(20))
    assert [claim.visit for claim in due] == [visit]
    assert central.row(visit).status == "PENDING"
