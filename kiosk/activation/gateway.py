"""Central over HTTPS: `kiosk.ports.Central` on `wire.HttpClient`.

200, understood whole        the answer
404 request.unknown          central never had it (look_up only)
401, 403                     Untrusted
409 request.in_flight        Unreachable(REQUEST_IN_FLIGHT): wait
408, 429, 503                Unreachable(CENTRAL_BUSY): wait
400, 409, 413, 422           Unacceptable: this request will never be taken
anything else                Unreachable(CENTRAL_FAULT): not an answer of the central that we know
"""

from collections.abc import Callable, Sequence
from typing import Never
from urllib.parse import quote

import msgspec

from kiosk.activation.http_client import HttpClient, Response
from kiosk.activation.identity import Identity
from kiosk.activation.messages import (
    Heartbeat,
    HeartbeatReply,
    problem_code,
    read_challenges,
    read_heartbeat_reply,
    read_health,
    read_receipt,
    read_roster,
)
from kiosk.activation.rotation import rotate
from kiosk.codes import Code
from kiosk.errors import IdentityError, Unacceptable, Unreachable, Untrusted
from kiosk.model import Receipt

_LATER = {408, 429, 503}
_NEVER = {400, 409, 413, 422}


class Gateway:
    """For one thread."""

    def __init__(
        self,
        wire: HttpClient,
        identity: Identity,
        clock_unix: Callable[[], float],
        heartbeat_s: float,
        simulated: bool = False,
        report: Callable[[], Heartbeat] = Heartbeat,
        greeted: Callable[[HeartbeatReply], None] = lambda _: None,
        head: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`heartbeat_s`: how long a sign of life may take; short, because others wait behind it.

        `simulated`: this terminal is; only then may central be. `report`: what is told with each sign of
        life, `greeted`: who hears the answer, `head`: of the audit log, told with every call.
        """
        self._wire = wire
        self._identity = identity
        self._clock_unix = clock_unix
        self._health_s = heartbeat_s
        self._simulated = simulated
        self._report = report
        self._greeted = greeted
        self._head = head
        self.clock_off_s: float | None = None
        """Central's clock minus ours at the last sign of life."""

    def challenges(self, count: int) -> Sequence[str]:
        """Signed challenge tokens, unchecked. Raises CentralError."""
        answer = self._signed("POST", "/v1/challenges", msgspec.json.encode({"count": count}))
        return read_challenges(answer.body) if answer.status == 200 else _raise(answer)

    def activate(self, request: str, body: bytes) -> Receipt:
        """Raises Unreachable (outcome unknown), Untrusted, Unacceptable."""
        answer = self._signed("POST", "/v1/activations", body, {"Idempotency-Key": request})
        return read_receipt(answer.body, request) if answer.status == 200 else _raise(answer)

    def look_up(self, request: str) -> Receipt | None:
        """What became of a request; None: central itself says that it never had it. Raises CentralError."""
        answer = self._signed("GET", f"/v1/activations/{quote(request, safe='')}")
        if answer.status == 404 and problem_code(answer.body) is Code.REQUEST_UNKNOWN:
            return None
        return read_receipt(answer.body, request) if answer.status == 200 else _raise(answer)

    def roster(self) -> str:
        """Who may sign in here: a signed token, unchecked. Raises CentralError."""
        answer = self._signed("GET", "/v1/roster")
        return read_roster(answer.body) if answer.status == 200 else _raise(answer)

    def health(self) -> None:
        """A signed sign of life: tells how it stands here, learns what central wants. Raises CentralError."""
        asked = self._clock_unix()
        body = msgspec.json.encode(self._report())
        answer = self._signed("POST", "/v1/heartbeat", body, answer_s=self._health_s)
        if answer.status == 401:
            self._learn_clock()  # the reason may be a clock that is off; it is told under its own name
        if answer.status != 200:
            _raise(answer)
        greeting = read_heartbeat_reply(answer.body)
        if greeting.simulation and not self._simulated:
            raise Untrusted(Code.CENTRAL_UNTRUSTED, "central is in simulation: it opens nobody's credential")
        self._note_clock(greeting.time_unix, asked)
        self._greeted(greeting)

    def close(self) -> None:
        self._wire.close()

    def _learn_clock(self) -> None:
        """What time central has, from its open door: no signature counts where the clocks disagree."""
        asked = self._clock_unix()
        answer = self._wire.call("GET", "/v1/health", answer_s=self._health_s)
        if answer.status == 200:
            self._note_clock(read_health(answer.body).time_unix, asked)

    def _note_clock(self, theirs_unix: float, asked_unix: float) -> None:
        # Half the way there and back is taken as the way back.
        self.clock_off_s = theirs_unix - (asked_unix + self._clock_unix()) / 2

    def _signed(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        answer_s: float | None = None,
    ) -> Response:
        """Signed, with the head of the audit log. A key that was exchanged meanwhile gets a second try."""
        before = self._key()
        answer = self._send(method, path, body, headers or {}, answer_s)
        refused = answer.status == 401 and problem_code(answer.body) is Code.REQUEST_SIGNATURE
        if refused and self._renewed(before):
            answer = self._send(method, path, body, headers or {}, answer_s)
        return answer

    def _send(
        self, method: str, path: str, body: bytes, headers: dict[str, str], answer_s: float | None
    ) -> Response:
        head = self._head()
        more = headers | ({"Audit-Head": head} if head else {})
        try:
            signed = self._identity.signed(method, path, body, self._clock_unix(), more)
        except IdentityError as error:
            raise Untrusted(error.code, error.detail) from None
        return self._wire.call(method, path, body, signed, answer_s)

    def _key(self) -> bytes:
        try:
            return self._identity.store.public()
        except IdentityError as error:
            raise Untrusted(error.code, error.detail) from None

    def _renewed(self, before: bytes) -> bool:
        """Has the key been exchanged since, by staff; or was an exchange cut short that central had done?"""
        if self._key() != before:
            return True
        if self._identity.store.next_public() is None:
            return False
        try:
            rotate(self._wire, self._identity, self._clock_unix)
        except IdentityError:
            return False
        return True


def _raise(answer: Response) -> Never:
    code = problem_code(answer.body)
    detail = f"central answered {answer.status}"
    if answer.status in (401, 403):
        raise Untrusted(code or Code.CENTRAL_UNTRUSTED, detail)
    if code is Code.REQUEST_IN_FLIGHT:
        raise Unreachable(code, detail)
    if answer.status in _LATER:
        raise Unreachable(Code.CENTRAL_BUSY, detail)
    if answer.status in _NEVER:
        raise Unacceptable(code or Code.CENTRAL_UNACCEPTABLE, detail)
    raise Unreachable(Code.CENTRAL_FAULT, detail)
