"""A database of either kind that fails: each route answers 503 at each statement, and loses nothing."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from central.codes import Code
from central.settings import Requests
from central.storage.database import storage_problem
from tests.central.test_credentials import revoke
from tests.central.test_heartbeat import beat
from tests.central.test_readers import READER
from tests.support import terminal_keys
from tests.support.failing_database import failing_at
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import person, visit_number

Send = Callable[[], Any]
RULES = Requests(per_s=1e9, burst=10**9, strangers_per_s=1e9, strangers_burst=10**9, lease_s=0.0)
"""No lease: what a failure interrupted is taken up by the next try and not seconds later."""
PHONE = "13900000000"


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[InProcessCentral]:
    server = InProcessCentral(tmp_path / "central", RULES, database_url=database_url)
    yield server
    server.close()


@pytest.fixture
def terminal(server: InProcessCentral) -> InProcessTerminal:
    return InProcessTerminal(server)


def enrol(terminal: InProcessTerminal) -> Send:
    code = terminal.central.enrol_code(terminal.name)
    return lambda: terminal.enrol(code)


def rotate(terminal: InProcessTerminal) -> Send:
    new = terminal_keys.new_key(terminal_keys.ED25519)
    public = terminal_keys.public_jwk(new)
    proof = terminal_keys.signature(new, f"kiosk-rotate-v1|{terminal.name}|{public['x']}".encode())
    body = json.dumps({"public_key": public, "proof": terminal_keys.base64url(proof)}).encode()

    def send() -> Any:
        answer = terminal.send("POST", "/v1/terminals/rotation", body)
        if answer.status_code == 401:  # the first commit was done and its answer lost
            terminal.key = new
            answer = terminal.send("POST", "/v1/terminals/rotation", body)
        if answer.status_code == 200:
            terminal.key = new
        return answer

    return send


def replace_reader(terminal: InProcessTerminal) -> Send:
    return lambda: terminal.send("POST", "/v1/terminals/reader", json.dumps({"reader": READER}).encode())


def activate(terminal: InProcessTerminal) -> Send:
    request = terminal.activation(person())
    return lambda: terminal.activate(request)


def look_up(terminal: InProcessTerminal) -> Send:
    visit = terminal.activate(terminal.activation(person())).json()["id"]
    return lambda: terminal.look_up(visit)


def look_up_anywhere(terminal: InProcessTerminal) -> Send:
    visit = terminal.activate(terminal.activation(person())).json()["id"]
    return lambda: terminal.send("GET", f"/v1/visits/{visit}")


def end(terminal: InProcessTerminal) -> Send:
    who = person()
    receipt = terminal.activate(terminal.activation(who)).json()
    return lambda: revoke(terminal, receipt["credential"], receipt["id"], who["password"])


def ask_code(terminal: InProcessTerminal) -> Send:
    visit = visit_number()
    return lambda: terminal.ask_phone_code(visit, PHONE)


def prove_code(terminal: InProcessTerminal) -> Send:
    return lambda: terminal.prove_phone(visit_number(), PHONE, "000000")


def get(path: str) -> Callable[[InProcessTerminal], Send]:
    return lambda terminal: lambda: terminal.central.client.request("GET", path)


def signed(method: str, path: str, body: bytes = b"") -> Callable[[InProcessTerminal], Send]:
    return lambda terminal: lambda: terminal.send(method, path, body)


CALLS: dict[tuple[str, str], Callable[[InProcessTerminal], Send]] = {
    ("POST", "/v1/terminals"): enrol,
    ("POST", "/v1/terminals/rotation"): rotate,
    ("POST", "/v1/terminals/reader"): replace_reader,
    ("POST", "/v1/heartbeat"): lambda terminal: lambda: beat(terminal, terminal.audit_head()),
    ("POST", "/v1/challenges"): signed("POST", "/v1/challenges", b'{"count":2}'),
    ("GET", "/v1/roster"): signed("GET", "/v1/roster"),
    ("POST", "/v1/phone-codes"): ask_code,
    ("POST", "/v1/phone-proofs"): prove_code,
    ("POST", "/v1/activations"): activate,
    ("GET", "/v1/activations/{id}"): look_up,
    ("POST", "/v1/credentials/{serial}/revoke"): end,
    ("GET", "/v1/health"): get("/v1/health"),
    ("GET", "/v1/visits/{id}"): look_up_anywhere,
    ("GET", "/look-up"): get(f"/look-up?number={visit_number()}"),
    ("GET", "/look-up/{slip:path}"): get(f"/look-up/{visit_number()}"),
    ("GET", "/points"): get("/points"),
    ("GET", "/simulation/credentials"): get("/simulation/credentials"),
}
"""A good call of every route that uses the database; what it returns sends the same request each time."""
WITHOUT_DATABASE = {
    ("GET", "/v1/openapi.json"),
    ("HEAD", "/v1/openapi.json"),
    ("GET", "/simulation/messages"),
    ("PUT", "/simulation/people"),
    ("GET", "/healthz"),
}
READINESS = {("GET", "/readyz")}
"""Answers 503 with its checks, for programs that do not speak the protocol: see test_readiness.py."""

OWNERS = {
    ("GET", "/owner"), ("GET", "/owner/credential"), ("GET", "/owner/phone"), ("GET", "/owner/{act}"),
    ("POST", "/owner/log-in"), ("POST", "/owner/log-out"), ("POST", "/owner/download"),
    ("POST", "/owner/phone"), ("POST", "/owner/phone/code"), ("POST", "/owner/{act}"),
}  # fmt: skip
"""Pages with a session: test_owner.py tries them with a database that fails."""


def test_every_route_is_tried(server: InProcessCentral) -> None:
    found = iter_route_contexts(server.app.routes)
    routes = {(method, route.path) for route in found for method in route.methods or ()}
    assert routes == CALLS.keys() | WITHOUT_DATABASE | READINESS | OWNERS


@pytest.mark.timeout(900)  # an activation has some sixty points
@pytest.mark.parametrize("route", CALLS, ids=" ".join)
def test_a_failure_at_any_statement_is_told_as_such_and_loses_nothing(
    terminal: InProcessTerminal, route: tuple[str, str]
) -> None:
    """Each statement and both sides of each commit: 503, and the repeated request is served."""
    at, happened = 0, True
    while happened:
        send = CALLS[route](terminal)
        before = terminal.central.client.request("GET", "/simulation/credentials").json()["total"]
        with failing_at(terminal.central.service.database.engine, at) as fault:
            answer = send()
        if happened := fault.happened:
            assert_unavailable(route, answer)
            answer = send()
        assert answer.status_code in (200, 201, 404 if "look-up" in route[1] else 200), (at, answer.text)
        opened = terminal.central.client.request("GET", "/simulation/credentials").json()["total"] - before
        assert opened == (route == ("POST", "/v1/activations")), at
        at += 1
    assert at > 1, "the database was never used"


def assert_unavailable(route: tuple[str, str], answer: Any) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    if "look-up" in route[1]:
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "暂时查不到" in answer.text
    else:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "central.fault"


class Orig(Exception):
    """A driver's exception: `sqlstate` as psycopg's have it, `sqlite_errorcode` as sqlite3's."""

    def __init__(self, **values: Any) -> None:
        super().__init__()
        self.__dict__.update(values)


