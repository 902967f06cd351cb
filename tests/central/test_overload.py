"""More requests than central can serve: what is refused, with which answer, and what is served."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from central.activation.authority import MatchResult
from central.api import dependencies
from central.api.admission import Lanes, Work
from central.api.exception_handlers import retry_after
from central.settings import Authority, Overload, Requests
from tests.support.in_process_central import BASE_URL, Client, InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import COVERED, person

LONG_S = 60.0
FEW = Overload(activations=2, activations_waiting=1, others=2, others_waiting=1, wait_s=LONG_S)
ACTIVATION = ("POST", "/v1/activations")
HEARTBEAT = ("POST", "/v1/heartbeat")
HEALTH = ("GET", "/v1/health")


class BlockedApp:
    """Application whose requests end when the test says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun.append(scope["path"])
        await self.may_end.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_S):
        while not holds():
            await asyncio.sleep(0)


def with_client(
    play: Callable[[httpx.AsyncClient, BlockedApp], Awaitable[None]], rules: Overload = FEW
) -> None:
    """Run `play` with a client of a blocked application behind the lanes."""

    async def run() -> None:
        app = BlockedApp()
        transport = httpx.ASGITransport(Work(app, Lanes(rules)))
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            await play(client, app)

    asyncio.run(run())


def test_what_cannot_wait_is_refused_with_a_time_to_come_back():
    async def play(client: httpx.AsyncClient, app: BlockedApp) -> None:
        served = [asyncio.create_task(client.request(*HEARTBEAT)) for _ in range(3)]
        await until(lambda: len(app.begun) == 2)
        refused = await client.request(*HEARTBEAT)
        assert (refused.status_code, refused.json()["code"]) == (503, "central.busy")
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) >= 5
        app.may_end.set()
        assert [(await one).status_code for one in served] == [200, 200, 200]

    with_client(play)


def test_a_place_that_was_held_is_free_again():
    async def play(client: httpx.AsyncClient, app: BlockedApp) -> None:
        app.may_end.set()
        for _ in range(10):
            assert (await client.request(*HEARTBEAT)).status_code == 200

    with_client(play)


def test_nobody_waits_for_longer_than_a_terminal_does():
    async def play(client: httpx.AsyncClient, app: BlockedApp) -> None:
        served = asyncio.create_task(client.request(*HEARTBEAT))
        await until(lambda: len(app.begun) == 1)
        assert (await client.request(*HEARTBEAT)).status_code == 503
        app.may_end.set()
        assert (await served).status_code == 200

    with_client(play, Overload(others=1, others_waiting=9, wait_s=0.01))


def test_a_caller_who_goes_away_gives_up_the_place():
    async def play(client: httpx.AsyncClient, app: BlockedApp) -> None:
        gone = [asyncio.create_task(client.request(*HEARTBEAT)) for _ in range(3)]
        await until(lambda: len(app.begun) == 2)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        app.may_end.set()
        assert (await client.request(*HEARTBEAT)).status_code == 200

    with_client(play)


def test_activations_delay_activations_only():
    async def play(client: httpx.AsyncClient, app: BlockedApp) -> None:
        waiting = [asyncio.create_task(client.request(*ACTIVATION)) for _ in range(3)]
        await until(lambda: len(app.begun) == 2)
        assert (await client.request(*ACTIVATION)).status_code == 503
        other = asyncio.create_task(client.request(*HEARTBEAT))
        await until(lambda: "/v1/heartbeat" in app.begun)
        app.may_end.set()
        assert [(await one).status_code for one in [*waiting, other]] == [200] * 4

    with_client(play)


def test_health_is_answered_however_busy_central_is():
    async def play(client: httpx.AsyncClient, app: BlockedApp) -> None:
        served = [asyncio.create_task(client.request(*HEARTBEAT)) for _ in range(3)]
        await until(lambda: len(app.begun) == 2)
        health = asyncio.create_task(client.request(*HEALTH))
        await until(lambda: "/v1/health" in app.begun)
        app.may_end.set()
        assert [(await one).status_code for one in [*served, health]] == [200] * 4

    with_client(play)


def test_those_who_were_refused_together_do_not_come_back_together():
    waits = {retry_after(5.0) for _ in range(200)}
    assert min(waits) >= 5
    assert max(waits) <= 10
    assert len(waits) > 3
    assert {retry_after(3600.0) for _ in range(9)} == {3600}
    assert retry_after(0.0) == 1


