"""Call central over HTTPS: `kiosk.ports.Central` on `HttpClient`.

200, understood whole        the answer is returned
404 request.unknown          central never had it (look_up only)
401, 403                     Untrusted
409 request.in_flight        Unreachable(REQUEST_IN_FLIGHT): wait
408, 429, 503                Unreachable(CENTRAL_BUSY): wait
400, 409, 413, 422           Unacceptable: this request will never be taken
anything else                Unreachable(CENTRAL_FAULT): no answer of the wire protocol
"""

from collections.abc import Callable, Sequence
from typing import Never
from urllib.parse import quote

import msgspec

from kiosk.activation.http_client import HttpClient, HttpResponse
from kiosk.activation.identity import Identity
from kiosk.activation.messages import (
    Heartbeat,
    HeartbeatReply,
    problem_code,
    read_challenges,
    read_health,
    read_heartbeat_reply,
    read_receipt,
    read_roster,
)
from kiosk.activation.rotation import rotate
from kiosk.codes import Code
from kiosk.errors import IdentityError, Unacceptable, Unreachable, Untrusted
from kiosk.model import ActivationReceipt

_BUSY = {408, 429, 503}
_HOPELESS = {400, 409, 413, 422}


class Gateway:
    """Client of central's wire protocol, with every call signed. For one thread."""

    def __init__(
        self,
        http: HttpClient,
        identity: Identity,
        clock_unix: Callable[[], float],
        *,
        heartbeat_s: float,
        simulated: bool = False,
        make_heartbeat: Callable[[], Heartbeat] = Heartbeat,
        on_heartbeat_reply: Callable[[HeartbeatReply], None] = lambda _: None,
        audit_head: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`heartbeat_s`: how long a heartbeat may take; short, because other calls wait behind it.

        `simulated`: this terminal is; only then may central be. `audit_head` returns the head of the audit
        log, which goes along with every call, or None.
        """
        self._http = http
        self._identity = identity
        self._clock_unix = clock_unix
        self._heartbeat_s = heartbeat_s
        self._simulated = simulated
        self._make_heartbeat = make_heartbeat
        self._on_heartbeat_reply = on_heartbeat_reply
        self._audit_head = audit_head
        self.clock_off_s: float | None = None
        """Central's clock minus the terminal's at the last heartbeat; None if there was none yet."""

    def challenges(self, count: int) -> Sequence[str]:
        """Fetch signed challenge tokens, still unverified. Raises CentralError."""
        response = self._signed("POST", "/v1/challenges", msgspec.json.encode({"count": count}))
        return read_challenges(response.body) if response.status == 200 else _raise(response)

    def activate(self, request: str, body: bytes) -> ActivationReceipt:
        """Submit a request and return its receipt.

        Raises Unreachable (outcome unknown), Untrusted, Unacceptable.
        """
        response = self._signed("POST", "/v1/activations", body, {"Idempotency-Key": request})
        return read_receipt(response.body, request) if response.status == 200 else _raise(response)

    def look_up(self, request: str) -> ActivationReceipt | None:
        """Return the receipt of a request; None if central itself says that it never had it.

        Raises CentralError.
        """
        response = self._signed("GET", f"/v1/activations/{quote(request, safe='')}")
        if response.status == 404 and problem_code(response.body) is Code.REQUEST_UNKNOWN:
            return None
        return read_receipt(response.body, request) if response.status == 200 else _raise(response)

    def roster(self) -> str:
        """Fetch the signed token that says who may sign in here, still unverified. Raises CentralError."""
        response = self._signed("GET", "/v1/roster")
        return read_roster(response.body) if response.status == 200 else _raise(response)

    def heartbeat(self) -> None:
        """Report this terminal's state, signed, and pass on what central replies. Raises CentralError."""
        sent_unix = self._clock_unix()
        body = msgspec.json.encode(self._make_heartbeat())
        response = self._signed("POST", "/v1/heartbeat", body, answer_s=self._heartbeat_s)
        if response.status == 401:
            self._measure_clock()  # the reason may be a clock that is off, which has a code of its own
        if response.status != 200:
            _raise(response)
        reply = read_heartbeat_reply(response.body)
        if reply.simulation and not self._simulated:
            raise Untrusted(
                Code.CENTRAL_UNTRUSTED, "central is in simulation and activates no real credential"
            )
        self._note_clock(reply.time_unix, sent_unix)
        self._on_heartbeat_reply(reply)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _measure_clock(self) -> None:
        """Ask central's time without a signature: none is accepted while the clocks disagree."""
        sent_unix = self._clock_unix()
        response = self._http.call("GET", "/v1/health", answer_s=self._heartbeat_s)
        if response.status == 200:
            self._note_clock(read_health(response.body).time_unix, sent_unix)

    def _note_clock(self, central_unix: float, sent_unix: float) -> None:
        # Central is taken to have read its clock in the middle between sending and receiving.
        self.clock_off_s = central_unix - (sent_unix + self._clock_unix()) / 2

    def _signed(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        answer_s: float | None = None,
    ) -> HttpResponse:
        """Call central, signed; once more if central does not know the key and it was exchanged meanwhile."""
        key_before = self._public_key()
        response = self._send(method, path, body, headers or {}, answer_s)
        refused = response.status == 401 and problem_code(response.body) is Code.REQUEST_SIGNATURE
        if refused and self._key_was_exchanged(key_before):
            response = self._send(method, path, body, headers or {}, answer_s)
        return response

    def _send(
        self, method: str, path: str, body: bytes, headers: dict[str, str], answer_s: float | None
    ) -> HttpResponse:
        head = self._audit_head()
        covered = headers | ({"Audit-Head": head} if head else {})
        try:
            signed = self._identity.signed_headers(method, path, body, self._clock_unix(), headers=covered)
        except IdentityError as error:
            raise Untrusted(error.code, error.detail) from None
        return self._http.call(method, path, body, signed, answer_s)

    def _public_key(self) -> bytes:
        try:
            return self._identity.store.public()
        except IdentityError as error:
            raise Untrusted(error.code, error.detail) from None

    def _key_was_exchanged(self, before: bytes) -> bool:
        """Return True if staff exchanged the key, or if a rotation that was cut short could be finished."""
        if self._public_key() != before:
            return True
        if self._identity.store.next_public() is None:
            return False
        try:
            rotate(self._http, self._identity, self._clock_unix)
        except IdentityError:
            return False
        return True


def _raise(response: HttpResponse) -> Never:
    code = problem_code(response.body)
    detail = f"central answered {response.status}"
    if response.status in (401, 403):
        raise Untrusted(code or Code.CENTRAL_UNTRUSTED, detail)
    if code is Code.REQUEST_IN_FLIGHT:
        raise Unreachable(code, detail)
    if response.status in _BUSY:
        raise Unreachable(Code.CENTRAL_BUSY, detail)
    if response.status in _HOPELESS:
        raise Unacceptable(code or Code.CENTRAL_UNACCEPTABLE, detail)
    raise Unreachable(Code.CENTRAL_FAULT, detail)
