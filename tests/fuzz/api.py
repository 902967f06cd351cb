"""Target `central`: the real application, called in this process, by strangers and by an enrolled terminal.

Three kinds of cases: requests that schemathesis makes from the application's own OpenAPI document, with
bodies that fit and that do not, half of them signed; good requests that were mangled and then signed; and odd
headers around a good request. Every answer has a status and a form that the document names, never a 5xx, and
repeats nothing of a refused body. There are rows of another terminal, which no caller may ever get.
"""

import json
import random
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable

from tests.fuzz.mangle import ALL, mangled
from tests.support.in_process_central import BASE_URL, InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import COVERED, READER, person, visit_number

BATCH = 5
"""Requests of schemathesis in one case: choosing a strategy takes longer than a request."""
NEVER = frozenset({"/simulation/people", "/simulation/credentials", "/simulation/messages"})
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
LEARNED = "PLANTED" + "".join(random.Random(7).choices(string.ascii_uppercase, k=12))
"""Is inserted into mangled bodies: no answer may repeat it."""


KINDS = ("activation", "activation", "challenges", "heartbeat", "enrolment", "rotation", "revoke")


@contextmanager
def target(folder: Path) -> Iterator:
    central = InProcessCentral(folder / "central")
    try:
        yield CentralFuzzer(central).run_case
    finally:
        central.close()


