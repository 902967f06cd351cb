"""One log line a request: method, route, status, code, terminal, milliseconds. No body, query, number."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.exception_handlers import answer, bug

log = logging.getLogger("central.requests")


class Journal:
    """Outermost. Also turns what nobody caught into a 500 with a code, so that no foreign text gets out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, status = time.perf_counter(), 0

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, note)
        except Exception as error:
            problem = bug(error)
            state["code"] = problem.code.value
            if not status:
                await answer(problem)(scope, receive, note)
        _write(scope, state, status, time.perf_counter() - began)
        return None


def _write(scope: Scope, state: dict[str, object], status: int, took_s: float) -> None:
    route = getattr(scope.get("route"), "path", "-")
    terminal, code = state.get("terminal", "-"), state.get("code", "-")
    log.info("%s %s %d %s %s %.0f ms", scope["method"], route, status, code, terminal, took_s * 1000)
