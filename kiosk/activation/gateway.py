"""Call central over HTTPS: `kiosk.ports.Central` on `HttpClient`.

Returned is what central itself answered and what was understood whole; `answers` says what else there is.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from kiosk.activation.answers import content, problem
from kiosk.activation.http_client import HttpClient, HttpResponse, KeptConnectionCut
from kiosk.activation.identity import Identity
from kiosk.activation.messages import (
    Heartbeat,
    HeartbeatReply,
    PhoneCodeReply,
    PhoneCodeRequest,
    PhoneProofReply,
    PhoneProofRequest,
    VisitState,
    read_challenges,
    read_health,
    read_heartbeat_reply,
    read_phone_code_reply,
    read_phone_proof_reply,
    read_receipt,
    read_roster,
    read_visit_state,
)
from kiosk.activation.rotation import rotate
from kiosk.clock import JUMP_S, TerminalClock
from kiosk.codes import Code
from kiosk.errors import CentralError, IdentityError, Unacceptable, Untrusted
from kiosk.model import ActivationReceipt, Given, Wants


class Gateway:
    """Client of central's wire protocol, with every call signed. For one thread."""

    def __init__(
        self,
        http: HttpClient,
        identity: Identity,
        clock: TerminalClock,
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
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._simulated = simulated
        self._make_heartbeat = make_heartbeat
        self._on_heartbeat_reply = on_heartbeat_reply
        self._audit_head = audit_head
        self._may_want = True

    def challenges(self, count: int) -> Sequence[str]:
        """Fetch signed challenge tokens, still unverified. Raises CentralError."""
        response = self._signed("POST", "/v1/challenges", msgspec.json.encode({"count": count}))
        return read_challenges(content(response))

    def activate(self, request: str, body: bytes, clock_off_s: float | None = None) -> ActivationReceipt:
        """Submit a request and return its receipt.

        `clock_off_s`: central's clock minus that of the visit, where it is known and large enough to matter.
        Raises Unreachable (outcome unknown), Untrusted, Unacceptable.
        """
        headers = {"Idempotency-Key": request}
        if clock_off_s is not None and abs(clock_off_s) > JUMP_S:
            headers["Clock-Off"] = f"{clock_off_s:.3f}"
        # Not repeated at once: if the answer was lost, a look-up is cheaper.
        response = self._signed("POST", "/v1/activations", body, headers, again=False)
        return read_receipt(content(response), request)

    def look_up(self, request: str) -> ActivationReceipt | None:
        """Return the receipt of a request; None if central itself says that it never had it.

        Raises CentralError.
        """
        response = self._signed("GET", f"/v1/activations/{quote(request, safe='')}")
        if response.status == 404 and problem(response) is Code.REQUEST_UNKNOWN:
            return None
        return read_receipt(content(response), request)

    def visit_state(self, number: str) -> VisitState | None:
        """Return how a visit of any terminal stands; None if central never had it. Raises CentralError."""
        response = self._signed("GET", f"/v1/visits/{quote(number, safe='')}")
        if response.status == 404 and problem(response) is Code.REQUEST_UNKNOWN:
            return None
        return read_visit_state(content(response), number)

    def roster(self) -> str:
        """Fetch the signed token that says who may sign in here, still unverified. Raises CentralError."""
        response = self._signed("GET", "/v1/roster")
        return read_roster(content(response))

    def send_phone_code(self, request: PhoneCodeRequest, answer_s: float) -> PhoneCodeReply:
        """Have a one-time code sent to a mobile number, within `answer_s`. Raises CentralError."""
        body = msgspec.json.encode(request)
        response = self._signed("POST", "/v1/phone-codes", body, answer_s=answer_s, again=False)
        return read_phone_code_reply(content(response))

    def prove_phone(self, request: PhoneProofRequest, answer_s: float) -> PhoneProofReply:
        """Have what was typed compared with the code, within `answer_s`. Raises CentralError."""
        body = msgspec.json.encode(request)
        response = self._signed("POST", "/v1/phone-proofs", body, answer_s=answer_s, again=False)
        return read_phone_proof_reply(content(response))

    def heartbeat(self, wants: Wants | None = None) -> Given | None:
        """Report this terminal's state, signed, and pass on what central replies; return what it gives.

        A central of an earlier version refuses a heartbeat with `state` or `wants`: it gets neither from then
        on.
        Raises CentralError.
        """
        heartbeat = self._make_heartbeat()
        plain = msgspec.structs.replace(heartbeat, state=UNSET)
        if not self._may_want:
            return self._send_heartbeat(plain)
        try:
            return self._send_heartbeat(msgspec.structs.replace(heartbeat, wants=wants or UNSET))
        except Unacceptable as error:
            if error.code is not Code.REQUEST_MALFORMED:
                raise
        self._may_want = False
        return self._send_heartbeat(plain)

    def _send_heartbeat(self, heartbeat: Heartbeat) -> Given | None:
        sent_at, body = self._clock.boot(), msgspec.json.encode(heartbeat)
        response = self._signed("POST", "/v1/heartbeat", body, answer_s=self._heartbeat_s)
        reply = read_heartbeat_reply(content(response))
        if reply.simulation and not self._simulated:
            raise Untrusted(
                Code.CENTRAL_UNTRUSTED, "central is in simulation and activates no real credential"
            )
        self._note_central(reply.time_unix, sent_at, signed=True)
        self._on_heartbeat_reply(reply)
        return reply.given

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _measure_clock(self) -> None:
        """Ask central's time without a signature: none is accepted while the clocks disagree."""
        sent_at = self._clock.boot()
        response = self._http.call("GET", "/v1/health", answer_s=self._heartbeat_s)
        self._note_central(read_health(content(response)).time_unix, sent_at, signed=False)

    def _note_central(self, central_unix: float, sent_at: float, *, signed: bool) -> None:
        # Central is taken to have read its clock in the middle between sending and receiving.
        self._clock.note_central(central_unix, (sent_at + self._clock.boot()) / 2, signed=signed)

    def _signing_unix(self) -> float:
        """Return the time to sign at: by central's clock where ours is off, or central would refuse."""
        off_s = self._clock.off_s or 0.0
        return self._clock.unix() + (off_s if abs(off_s) > JUMP_S else 0.0)

    def _signed(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        answer_s: float | None = None,
        again: bool = True,
    ) -> HttpResponse:
        """Call central, signed; once more if central refuses the signature for a reason that can be mended.

        The clocks differ: it is signed by central's clock. The key was exchanged: with the new one. `again`:
        also once more if a connection that was kept proves closed; not for what must not be done twice.
        """
        key_before, signed_unix, began_at = self._public_key(), self._signing_unix(), self._clock.boot()
        try:
            response = self._send(method, path, body, headers or {}, answer_s)
        except KeptConnectionCut:
            if not again:
                raise
            response = self._send(method, path, body, headers or {}, answer_s)
        if response.status != 401 or problem(response) not in (Code.REQUEST_SIGNATURE, Code.CLOCK_OFF):
            return response
        with suppress(CentralError):
            self._measure_clock()
        expected_unix = signed_unix + self._clock.boot() - began_at
        was_off = abs(self._signing_unix() - expected_unix) > JUMP_S
        if was_off or self._key_was_exchanged(key_before):
            response = self._send(method, path, body, headers or {}, answer_s)
        return response

    def _send(
        self, method: str, path: str, body: bytes, headers: dict[str, str], answer_s: float | None
    ) -> HttpResponse:
        head = self._audit_head()
        covered = headers | ({"Audit-Head": head} if head else {})
        try:
            signed = self._identity.signed_headers(method, path, body, self._signing_unix(), headers=covered)
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
            rotate(self._http, self._identity, self._signing_unix)
        except IdentityError:
            return False
        return True
