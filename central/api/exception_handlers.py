"""How problems are told: `application/problem+json` {code, detail} (RFC 9457)."""

import logging
import traceback
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from central.codes import Code
from central.exceptions import Problem

log = logging.getLogger(__name__)


def answer(problem: Problem) -> JSONResponse:
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(problem.retry_after_s)))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Signature"
    body = {"code": problem.code.value, "detail": problem.detail}
    return JSONResponse(body, problem.status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Every refusal of `app` becomes a problem with a code; for bugs see `central.api.access_log`."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)


def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # registered for this type only
    request.state.code = error.code.value
    return answer(error)


def _malformed(request: Request, error: Exception) -> JSONResponse:
    """Names the fields that are wrong, never what stood in them: that may be personal."""
    assert isinstance(error, RequestValidationError)
    faults = [f"{_place(e['loc'], e['type'])}: {e['type']}" for e in error.errors()[:5]]
    return _problem(request, Problem(422, Code.REQUEST_MALFORMED, "; ".join(faults)))


def _place(loc: tuple[int | str, ...], kind: str) -> str:
    """Where it is, without names that came from outside: keys of free tables, fields nobody asked for."""
    known = loc[:-1] if kind == "extra_forbidden" else loc
    return ".".join(str(part) for part in known[:4])


def _http(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: unknown paths, wrong methods, unreadable bodies."""
    assert isinstance(error, HTTPException)
    # On this wire 400 says that the Idempotency-Key is missing, and nothing else.
    status = 422 if error.status_code == HTTPStatus.BAD_REQUEST else error.status_code
    code = Code.REQUEST_UNKNOWN if status == HTTPStatus.NOT_FOUND else Code.REQUEST_MALFORMED
    return _problem(request, Problem(status, code, HTTPStatus(status).phrase))


def bug(error: Exception) -> Problem:
    """Our fault. A foreign exception's text may be personal: only its type and place are told."""
    log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return Problem(500, Code.CENTRAL_FAULT, "see central's log")
