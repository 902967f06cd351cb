"""Turns exceptions into responses: `application/problem+json` {code, detail} (RFC 9457)."""

import logging
import math
import traceback
from http import HTTPStatus
from random import uniform

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from central.authentication.codes import CaptureCode, CaptureRefused
from central.authentication.provider import RequestOver
from central.codes import Code
from central.exceptions import Problem
from central.logging_setup import request_id
from central.storage.database import storage_problem

log = logging.getLogger(__name__)

_EXACT_S = 60.0


def problem_response(problem: Problem) -> JSONResponse:
    """Return the response for `problem`, with `Retry-After` or `WWW-Authenticate` where they belong."""
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(retry_after(problem.retry_after_s))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Signature"
    body = {"code": problem.code.value, "detail": problem.detail, "request_id": request_id.get()}
    return JSONResponse(body, problem.status, headers, media_type="application/problem+json")


def retry_after(least_s: float) -> int:
    """Return whole seconds for `Retry-After`: between `least_s` and twice as much.

    Those who are refused together must not come back together. A minute or more is not changed: that is the
    wait of one caller.
    """
    jitter = uniform(1, 2) if least_s < _EXACT_S else 1.0  # noqa: S311 - no secret
    return max(1, math.ceil(least_s * jitter))


async def refuse(
    problem: Problem, scope: Scope, receive: Receive, send: Send, *, close: bool = False
) -> None:
    """Answer from a middleware. `close`: the connection too, for the rest of the request would still come."""
    scope.setdefault("state", {})["code"] = problem.code.value
    response = problem_response(problem)
    if close:
        response.headers["Connection"] = "close"
    await response(scope, receive, send)


def install(app: FastAPI) -> None:
    """Give every refusal of `app` a code; for unexpected exceptions see `central.api.access_log`."""
    app.add_exception_handler(Problem, handle_problem)
    app.add_exception_handler(CaptureRefused, handle_capture_refused)
    app.add_exception_handler(RequestOver, handle_request_over)
    app.add_exception_handler(RequestValidationError, handle_validation_error)
    app.add_exception_handler(HTTPException, handle_http_exception)


def handle_problem(request: Request, error: Exception) -> JSONResponse:
    """Answer with the problem, and leave its code for the access log."""
    assert isinstance(error, Problem)  # registered for this type only
    request.state.code = error.code.value
    return problem_response(error)


def handle_capture_refused(request: Request, error: Exception) -> JSONResponse:
    """Answer a call of the authentication page that cannot be carried out."""
    assert isinstance(error, CaptureRefused)
    return _page_problem(request, error.code, error.status)


def handle_request_over(request: Request, error: Exception) -> JSONResponse:
    """Answer a call of the authentication page whose session has ended, or that has none."""
    return _page_problem(request, CaptureCode.OVER, 410)


def _page_problem(request: Request, code: CaptureCode, status: int) -> JSONResponse:
    request.state.code = code.value
    body = {"code": code.value, "detail": "", "request_id": request_id.get()}
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def handle_validation_error(request: Request, error: Exception) -> JSONResponse:
    """Answer 422 with the names of the wrong fields, never with their values: those may be personal.

    Names that came from outside are left out too: keys of free tables, fields that do not exist.
    """
    assert isinstance(error, RequestValidationError)
    faults = []
    for fault in error.errors()[:5]:
        known = fault["loc"][:-1] if fault["type"] == "extra_forbidden" else fault["loc"]
        faults.append(f"{'.'.join(str(part) for part in known[:4])}: {fault['type']}")
    return handle_problem(request, Problem(422, Code.REQUEST_MALFORMED, "; ".join(faults)))


def handle_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Answer for what the framework refuses by itself: unknown paths, wrong methods, unreadable bodies."""
    assert isinstance(error, HTTPException)
    # The protocol uses 400 for a missing Idempotency-Key only.
    status = 422 if error.status_code == HTTPStatus.BAD_REQUEST else error.status_code
    code = Code.REQUEST_UNKNOWN if status == HTTPStatus.NOT_FOUND else Code.REQUEST_MALFORMED
    return handle_problem(request, Problem(status, code, HTTPStatus(status).phrase))


def log_bug(error: Exception) -> Problem:
    """Log an unexpected exception and return the problem to answer with; a busy database is no bug.

    A foreign exception's text may be personal, so only its type and the traceback are logged.
    """
    if (problem := storage_problem(error)) is not None:
        return problem
    log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return Problem(500, Code.CENTRAL_FAULT, "see central's log")
