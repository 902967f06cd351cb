"""Decides, before a request costs anything, whether it is served now, later or not at all.

Two middlewares, each of one process. `Admission` works before the body is read: it refuses those who ask too
often or have sent bad signatures, and what could not even wait. `Work` lets a bounded number of requests be
in work and a bounded number wait for a bounded time; the others are answered 503. Activations have a lane of
their own: while they wait for the population register, everything else is served. Health needs no place.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from central import metrics
from central.api.exception_handlers import refuse
from central.api.middleware import MOST_NAMES, RateLimiter, network
from central.codes import Code
from central.exceptions import Problem
from central.settings import Overload, Requests

UNLIMITED = frozenset({"/v1/health", "/healthz", "/readyz", "/metrics"})
"""What tells from outside how central is: answered however busy it is."""
RETRY_S = 5.0
"""The least time that a request that was turned away is asked to wait."""
_PARTIES = frozenset({"/oidc/par", "/oidc/token"})
_PEOPLE = "/oidc/person"
"""Pages of people, and what they call: some fifty calls for one authentication; many share an address."""
_PROMPTS = re.compile(r"/oidc/person/recordings/[^/]+/prompts/")
_ACTIVATIONS = ("POST", "/v1/activations")
_KEY_ID = re.compile(r';keyid="([^"]{1,64})"')
_FORGED = frozenset({Code.REQUEST_SIGNATURE.value, Code.TERMINAL_UNKNOWN.value})


class Lane:
    """At most `in_work` requests at the same time; `waiting` may wait, each for `wait_s` at most."""

    def __init__(self, in_work: int, waiting: int, wait_s: float) -> None:
        self._slots = asyncio.Semaphore(in_work)
        self._most_waiting = waiting
        self._wait_s = wait_s
        self.waiting = 0

    @property
    def is_full(self) -> bool:
        """Whether a request that comes now could not even wait."""
        return self._slots.locked() and self.waiting >= self._most_waiting

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it. Raises Problem 503."""
        if self.is_full:
            raise busy()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._slots.acquire()
        except TimeoutError:
            raise busy() from None
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._slots.release()


class Lanes:
    """The lanes of one process."""

    def __init__(self, rules: Overload) -> None:
        self.activations = Lane(rules.activations, rules.activations_waiting, rules.wait_s)
        self.others = Lane(rules.others, rules.others_waiting, rules.wait_s)
        self.prompts = Lane(rules.prompts, 0, rules.wait_s)

    def of(self, scope: Scope) -> Lane | None:
        """Return the lane of a request; None: it needs none."""
        if scope["type"] != "http" or scope["path"] in UNLIMITED:
            return None
        if _PROMPTS.match(scope["path"]):  # most of their time they wait until the prompt is due
            return self.prompts
        return self.activations if (scope["method"], scope["path"]) == _ACTIVATIONS else self.others


class Work:
    """Middleware that gives each request a slot of its lane. Inside of the one that reads the body."""

    def __init__(self, app: ASGIApp, lanes: Lanes) -> None:
        self._app = app
        self._lanes = lanes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lane = self._lanes.of(scope)
        if lane is None:
            return await self._app(scope, receive, send)
        try:
            async with lane.slot():
                return await self._app(scope, receive, send)
        except Problem as problem:  # of the lane: those of routes have become answers
            return await _turn_away(problem, scope, receive, send)


class Admission:
    """Middleware that turns a request away before its body is read: too often, or no place to wait.

    A request names its terminal; whether it comes from there is known only once its signature has been
    verified, which costs something. A terminal that was verified from an address before is limited by its own
    rate. Others who name a terminal are limited by the bad signatures that came from their address: otherwise
    a stranger could use up a terminal's rate. A POST without a signature is limited as a stranger's; relying
    parties, which speak for many people, may send more, and so may the pages of people.
    """

    def __init__(
        self, app: ASGIApp, lanes: Lanes, terminals: RateLimiter, strangers: RateLimiter, rules: Requests
    ) -> None:
        self._app = app
        self._lanes = lanes
        self._terminals = terminals
        self._strangers = strangers
        self._parties = RateLimiter(rules.parties_per_s, rules.parties_burst)
        self._people = RateLimiter(rules.people_per_s, rules.people_burst)
        self._forgeries = RateLimiter(rules.forgeries_per_s, rules.forgeries_burst)
        self._verified: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lane = self._lanes.of(scope)
        if lane is None:
            return await self._app(scope, receive, send)
        found = _KEY_ID.search(Headers(scope=scope).get("Signature-Input", ""))
        claimed, address = found[1] if found else "", network(scope["client"][0]) if scope["client"] else "-"
        try:
            if lane.is_full:
                raise busy()
            self._limit(claimed, address, scope["method"], scope["path"])
        except Problem as problem:
            return await _turn_away(problem, scope, receive, send)
        await self._app(scope, receive, send)
        return self._learn(claimed, address, scope.get("state", {}))

    def _limit(self, claimed: str, address: str, method: str, path: str) -> None:
        now = time.monotonic()
        if (claimed, address) in self._verified:
            self._verified.move_to_end((claimed, address))
            self._terminals.spend(claimed, now)
        elif claimed:
            self._forgeries.require(address, now)
        elif path in _PARTIES:
            self._parties.spend(address, now)
        elif path.startswith(_PEOPLE):
            self._people.spend(address, now)
        elif method == "POST":
            self._strangers.spend(address, now)

    def _learn(self, claimed: str, address: str, state: dict[str, Any]) -> None:
        """Learn from the answer who sent the request. A clock that is off is no forgery."""
        now = time.monotonic()
        if claimed and state.get("terminal") == claimed:
            if (claimed, address) not in self._verified:
                self._terminals.take(claimed, now)
            self._verified[claimed, address] = None
            if len(self._verified) > MOST_NAMES:
                self._verified.popitem(last=False)
        elif claimed and state.get("code") in _FORGED:
            self._forgeries.take(address, now)


async def _turn_away(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    metrics.SHED.labels("rate" if problem.status == HTTPStatus.TOO_MANY_REQUESTS else "capacity").inc()
    await refuse(problem, scope, receive, send)


def busy() -> Problem:
    """Return the answer to a request for which there is no place."""
    return Problem(503, Code.CENTRAL_BUSY, "too much to do", retry_after_s=RETRY_S)
