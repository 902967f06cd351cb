"""Tell central's own answers from those of anything that answers in its place: a proxy, a sign-in page.

Central's own words are JSON of its own content types: `application/json` for a success and
`application/problem+json` (RFC 9457), with a code that this program knows, for a refusal. Nothing else is
final, whatever its status says:

401 clock.off                Unreachable(CLOCK_OFF): the clocks differ
401, 403 with another code   Untrusted
409 request.in_flight        Unreachable(REQUEST_IN_FLIGHT): wait
408, 429, 503                Unreachable(CENTRAL_BUSY): wait, for as long as `Retry-After` says
400, 409, 413, 422 with one  Unacceptable: this request will never be taken
any other with one, 5xx      Unreachable(CENTRAL_FAULT): no answer of the wire protocol
anything else                Unreachable(CENTRAL_INTERCEPTED): these are not central's words
"""

from typing import Never

from kiosk.activation.http_client import HttpResponse
from kiosk.activation.messages import problem_code
from kiosk.codes import Code
from kiosk.errors import CentralError, Unacceptable, Unreachable, Untrusted

_BUSY = {408, 429, 503}
_DISTRUSTED = {401, 403}
_HOPELESS = {400, 409, 413, 422}
_SERVER_ERROR = 500


def content(response: HttpResponse, status: int = 200) -> bytes:
    """Return the body of a success. Raises CentralError for any other answer."""
    if response.status != status:
        raise_refusal(response)
    if response.content_type != "application/json":
        raise Unreachable(Code.CENTRAL_INTERCEPTED, f"{response.status} without JSON")
    return response.body


def problem(response: HttpResponse) -> Code | None:
    """Return the code with which central refused; None if these are not central's words."""
    if response.content_type != "application/problem+json":
        return None
    return problem_code(response.body)


def raise_refusal(response: HttpResponse) -> Never:
    """Raise the CentralError that an answer other than a success means."""
    raise _refusal(response, problem(response))


def _refusal(response: HttpResponse, code: Code | None) -> CentralError:
    detail = f"status {response.status}"
    if response.status in _BUSY:
        return Unreachable(Code.CENTRAL_BUSY, detail, retry_after_s=response.retry_after_s)
    if code in (Code.REQUEST_IN_FLIGHT, Code.CLOCK_OFF):
        return Unreachable(code, detail)
    if code is not None and response.status in _DISTRUSTED:
        return Untrusted(code, detail)
    if code is not None and response.status in _HOPELESS:
        return Unacceptable(code, detail)
    if code is not None or response.status >= _SERVER_ERROR:
        return Unreachable(Code.CENTRAL_FAULT, detail)
    return Unreachable(Code.CENTRAL_INTERCEPTED, detail)
