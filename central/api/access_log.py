"""Logs one line a request: method, route, status, code, terminal, milliseconds. No body, query or number."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.exception_handlers import log_bug, problem_response

log = logging.getLogger("central.requests")


class AccessLog:
    """Outermost middleware. It also turns uncaught exceptions into a 500 with a code and no foreign text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, status = time.perf_counter(), 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, send_noting_status)
        except Exception as error:
            problem = log_bug(error)
            state["code"] = problem.code.value
            if not status:
                await problem_response(problem)(scope, receive, send_noting_status)
        log.info(
            "%s %s %d %s %s %.0f ms",
            scope["method"],
            getattr(scope.get("route"), "path", "-"),
            status,
            state.get("code", "-"),
            state.get("terminal", "-"),
            (time.perf_counter() - began) * 1000,
        )
        return None