class CentralFuzzer:
    def __init__(self, central: InProcessCentral) -> None:
        self._central = central
        self._ours, self._others = InProcessTerminal(central), InProcessTerminal(central)
        self._victim = self._others.activate(self._others.activation(person())).json()
        assert self._victim["status"] == "ACTIVATED", self._victim
        schema = schemathesis.openapi.from_dict(central.app.openapi())
        found = (operation.ok() for operation in schema.get_all_operations())
        self._operations = [one for one in found if one.path not in NEVER]

    def run_case(self, number: int) -> str:
        rng = random.Random(number)
        if number % 8 == 0:
            return self._from_the_document(rng, number)
        return self._mangled(rng) if number % 4 < 3 else self._beside(rng)

    # ── what the OpenAPI document allows, and what it does not ───────────────────────────────────

    def _from_the_document(self, rng: random.Random, number: int) -> str:
        operation, signs = rng.choice(self._operations), rng.random() < 0.6
        mode = rng.choice(list(schemathesis.GenerationMode))
        statuses: set[int] = set()

        @seed(number)
        @settings(max_examples=BATCH, database=None, phases=[Phase.generate], deadline=None,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(operation.as_strategy(generation_mode=mode))
        def call(case: Any) -> None:
            answer = self._call(case, signs)
            case.validate_response(answer, checks=_checks())
            assert self._victim["credential"] not in answer.text
            statuses.add(answer.status_code)

        try:
            call()
        except Unsatisfiable:  # a request without content cannot be malformed
            return f"{operation.method.upper()} {operation.path} nothing to vary"
        return f"{operation.method.upper()} {operation.path} {'signed ' if signs else ''}{sorted(statuses)}"

    def _call(self, case: Any, signs: bool) -> Any:
        """Call with a signature that is made as late as possible: over the bytes that are sent."""
        asked = requests.Request(**case.as_transport_kwargs(base_url=BASE_URL)).prepare()
        body = asked.body or b""
        body = body.encode() if isinstance(body, str) else body
        if signs:
            path = asked.path_url.partition("?")[0]
            covered = COVERED + tuple(n for n in ("idempotency-key", "audit-head") if n in asked.headers)
            told = {name: asked.headers[name] for name in covered if name in asked.headers}
            query = "?" + asked.path_url.partition("?")[2]
            asked.headers.update(self._ours.signed(asked.method, path, body, covered, told, query))
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in asked.headers.items()]
        return self._central.client.request(asked.method, asked.url, content=body, headers=headers)

    # ── good requests, damaged ───────────────────────────────────────────────────────────────────

    def _mangled(self, rng: random.Random) -> str:
        method, path, body = self._good(rng)
        body = mangled(rng, body, ALL) if body else b""
        if rng.random() < 0.5:
            body = body.replace(b'"', b'"' + LEARNED.encode(), 1)
        answer = self._send(method, path, body, rng)
        return f"{path.split('/')[2]} {answer.status_code}"

    def _good(self, rng: random.Random) -> tuple[str, str, bytes]:
        ours = self._ours
        kind = rng.choice(KINDS)
        if kind == "activation":
            who = person() if rng.random() < 0.7 else _odd(rng, person())
            return "POST", "/v1/activations", json.dumps(ours.activation(who)).encode()
        if kind == "challenges":
            return "POST", "/v1/challenges", json.dumps({"count": rng.choice((1, 0, -1, 10**6))}).encode()
        if kind == "heartbeat":
            return (
                "POST",
                "/v1/heartbeat",
                b'{"versions": {"kiosk": "0.1.0"}, "waiting": 3}',
            )
        if kind == "enrolment":
            told = {"terminal": ours.name, "code": "1234", "public_key": ours.public_key}
            told |= {"reader": READER}
            return "POST", "/v1/terminals", json.dumps(told).encode()
        if kind == "rotation":
            return "POST", "/v1/terminals/rotation", json.dumps({"public_key": ours.public_key}).encode()
        told = {"id": self._victim["id"], "password": "00000000"}
        return "POST", f"/v1/credentials/{self._victim['credential']}/revoke", json.dumps(told).encode()

    def _send(self, method: str, path: str, body: bytes, rng: random.Random) -> Any:
        try:
            visit = str(json.loads(body)["id"])
            visit.encode("ascii")
        except (ValueError, KeyError, TypeError, RecursionError):
            visit = visit_number()
        headers = {}
        if path == "/v1/activations" and all(char.isprintable() for char in visit):
            headers = {"Idempotency-Key": visit, "Audit-Head": self._ours.audit_head()}
        answer = self._ours.send(method, path, body, **headers)
        _good_answer(answer)
        return answer

    # ── everything but the body ──────────────────────────────────────────────────────────────────

    def _beside(self, rng: random.Random) -> str:
        """Send odd headers, paths and other people's numbers."""
        ours, victim = self._ours, self._victim["id"]
        kind = rng.choice(("head", "number", "path", "signature", "twice", "taken"))
        if kind == "head":
            head = _text(rng, f"7:{'a' * 64}")
            # Not ours: a head that contradicts another holds the terminal.
            answer = self._others.send("POST", "/v1/heartbeat", b'{"versions":{}}', **{"Audit-Head": head})
        elif kind == "number":
            answer = ours.look_up(victim)
            assert answer.status_code == 404, answer.text
        elif kind == "path":
            other = _text(rng, victim).translate({ord("#"): None, ord("?"): None})
            answer = ours.send("GET", f"/v1/activations/{other}")
            assert answer.status_code != 200
        elif kind == "signature":
            good = ours.signed("GET", "/v1/roster", b"")
            name = rng.choice(sorted(good))
            spoilt = good | {name: _text(rng, good[name])}
            answer = ours.send("GET", "/v1/roster", b"", signed=spoilt)
            assert answer.status_code in ((200, 401) if spoilt == good else (401,)), answer.text
        elif kind == "twice":
            good = ours.signed("GET", "/v1/roster", b"")
            first, answer = (ours.send("GET", "/v1/roster", b"", signed=good) for _ in range(2))
            assert (first.status_code, answer.status_code) == (200, 401)
        else:
            mine = ours.activation(person(), id=victim)
            answer = ours.activate(mine)
            assert answer.status_code == 422, answer.text
        _good_answer(answer)
        return f"{kind} {answer.status_code}"


def _checks() -> list[Any]:
    return [check for check in schemathesis.checks.CHECKS.get_all() if check.__name__ in CHECKS]


def _good_answer(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    assert LEARNED not in answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) == {"code", "detail", "request_id"}


def _odd(rng: random.Random, who: dict[str, Any]) -> Any:
    """Return the mangled JSON of a person; its text if it is no JSON any more."""
    text = mangled(rng, json.dumps(who).encode()).decode("utf-8", "replace")[:4000]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(rng: random.Random, text: str) -> str:
    """Return mangled text, reduced to what an HTTP client lets through."""
    raw = mangled(rng, text.encode(), ALL[:7]).decode("ascii", "ignore")[:2000]
    return "".join(char for char in raw if char.isprintable()).strip() or "x"
