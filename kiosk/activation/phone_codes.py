"""Ask central for one-time codes, and hand in what was typed: on a thread of its own, with a short limit.

The delivery thread may hang in another call for longer than a customer waits. The audit log's head does not
go along: two connections would bring heads in another order than they were signed in.
"""

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import Struct

from kiosk.activation.gateway import Gateway
from kiosk.activation.identity import Identity
from kiosk.activation.messages import PhoneCodeRequest, PhoneProofRequest, Sealed
from kiosk.codes import Code
from kiosk.errors import KioskError, Unreachable
from kiosk.events import Event, PhoneCodeAnswered, PhoneProofAnswered, ProvePhone, SendPhoneCode
from kiosk.model import PhoneCodeStatus, PhoneProofStatus

log = logging.getLogger(__name__)

ANSWER_S = 4.0
"""Longest wait for an answer of central; the visit does not wait much longer."""
_STOP_POLL_S = 0.2


class Caller(Struct, frozen=True):
    """Whom to ask, and in whose name."""

    gateway: Gateway
    identity: Identity

    def seal(self, visit: str, phone: str) -> Sealed:
        """Seal a mobile number to central. Raises IdentityError."""
        plain = msgspec.json.encode({"phone": phone})
        return self.identity.sealer.seal(plain, visit, self.identity.terminal, purpose="phone-v1")


class PhoneCodes:
    """`send` and `prove` return at once; `run` is the work of a thread, which posts the answers."""

    def __init__(
        self,
        caller: Callable[[], Caller],
        *,
        post: Callable[[Event], None],
        connected: Callable[[], bool],
    ) -> None:
        """`caller` may raise KioskError. `connected`: whether central answered lately; else none is asked."""
        self._caller = caller
        self._post = post
        self._connected = connected
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def send(self, order: SendPhoneCode, language: str) -> None:
        """Have a code sent, in a message in `language` (→ PhoneCodeAnswered)."""
        self._work.put(partial(self._send, order, language))

    def prove(self, order: ProvePhone) -> None:
        """Have what was typed compared (→ PhoneProofAnswered)."""
        self._work.put(partial(self._prove, order))

    def run(self, stop: threading.Event) -> None:
        """Ask central until `stop` is set."""
        while not stop.is_set():
            try:
                work = self._work.get(timeout=_STOP_POLL_S)
            except queue.Empty:
                continue
            work()

    def _send(self, order: SendPhoneCode, language: str) -> None:
        answer = PhoneCodeAnswered(request=order.request, status=PhoneCodeStatus.UNREACHABLE)
        try:
            caller = self._reachable()
            sealed = caller.seal(order.visit, order.phone)
            reply = caller.gateway.send_phone_code(PhoneCodeRequest(order.visit, language, sealed), ANSWER_S)
            answer = PhoneCodeAnswered(
                request=order.request,
                status=PhoneCodeStatus(reply.status),
                again_s=reply.again_s,
                required=reply.required,
            )
        except KioskError as error:
            log.warning("%s: no code was sent: %s", order.visit, error.code.value)
        self._post(answer)

    def _prove(self, order: ProvePhone) -> None:
        answer = PhoneProofAnswered(request=order.request, status=PhoneProofStatus.UNREACHABLE)
        try:
            caller = self._reachable()
            sealed = caller.seal(order.visit, order.phone)
            reply = caller.gateway.prove_phone(PhoneProofRequest(order.visit, order.code, sealed), ANSWER_S)
            answer = PhoneProofAnswered(
                request=order.request, status=PhoneProofStatus(reply.status), tries_left=reply.tries_left
            )
        except KioskError as error:
            log.warning("%s: no code was compared: %s", order.visit, error.code.value)
        self._post(answer)

    def _reachable(self) -> Caller:
        if not self._connected():
            raise Unreachable(Code.CENTRAL_UNREACHABLE)
        return self._caller()