@pytest.mark.parametrize(
    ("kind", "values", "code"),
    [
        (OperationalError, {"sqlite_errorcode": sqlite3.SQLITE_FULL}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlite_errorcode": sqlite3.SQLITE_IOERR_FSYNC}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlite_errorcode": sqlite3.SQLITE_CANTOPEN}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlite_errorcode": sqlite3.SQLITE_BUSY_SNAPSHOT}, Code.CENTRAL_BUSY),
        (OperationalError, {"sqlstate": None}, Code.CENTRAL_FAULT),  # no connection
        (OperationalError, {"sqlstate": "08006"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "53100"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "53200"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "53300"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "57P01"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "57P02"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "57P03"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "58030"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "25006"}, Code.CENTRAL_FAULT),
        (OperationalError, {"sqlstate": "57014"}, Code.CENTRAL_BUSY),
        (OperationalError, {"sqlstate": "40P01"}, Code.CENTRAL_BUSY),
    ],
    ids=str,
)
def test_what_a_database_cannot_help_is_no_fault_of_the_program(
    kind: type[DBAPIError], values: dict[str, Any], code: Code
) -> None:
    problem = storage_problem(kind("", None, Orig(**values)))
    assert problem is not None
    assert (problem.status, problem.code) == (503, code)
    assert problem.retry_after_s


def test_a_pool_without_a_free_connection_is_busy() -> None:
    problem = storage_problem(PoolTimeout("QueuePool limit"))
    assert problem is not None
    assert (problem.status, problem.code) == (503, Code.CENTRAL_BUSY)


@pytest.mark.parametrize(
    "error",
    [
        ProgrammingError("", None, Orig(sqlstate="42P01")),
        OperationalError("", None, Orig(sqlite_errorcode=sqlite3.SQLITE_ERROR)),
        InterfaceError("", None, Orig()),
        ValueError(),
    ],
)
def test_a_mistake_of_the_program_is_no_outage(error: Exception) -> None:
    assert storage_problem(error) is None
