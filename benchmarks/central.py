"""How many requests a second central answers, over TLS, and what one costs it."""

import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPSConnection

import msgspec
from msgspec import Struct

from benchmarks import machine
from benchmarks.bench import Bench, load
from benchmarks.customers import Sender
from benchmarks.figures import Result, Series, series
from demo.environment import Environment
from kiosk.activation.identity import Identity
from kiosk.settings import load as load_settings

CLIENTS = 4
DIGITS = msgspec.json.encode({"count": 1})
FIRST_PERSON = 0
SLOW_ON_PURPOSE = " Most of it is scrypt over the password, slow on purpose."


class Call(Struct, frozen=True):
    """One signed request, ready to be sent."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]


def run(bench: Bench) -> list[Result]:
    """Every client keeps one connection open and has signed ahead: the server is what is slow."""
    before = load()
    rounds, many, few = bench.times(5, 1), bench.times(60, 2), bench.times(15, 1)
    sender = Sender(load_settings(bench.environment.settings), bench.work / "pool.sqlite3")
    try:
        who = sender.who
        bodies = sender.requests(CLIENTS * few * rounds, FIRST_PERSON)
        health = _measured(bench.environment, rounds, lambda: _each(many, _health))
        digits = _measured(bench.environment, rounds, lambda: _each(many, lambda: _challenges(who)))
        activations = _measured(
            bench.environment, rounds, lambda: _each(few, lambda: _activation(who, bodies))
        )
    finally:
        sender.close()
    told = f"{CLIENTS} clients, {{}} requests; one process, SQLite on {machine.filesystem(bench.work)}."
    remarks = [told.format(CLIENTS * rounds * each) for each in (many, few)]
    return [
        _result("POST /v1/challenges", digits, health, remarks[0], before),
        _result("POST /v1/activations", activations, health, remarks[1] + SLOW_ON_PURPOSE, before),
    ]


def _result(
    door: str, ours: list[tuple[float, float]], health: list[tuple[float, float]], remark: str, before: float
) -> Result:
    return Result(
        name="central",
        title=f"Central answers {door}",
        ours=series(door, "requests/s", [rate for rate, _ in ours]),
        baselines=(series("GET /v1/health", "requests/s", [rate for rate, _ in health]),),
        parts=(_cost(door, ours), _cost("GET /v1/health", health)),
        remark=remark,
        load=before,
    )


def _cost(door: str, measured: list[tuple[float, float]]) -> Series:
    return series(f"central's own, {door}", "ms CPU", [milliseconds for _, milliseconds in measured])


def _measured(
    environment: Environment, rounds: int, calls: Callable[[], list[list[Call]]]
) -> list[tuple[float, float]]:
    """Requests a second, and CPU milliseconds of central for each, round by round."""
    return [_round(environment, calls()) for _ in range(rounds)]


def _round(environment: Environment, calls: list[list[Call]]) -> tuple[float, float]:
    """All clients send their calls one after the other, at the same time as each other."""
    pid = environment.central_pid
    doors = [_connected(environment) for _ in calls]
    cpu, began = machine.cpu_s(pid), time.perf_counter()
    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(_send_all, doors, calls))
    seconds, spent = time.perf_counter() - began, machine.cpu_s(pid) - cpu
    for door in doors:
        door.close()
    count = sum(map(len, calls))
    return count / seconds, 1000 * spent / count


def _send_all(door: HTTPConnection, calls: list[Call]) -> None:
    for call in calls:
        door.request(call.method, call.path, call.body or None, call.headers)
        answer = door.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"central answered {answer.status}: {body[:200]!r}")


def _connected(environment: Environment) -> HTTPConnection:
    """A connection whose handshake is over."""
    trusted = ssl.create_default_context(cafile=str(environment.folder / "central" / "keys" / "ca.pem"))
    door = HTTPSConnection("localhost", environment.port, context=trusted, timeout=30)
    door.connect()
    return door


def _each(batch: int, make: Callable[[], Call]) -> list[list[Call]]:
    return [[make() for _ in range(batch)] for _ in range(CLIENTS)]


def _health() -> Call:
    return Call("GET", "/v1/health", b"", {})


def _challenges(who: Identity) -> Call:
    return _signed(who, "POST", "/v1/challenges", DIGITS)


def _activation(who: Identity, bodies: Iterator[tuple[str, bytes]]) -> Call:
    visit, body = next(bodies)
    return _signed(who, "POST", "/v1/activations", body, {"Idempotency-Key": visit})


def _signed(who: Identity, method: str, path: str, body: bytes, more: dict[str, str] | None = None) -> Call:
    signed = who.signed_headers(method, path, body, time.time(), headers=more)
    return Call(method, path, body, {"Content-Type": "application/json"} | signed)
