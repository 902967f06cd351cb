"""Thin protection: how large a request may be, and how many a terminal may send."""

import threading
from collections import OrderedDict

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.exception_handlers import answer
from central.codes import Code
from central.exceptions import Problem


class SizeLimit:
    """413 as soon as a body is too large, whether or not it said so before."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if self._announced(scope) > self._max_bytes:
            return await _refuse(scope, receive, send)
        body = await self._read(receive)
        if body is None:
            return await _refuse(scope, receive, send)
        if body[-1]["type"] == "http.disconnect":
            return None  # nobody is there to be answered
        return await self._app(scope, _replay(body, receive), send)

    def _announced(self, scope: Scope) -> int:
        length = dict(scope["headers"]).get(b"content-length", b"0")
        return int(length) if length.isdigit() else 0

    async def _read(self, receive: Receive) -> list[Message] | None:
        """The whole body, which is small; None when it is not. One that breaks off ends with a disconnect."""
        messages, size, more = [], 0, True
        while more:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > self._max_bytes:
                return None
        return messages


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def next_message() -> Message:
        for message in waiting:
            return message
        return await receive()

    return next_message


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    scope.setdefault("state", {})["code"] = Code.REQUEST_MALFORMED.value
    await answer(Problem(413, Code.REQUEST_MALFORMED, "too large"))(scope, receive, send)


class Rate:
    """A token bucket for each name: `per_s` on average, `burst` at once. In memory; a restart fills it."""

    def __init__(self, per_s: float, burst: int, names: int = 10_000) -> None:
        self._per_s = per_s
        self._burst = burst
        self._names = names
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, name: str, now: float) -> None:
        """Raises Problem 429."""
        with self._lock:
            left, since = self._buckets.pop(name, (float(self._burst), now))
            left = min(self._burst, left + (now - since) * self._per_s)
            short = 1 - left
            self._buckets[name] = (left if short > 0 else left - 1, now)
            if len(self._buckets) > self._names:
                self._buckets.popitem(last=False)
        if short > 0:
            raise Problem(429, Code.CENTRAL_BUSY, "too often", short / self._per_s)
