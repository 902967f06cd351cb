"""Activation requests, each carried out exactly once.

A request's row is made before anything is done, and every repetition of the request finds it:

    claim   one transaction: the row, with everything needed to finish it, and the challenge it takes
    work    no transaction: evidence, sealed part, register
    settle  one transaction: the credential and the final answer, or the time of the next check

The process that works on a row holds a lease. If it dies, the lease runs out, and the next request or the
re-checker takes over; `settle` changes nothing that is settled, and the credential's own constraint admits
one a visit.
"""

import base64
import json
import time
from collections.abc import Callable
from hashlib import sha256

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import IntegrityError

from central.activation import challenges, guardians, recheck_policy
from central.activation.authority import Authority, MatchResult, ask
from central.activation.evidence import refusal
from central.activation.recheck_policy import Decision
from central.codes import Code
from central.credentials import lifecycle
from central.exceptions import Problem
from central.fleet import alarms, clerks
from central.protocol.messages import ActivationRequest, Person, Purpose, Receipt, ReceiptStatus
from central.security.keys import Keys
from central.security.personal_data import PersonalData
from central.security.sealing import Unsealable, open_sealed
from central.settings import Settings
from central.storage.database import Database
from central.storage.tables import Activation, Credential, Status

_UNSETTLED = (Status.RUNNING, Status.PENDING)


