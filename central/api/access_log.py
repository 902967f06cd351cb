"""Logs and counts requests, and gives each one an id that the answer and every log line carry.

The line names method, route, status, code, terminal and milliseconds; no body, query or number.
"""

import asyncio
import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central import metrics
from central.api.exception_handlers import log_bug, problem_response
from central.codes import Code
from central.exceptions import Problem
from central.logging_setup import request_id

log = logging.getLogger("central.requests")

HEADER = "Request-Id"
STOPPING_RETRY_S = 5.0
"""By then another process serves, or this one's successor."""
UNLOGGED = frozenset({"/healthz", "/readyz"})
"""Routes that are asked every few seconds for as long as the process lives."""
_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
"""W3C Trace Context, "traceparent": version, trace-id, parent-id, flags."""


class AccessLog:
    """Outermost middleware. It also turns uncaught exceptions into a 500 with a code and no foreign text.

    A request that is cancelled, because the process stops, is answered 503 with `Retry-After`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, status, id = time.perf_counter(), 0, read_id(Headers(scope=scope))
        request_id.set(id)

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = id
            await send(message)

        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, send_with_id)
        except (Exception, asyncio.CancelledError) as error:
            problem = _stopping() if isinstance(error, asyncio.CancelledError) else log_bug(error)
            state["code"] = problem.code.value
            if not status:
                await problem_response(problem)(scope, receive, send_with_id)
        _note(scope, status, time.perf_counter() - began)
        return None


def read_id(headers: Headers) -> str:
    """Return the request's id: `Request-Id`, else the trace of `traceparent`, else a new one.

    Neither header is signed: an id only says which log lines belong together.
    """
    given = headers.get(HEADER, "")
    if _ID.fullmatch(given):
        return given
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return trace[1] if trace else secrets.token_hex(16)


def _stopping() -> Problem:
    return Problem(503, Code.CENTRAL_BUSY, "this process stops", retry_after_s=STOPPING_RETRY_S)


def _note(scope: Scope, status: int, seconds: float) -> None:
    """Log and count one request."""
    state, method = scope["state"], scope["method"]
    route, code = getattr(scope.get("route"), "path", "-"), state.get("code", "-")
    known_method = method if route != "-" else "-"  # anybody may invent methods; labels must stay few
    metrics.REQUEST_SECONDS.labels(known_method, route).observe(seconds)
    metrics.REQUESTS.labels(known_method, route, status).inc()
    if status >= 400 and code != "-":
        metrics.PROBLEMS.labels(code).inc()
    fields = {
        "method": method,
        "route": route,
        "status": status,
        "code": code,
        "terminal": state.get("terminal", "-"),
        "ms": round(seconds * 1000),
    }
    level = logging.DEBUG if route in UNLOGGED else logging.INFO
    log.log(level, "%s %s %d %s %s %d ms", *fields.values(), extra={"fields": fields})
