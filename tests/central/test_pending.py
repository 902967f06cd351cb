"""Requests that wait for the register: pauses, restarts, and the register's final answer."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from central.activation.authority import MatchResult, ask
from central.activation.recheck_policy import decide
from central.codes import Code
from central.settings import Settings
from central.storage.tables import Status
from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal, person


def test_not_visible_yet_then_activated(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    who = person()
    central.people({"number": who["number"], "visible_after_s": 1.0})
    body = json.dumps(terminal.activation(who)).encode()
    first = terminal.activate(body).json()
    assert (first["status"], first["code"]) == ("PENDING", "person.not_yet_visible")
    assert first["recheck_unix"] > time.time() - 1
    assert central.credentials(first["id"]) == 0
    last = terminal.until_settled(first["id"])
    assert (last["status"], last["code"]) == ("ACTIVATED", "ok")
    assert terminal.activate(body).json() == last
    assert central.credentials(first["id"]) == 1


def test_a_person_who_never_becomes_visible_is_refused(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    who = person()
    central.people({"number": who["number"], "answer": "not_found"})
    first = terminal.activate(terminal.activation(who)).json()
    assert first["status"] == "PENDING"
    last = terminal.until_settled(first["id"])
    assert (last["status"], last["code"], last["credential"]) == ("REFUSED", "person.not_found", None)


def test_an_unavailable_register_delays_the_activation(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    who = person()
    central.people({"number": who["number"], "unavailable_for_s": 1.0})
    first = terminal.activate(terminal.activation(who)).json()
    assert (first["status"], first["code"]) == ("PENDING", "authority.unavailable")
    assert terminal.until_settled(first["id"])["status"] == "ACTIVATED"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("mismatch", "person.mismatch"),
        ("face_mismatch", "person.face_mismatch"),
        ("no_photo", "person.no_photo"),
    ],
)
def test_refusals_of_the_register_have_their_codes(
    central: RunningCentral, terminal: ProtocolTerminal, answer: str, code: str
) -> None:
    who = person()
    central.people({"number": who["number"], "answer": answer})
    receipt = terminal.activate(terminal.activation(who)).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", code)


def test_another_name_is_a_mismatch(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    who = person()
    central.people({"number": who["number"], "name": "李四"})
    assert terminal.activate(terminal.activation(who)).json()["code"] == "person.mismatch"


def test_unlisted_people_get_the_default_answer(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    central.people(default="mismatch")
    try:
        assert terminal.activate(terminal.activation()).json()["code"] == "person.mismatch"
    finally:
        central.people()


@pytest.fixture(scope="module")
def killable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    """A server that may be killed. It finds orphans after a second."""
    quick = "[requests]\nlease_s = 1.0\n[recheck]\nafter_in_simulation_s = [1.0, 1.0, 1.0, 1.0]\n"
    with running_central(tmp_path_factory.mktemp("killable"), settings=quick) as running:
        yield running


def test_pending_requests_survive_a_kill(killable: RunningCentral) -> None:
    """PENDING before SIGKILL, ACTIVATED after the restart, without the terminal asking for it."""
    terminal, who = ProtocolTerminal(killable), person()
    killable.people({"number": who["number"], "visible_after_s": 0.5})
    first = terminal.activate(terminal.activation(who)).json()
    assert first["status"] == "PENDING"
    killable.kill()
    killable.start()
    assert terminal.until_settled(first["id"])["status"] == "ACTIVATED"
    assert killable.credentials(first["id"]) == 1


def test_a_request_cut_off_by_a_kill_is_finished_once(killable: RunningCentral) -> None:
    """The request was taken but not answered; after the restart it is finished, once, by itself."""
    terminal, who = ProtocolTerminal(killable), person()
    killable.people({"number": who["number"], "delay_s": 30})
    body = json.dumps(terminal.activation(who)).encode()
    visit = json.loads(body)["id"]
    waiting = terminal.alone()
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(terminal.activate, body)
        while waiting.look_up(visit).status_code == 404:
            assert not sending.done()
        killable.people()
        killable.kill()
        assert isinstance(sending.exception(), OSError)  # the terminal heard nothing
    killable.start()
    receipt = terminal.until_settled(visit)
    assert receipt["status"] == "ACTIVATED"
    assert terminal.activate(body).json() == receipt
    assert killable.credentials(visit) == 1


# ── the pauses alone ──────────────────────────────────────────────────────────────────────

SETTINGS = Settings(data=Path())


def test_pauses_before_a_person_is_given_up() -> None:
    now = received = 1_784_512_000.0
    absent, asked = 0, [0.0]
    while (
        decision := decide(MatchResult.NOT_FOUND, absent, received, now, SETTINGS)
    ).status is Status.PENDING:
        assert decision.recheck_unix is not None
        now, absent = decision.recheck_unix, decision.absent
        asked.append(now - received)
    assert asked == [0, 60, 360, 1560, 5160, 19560, 62760, 149160]
    assert decision.code is Code.PERSON_NOT_FOUND


def test_an_unavailable_register_uses_up_no_pause() -> None:
    decision = decide(MatchResult.UNAVAILABLE, 3, 0.0, 4000.0, SETTINGS)
    assert (decision.absent, decision.recheck_unix) == (3, 4000.0 + 3600)
    assert decide(MatchResult.UNAVAILABLE, 3, 0.0, 8 * 86400.0, SETTINGS).code is Code.AUTHORITY_UNAVAILABLE


def test_a_register_that_raises_is_unavailable() -> None:
    class Broken:
        def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
            raise RuntimeError(number)

    class Babbling:
        def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
            return "yes"  # type: ignore[return-value]

    assert ask(Broken(), "", "", None) is MatchResult.UNAVAILABLE
    assert ask(Babbling(), "", "", None) is MatchResult.UNAVAILABLE