class Activations:
    """Takes requests, works on them, and knows their receipts."""

    def __init__(
        self,
        *,
        database: Database,
        keys: Keys,
        authority: Authority,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._keys = keys
        self._personal_data = PersonalData(keys.personal_data)
        self._authority = authority
        self._settings = settings
        self._clock = clock

    def submit(self, request: ActivationRequest, body: bytes) -> Receipt:
        """Carry out a request and return its receipt; return that of the first time if it is repeated.

        `body`: the bytes of `request`, which must be the same each time. Raises Problem 409 or 422.
        """
        digest = sha256(body).hexdigest()
        try:
            claimed = self._claim(request, digest)
        except IntegrityError:  # the same request won the race (PostgreSQL; SQLite has one writer)
            claimed = self._claim(request, digest)
        if claimed:
            self._work(request.id)
        receipt = self.look_up(request.id, request.terminal)
        assert receipt is not None  # claimed above
        return receipt

    def look_up(self, visit: str, terminal: str) -> Receipt | None:
        """Return the receipt of a visit; None if it is not this terminal's, or was never seen.

        Raises Problem 409 while it is being worked on.
        """
        with self._database.read() as session:
            row = session.get(Activation, visit)
            if row is None or row.terminal != terminal:
                return None
            if row.status == Status.RUNNING:
                raise _in_flight()
            return Receipt(
                id=row.id,
                status=ReceiptStatus(row.status),
                code=Code(row.code),
                credential=row.credential,
                recheck_unix=row.recheck_unix,
                at_unix=row.at_unix,
            )

    def due(self, limit: int = 20) -> list[str]:
        """Return visits to work on now: pending ones whose time has come, and orphans of a crash."""
        now = self._clock()
        is_due = or_(
            Activation.status == Status.RUNNING.value,
            and_(Activation.status == Status.PENDING.value, Activation.recheck_unix <= now),
        )
        query = select(Activation.id).where(is_due, Activation.lease_unix <= now)
        with self._database.read() as session:
            return list(session.scalars(query.order_by(Activation.recheck_unix).limit(limit)))

    def resume(self, visit: str) -> None:
        """Work on a visit that is due, unless another process or thread does."""
        now = self._clock()
        with self._database.write() as session:
            row = session.get(Activation, visit, with_for_update=True)
            if row is None or row.status not in _UNSETTLED or row.lease_unix > now:
                return
            row.lease_unix = now + self._settings.requests.lease_s
        self._work(visit)

    def _claim(self, request: ActivationRequest, digest: str) -> bool:
        """Take the lease of a request; return False if there is a receipt already.

        Raises Problem 409 if another holds the lease, 422 if the number came before with another body.
        """
        now = self._clock()
        lease = now + self._settings.requests.lease_s
        with self._database.write() as session:
            row = session.get(Activation, request.id, with_for_update=True)
            if row is None:
                session.add(
                    Activation(
                        id=request.id,
                        terminal=request.terminal,
                        body_sha256=digest,
                        sealed=request.sealed.model_dump_json(),
                        evidence=request.model_dump_json(exclude={"sealed"}),
                        received_unix=now,
                        lease_unix=lease,
                    )
                )
                session.flush()
                challenges.take(session, request.challenge, request.terminal, request.id)
                return True
            # One answer for both: another terminal learns nothing by using a number that is taken.
            if row.terminal != request.terminal or row.body_sha256 != digest:
                raise Problem(422, Code.REQUEST_KEY_REUSED, "this number came before with another body")
            if row.status != Status.RUNNING:
                return False
            if row.lease_unix > now:
                raise _in_flight()
            row.lease_unix = lease
            return True

    def _work(self, visit: str) -> None:
        """Judge the evidence, open the sealed part, ask the register, settle."""
        with self._database.read() as session:
            row = session.get_one(Activation, visit)
            sealed = json.loads(row.sealed or "{}")
            request = ActivationRequest.model_validate(json.loads(row.evidence) | {"sealed": sealed})
            challenge = challenges.find(session, request.challenge)
            staff = clerks.staff_periods(session, request.terminal)
            held = alarms.is_held(session, request.terminal)
        code = refusal(request, challenge, row.received_unix, self._settings, staff)
        if code is not None:
            return self._settle(visit, recheck_policy.refuse(code))
        if held:
            return self._settle(visit, recheck_policy.hold(row.absent, self._clock(), self._settings))
        try:
            person = open_sealed(request.sealed, request.id, request.terminal, self._keys.sealing)
        except Unsealable:
            return self._settle(visit, recheck_policy.refuse(Code.EVIDENCE_UNSEALABLE))
        code = sealed_part_refusal(request, person)
        if code is not None:
            return self._settle(visit, recheck_policy.refuse(code))
        match = self._ask_authority(person)
        decision = recheck_policy.decide(match, row.absent, row.received_unix, self._clock(), self._settings)
        credential = None
        if decision.status is Status.ACTIVATED:
            simulated = request.simulated or self._settings.simulation
            credential = lifecycle.prepare(person, row.id, request.at_unix, simulated, self._personal_data)
        return self._settle(visit, decision, credential, request.purpose)

    def _ask_authority(self, person: Person) -> MatchResult:
        """Ask about the person; for a child about the guardian first, whose face the picture shows."""
        picture = base64.b64decode(person.picture) if person.picture is not None else None
        guardian = person.guardian
        if guardian is None:
            return ask(self._authority, person.name, person.number, picture)
        match = ask(self._authority, guardian.name, guardian.number, picture)
        return ask(self._authority, person.name, person.number, None) if match is MatchResult.MATCH else match

    def _settle(
        self,
        visit: str,
        decision: Decision,
        credential: Credential | None = None,
        purpose: Purpose = Purpose.OPEN,
    ) -> None:
        """Store the decision, and the credential with it, unless the visit is settled already."""
        now = self._clock()
        with self._database.write() as session:
            row = session.get_one(Activation, visit, with_for_update=True)
            if row.status not in _UNSETTLED:
                return  # another was faster: the first answer stands
            if credential is not None:
                code, row.credential = lifecycle.carry_out(
                    session, purpose, credential, self._personal_data, now
                )
                decision = decision if code is Code.OK else recheck_policy.refuse(code)
            row.status, row.code = decision.status.value, decision.code.value
            row.at_unix, row.recheck_unix, row.absent = now, decision.recheck_unix, decision.absent
            row.lease_unix = 0.0
            if decision.status not in _UNSETTLED:
                row.sealed = None


def sealed_part_refusal(request: ActivationRequest, person: Person) -> Code | None:
    """Return why the sealed part contradicts the request around it, or None."""
    if person.picture is not None and not request.consent.picture:
        return Code.EVIDENCE_REFUSED
    if (person.way, person.reviews) != (request.way, request.reviews):
        return Code.EVIDENCE_REVIEW
    if person.purpose is not request.purpose:
        return Code.EVIDENCE_REFUSED
    return guardians.sealed_part_refusal(request, person)


def _in_flight() -> Problem:
    return Problem(409, Code.REQUEST_IN_FLIGHT, "somebody works on it; ask again", retry_after_s=1)
