"""Limits the size of requests and how many of them a terminal or an address may send."""

import threading
from collections import OrderedDict

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.exception_handlers import problem_response
from central.codes import Code
from central.exceptions import Problem


class SizeLimit:
    """Middleware that answers 413 as soon as a body is too large, whether or not its length was announced."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = announced.isdigit() and int(announced) > self._max_bytes
        messages = None if too_large else await self._read_body(receive)
        if messages is None:
            scope.setdefault("state", {})["code"] = Code.REQUEST_MALFORMED.value
            response = problem_response(Problem(413, Code.REQUEST_MALFORMED, "too large"))
            return await response(scope, receive, send)
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

    The buckets are in memory, of the last `names` names; a restart fills them.
    """

    def __init__(self, per_s: float, burst: int, names: int = 10_000) -> None:
        self._per_s = per_s
        self._burst = burst
        self._names = names
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, name: str, now: float) -> None:
        """Take one token of `name`. Raises Problem 429 if there is none. `now`: seconds of any clock."""
        with self._lock:
            left, since = self._buckets.pop(name, (float(self._burst), now))
            left = min(self._burst, left + (now - since) * self._per_s)
            short = 1 - left
            self._buckets[name] = (left if short > 0 else left - 1, now)
            if len(self._buckets) > self._names:
                self._buckets.popitem(last=False)
        if short > 0:
            raise Problem(429, Code.CENTRAL_BUSY, "too often", retry_after_s=short / self._per_s)
