"""Limits the size and duration of requests, and how many of them a terminal or an address may send."""

import asyncio
import ipaddress
import threading
from collections import OrderedDict

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.exception_handlers import refuse
from central.codes import Code
from central.exceptions import Problem

MOST_NAMES = 50_000
"""So many names are remembered; of more, those that came last."""


class BodyLimit:
    """Middleware that reads the body: 413 as soon as it is too large, 408 if it takes longer than `within_s`.

    Its length need not be announced.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, within_s: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = announced.isdigit() and int(announced) > self._max_bytes
        try:
            async with asyncio.timeout(self._within_s):
                messages = None if too_large else await self._read_body(receive)
            problem = Problem(413, Code.REQUEST_MALFORMED, "too large")
        except TimeoutError:
            messages, problem = None, Problem(408, Code.REQUEST_MALFORMED, "too slow")
        if messages is None:
            return await refuse(problem, scope, receive, send, close=True)
        if messages[-1]["type"] == "http.disconnect":
            return None  # the caller is gone
        remaining = iter(messages)

        async def replay() -> Message:
            for message in remaining:
                return message
            return await receive()

        return await self._app(scope, replay, send)

    async def _read_body(self, receive: Receive) -> list[Message] | None:
        """Return all messages of the body; None if it is too large.

        The last message is a disconnect if the caller broke off.
        """
        messages, size, more = [], 0, True
        while more:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > self._max_bytes:
                return None
        return messages


class RateLimiter:
    """A token bucket for each name: `per_s` requests on average, `burst` at once.

    The buckets are in memory, of the last `MOST_NAMES` names; a restart fills them. Each process has its own.
    """

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, name: str, now: float) -> None:
        """Take one token of `name`. Raises Problem 429 if there is none. `now`: seconds of any clock."""
        with self._lock:
            left = self._left(name, now)
            self._store(name, left - 1 if left >= 1 else left, now)
        self._require(left)

    def require(self, name: str, now: float) -> None:
        """Raise Problem 429 if `name` has no token; take none."""
        with self._lock:
            left = self._left(name, now)
        self._require(left)

    def take(self, name: str, now: float) -> None:
        """Take one token of `name` if there is one."""
        with self._lock:
            self._store(name, max(0.0, self._left(name, now) - 1), now)

    def _left(self, name: str, now: float) -> float:
        left, since = self._buckets.get(name, (float(self._burst), now))
        return min(self._burst, left + (now - since) * self._per_s)

    def _store(self, name: str, left: float, now: float) -> None:
        self._buckets[name] = (left, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > MOST_NAMES:
            self._buckets.popitem(last=False)

    def _require(self, left: float) -> None:
        if left < 1:
            raise Problem(429, Code.CENTRAL_BUSY, "too often", retry_after_s=(1 - left) / self._per_s)


def network(host: str) -> str:
    """Return an IPv4 address as it is, and the /64 of an IPv6 address: one subscriber has all of it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))