# ── rates ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessCentral]:
    rules = Requests(
        per_s=1e-6,
        burst=4,
        strangers_per_s=1e-6,
        strangers_burst=6,
        forgeries_per_s=1e-6,
        forgeries_burst=3,
    )
    made = InProcessCentral(tmp_path / "central", rules)
    yield made
    made.close()


def forged(terminal: InProcessTerminal) -> dict[str, str]:
    """Headers of a request in the terminal's name that it has not signed."""
    real = terminal.signed("GET", "/v1/roster", b"")
    return real | {"Signature": "sig=:" + "A" * 86 + "==:"}


def test_bad_signatures_are_not_verified_for_ever(server: InProcessCentral):
    terminal = InProcessTerminal(server)
    answers = [terminal.send("GET", "/v1/roster", signed=forged(terminal)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
    assert answers[-1].json()["code"] == "central.busy"
    assert int(answers[-1].headers["retry-after"]) > 0


def test_a_stranger_elsewhere_does_not_use_up_a_terminals_rate(server: InProcessCentral):
    terminal = InProcessTerminal(server)
    elsewhere = Client(server.app, "203.0.113.9")
    for _ in range(9):
        elsewhere.request("GET", "/v1/roster", headers=forged(terminal))
    elsewhere.close()
    statuses = [terminal.send("GET", "/v1/roster").status_code for _ in range(5)]
    assert statuses == [200] * 4 + [429]


def test_a_known_terminal_is_served_beside_a_forger_at_its_address(server: InProcessCentral):
    terminal, victim = InProcessTerminal(server), InProcessTerminal(server)
    assert terminal.send("GET", "/v1/roster").status_code == 200
    for _ in range(9):
        victim.send("GET", "/v1/roster", signed=forged(victim))
    assert terminal.send("GET", "/v1/roster").status_code == 200


def test_a_clock_that_is_off_is_no_forgery(server: InProcessCentral):
    terminal = InProcessTerminal(server)
    for _ in range(5):
        late = terminal.signed("GET", "/v1/roster", b"", created=1_600_000_000, expires=1_600_000_060)
        assert terminal.send("GET", "/v1/roster", signed=late).json()["code"] == "clock.off"
    assert terminal.send("GET", "/v1/roster").status_code == 200


def test_a_body_is_not_read_of_those_who_ask_too_often(server: InProcessCentral):
    """The limit of strangers counts before a body that would be refused."""
    post = {"url": "/v1/terminals", "content": b"{" * 1000}
    statuses = [server.client.request("POST", **post).status_code for _ in range(8)]
    assert statuses == [422] * 6 + [429] * 2


# ── a register that does not answer ──────────────────────────────────────────────────────────────


def places(central: InProcessCentral) -> int:
    """How many requests are at the register or wait to be."""
    counts = central.service.authority_workers.counts()
    return counts.running + counts.queued


async def hand_in(client: httpx.AsyncClient, terminal: InProcessTerminal, body: bytes) -> httpx.Response:
    headers = {"Idempotency-Key": json.loads(body)["id"], "Audit-Head": terminal.audit_head()}
    covered = (*COVERED, *(name.lower() for name in headers))
    signed = terminal.signed("POST", "/v1/activations", body, covered, headers)
    content = {"Content-Type": "application/json"}
    return await client.post("/v1/activations", content=body, headers=content | signed)


def test_activations_that_wait_for_the_register_hold_no_thread_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """More of them wait than the pool of threads has places, which is 40."""
    may_answer = Event()

    class Register:
        def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
            assert may_answer.wait(LONG_S)
            return MatchResult.MATCH

    monkeypatch.setattr(dependencies, "load_authority", lambda settings: Register())
    patient = Authority.model_construct(calls=2, wait_s=10 * LONG_S, timeout_s=10 * LONG_S)
    central = InProcessCentral(tmp_path / "central", authority=patient)
    terminal = InProcessTerminal(central)
    bodies = [json.dumps(terminal.activation(person())).encode() for _ in range(42)]

    async def run() -> None:
        transport = httpx.ASGITransport(central.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=LONG_S) as client:
            waiting = [asyncio.create_task(hand_in(client, terminal, body)) for body in bodies]
            while places(central) < len(bodies):
                await asyncio.sleep(0.01)
            assert (await client.get("/v1/health")).status_code == 200
            roster = await client.get("/v1/roster", headers=terminal.signed("GET", "/v1/roster", b""))
            assert roster.status_code == 200
            assert not any(one.done() for one in waiting)
            may_answer.set()
            assert {(await one).status_code for one in waiting} == {200}

    asyncio.run(run())
    central.close()
