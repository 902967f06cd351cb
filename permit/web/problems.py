"""The page for each code: its status, and the button that leads on."""

from fastapi import Request
from fastapi.responses import Response

from permit.codes import Code
from permit.web.pages import problem

_STATUS = {
    Code.BINDING_UNKNOWN: 404,
    Code.NO_PAGE: 404,
    Code.CARD_NONE: 404,
    Code.CARD_ENDED: 410,
    Code.ELSEWHERE: 403,
    Code.LOGIN_WRONG_ISSUER: 403,
    Code.LOGIN_UNKNOWN: 403,
    Code.LOGIN_DENIED: 403,
    Code.LOGIN_LEVEL: 403,
    Code.BINDING_NOT_READY: 409,
    Code.BOUND_TO_ANOTHER: 409,
    Code.MALFORMED: 400,
    Code.TOO_OFTEN: 429,
    Code.BINDINGS_TOO_MANY: 429,
    Code.PHONE_CODE_TOO_OFTEN: 429,
    Code.LOGIN_FAILED: 502,
    Code.LOGIN_UNAVAILABLE: 503,
    Code.UNAVAILABLE: 503,
    Code.PHONE_CODE_NOT_SENT: 503,
    Code.FAULT: 500,
}
_AGAIN = ("/bind/anew", "waiting.change")
_WAYS_OUT = {
    Code.MISMATCH: _AGAIN,
    Code.NEVER_KNOWN: _AGAIN,
    Code.OTHER_PROVINCE: _AGAIN,
    Code.PERMIT_EXPIRED: _AGAIN,
    Code.BINDING_OVER: _AGAIN,
    Code.BINDING_UNKNOWN: ("/bind", "start.begin"),
    Code.CARD_NONE: ("/bind", "start.begin"),
    Code.CARD_ENDED: ("/bind", "start.begin"),
    Code.PHONE_CODE_TOO_OFTEN: ("/bind/code", "go_on"),
    Code.PHONE_CODE_NOT_SENT: ("/bind", "go_on"),
    Code.LOGIN_UNKNOWN: ("/login", "go_on"),
    Code.LOGIN_WRONG_ISSUER: ("/login", "go_on"),
    Code.LOGIN_DENIED: ("/login", "go_on"),
    Code.LOGIN_LEVEL: ("/login", "go_on"),
    Code.LOGIN_FAILED: ("/login", "go_on"),
    Code.LOGIN_UNAVAILABLE: ("/login", "go_on"),
}


def show(request: Request, code: Code, status: int | None = None) -> Response:
    """Return the page of a code."""
    way_out = _WAYS_OUT.get(code, ("/", "back_to_start"))
    return problem(request, code, status or _STATUS.get(code, 422), way_out)
