"""Activations, exactly once.

A request's row is made before anything is done and is found again by everybody who sends it again:

    claim   one transaction: the row, with everything needed to finish it, and the challenge it takes
    work    no transaction: evidence, sealed part, register
    settle  one transaction: the credential and the last word, or the time of the next look

Whoever works holds a lease. If the process dies, the lease runs out, and the next request or the re-checker
takes over; `settle` changes nothing that is settled, and the credential's own constraint admits one a visit.
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
from central.activation.evidence import fault
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

_OPEN = (Status.RUNNING, Status.PENDING)


class Activations:
    def __init__(
        self,
        database: Database,
        keys: Keys,
        authority: Authority,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._keys = keys
        self._vault = PersonalData(keys.vault)
        self._authority = authority
        self._settings = settings
        self._clock = clock

    def submit(self, request: ActivationRequest, body: bytes) -> Receipt:
        """The receipt, new or as it stands. Raises Problem 409 or 422."""
        digest = sha256(body).hexdigest()
        try:
            ours = self._claim(request, digest)
        except IntegrityError:  # the same request won the race (PostgreSQL; SQLite has one writer)
            ours = self._claim(request, digest)
        if ours:
            self._work(request.id)
        receipt = self.look_up(request.id, request.terminal)
        assert receipt is not None  # claimed above
        return receipt

    def look_up(self, visit: str, terminal: str) -> Receipt | None:
        """None: not this terminal's, or never seen. Raises Problem 409 while it is being worked on."""
        with self._database.read() as session:
            row = session.get(Activation, visit)
            if row is None or row.terminal != terminal:
                return None
            return _receipt(row)

    def due(self, limit: int = 20) -> list[str]:
        """Visits to look at now: pending ones whose time has come, and orphans of a crash."""
        now = self._clock()
        come = or_(
            Activation.status == Status.RUNNING.value,
            and_(Activation.status == Status.PENDING.value, Activation.recheck_unix <= now),
        )
        query = select(Activation.id).where(come, Activation.lease_unix <= now)
        with self._database.read() as session:
            return list(session.scalars(query.order_by(Activation.recheck_unix).limit(limit)))

    def resume(self, visit: str) -> None:
        """Work on one that is due, unless somebody else does."""
        now = self._clock()
        with self._database.write() as session:
            row = session.get(Activation, visit, with_for_update=True)
            if row is None or row.status not in _OPEN or row.lease_unix > now:
                return
            row.lease_unix = now + self._settings.requests.lease_s
        self._work(visit)

    def _claim(self, request: ActivationRequest, digest: str) -> bool:
        """Is it ours to work on? False: there is a receipt already."""
        now = self._clock()
        lease = now + self._settings.requests.lease_s
        with self._database.write() as session:
            row = session.get(Activation, request.id, with_for_update=True)
            if row is None:
                session.add(_row(request, digest, now, lease))
                session.flush()
                challenges.take(session, request.challenge, request.terminal, request.id)
                return True
            _same(row, request, digest)
            if row.status != Status.RUNNING:
                return False
            if row.lease_unix > now:
                raise _in_flight()
            row.lease_unix = lease
            return True

    def _work(self, visit: str) -> None:
        with self._database.read() as session:
            row = session.get_one(Activation, visit)
            request = _stored_request(row)
            challenge = challenges.facts(session, request.challenge)
            staff = clerks.facts(session, request.terminal)
            held = alarms.held(session, request.terminal)
        wrong = fault(request, challenge, row.received_unix, self._settings, staff)
        if wrong is not None:
            return self._settle(visit, recheck_policy.refuse(wrong))
        if held:
            return self._settle(visit, recheck_policy.hold(row.absent, self._clock(), self._settings))
        try:
            person = open_sealed(request.sealed, request.id, request.terminal, self._keys.sealing)
        except Unsealable:
            return self._settle(visit, recheck_policy.refuse(Code.EVIDENCE_UNSEALABLE))
        if person.picture is not None and not request.consent.picture:
            return self._settle(visit, recheck_policy.refuse(Code.EVIDENCE_REFUSED))
        if (person.way, person.reviews) != (request.way, request.reviews):
            return self._settle(visit, recheck_policy.refuse(Code.EVIDENCE_REVIEW))
        if person.purpose is not request.purpose:
            return self._settle(visit, recheck_policy.refuse(Code.EVIDENCE_REFUSED))
        if (doubt := guardians.fault(request, person)) is not None:
            return self._settle(visit, recheck_policy.refuse(doubt))
        return self._ask(row, request, person)

    def _ask(self, row: Activation, request: ActivationRequest, person: Person) -> None:
        word = self._word(person)
        decision = recheck_policy.decide(word, row.absent, row.received_unix, self._clock(), self._settings)
        credential = None
        if decision.status is Status.ACTIVATED:
            simulated = request.simulated or self._settings.simulation
            credential = lifecycle.prepare(person, row.id, request.at_unix, simulated, self._vault)
        self._settle(row.id, decision, credential, request.purpose)

    def _word(self, person: Person) -> MatchResult:
        """The register's, on the person; for a child on the guardian too, whose face the picture shows."""
        picture = base64.b64decode(person.picture) if person.picture is not None else None
        guardian = person.guardian
        if guardian is None:
            return ask(self._authority, person.name, person.number, picture)
        word = ask(self._authority, guardian.name, guardian.number, picture)
        return ask(self._authority, person.name, person.number, None) if word is MatchResult.MATCH else word

    def _settle(
        self,
        visit: str,
        decision: Decision,
        credential: Credential | None = None,
        purpose: Purpose = Purpose.OPEN,
    ) -> None:
        now = self._clock()
        with self._database.write() as session:
            row = session.get_one(Activation, visit, with_for_update=True)
            if row.status not in _OPEN:
                return  # somebody else was faster: the first word stands
            if credential is not None:
                code, row.credential = lifecycle.carry_out(session, purpose, credential, self._vault, now)
                decision = decision if code is Code.OK else recheck_policy.refuse(code)
            _write(row, decision, now)


def _row(request: ActivationRequest, digest: str, now: float, lease: float) -> Activation:
    return Activation(
        id=request.id,
        terminal=request.terminal,
        body_sha256=digest,
        sealed=request.sealed.model_dump_json(),
        evidence=request.model_dump_json(exclude={"sealed"}),
        received_unix=now,
        lease_unix=lease,
    )


def _stored_request(row: Activation) -> ActivationRequest:
    evidence = json.loads(row.evidence)
    return ActivationRequest.model_validate(evidence | {"sealed": json.loads(row.sealed or "{}")})


def _same(row: Activation, request: ActivationRequest, digest: str) -> None:
    """Another terminal learns nothing by using a number that is taken."""
    if row.terminal != request.terminal or row.body_sha256 != digest:
        raise Problem(422, Code.REQUEST_KEY_REUSED, "this number came before with another body")


def _in_flight() -> Problem:
    return Problem(409, Code.REQUEST_IN_FLIGHT, "somebody works on it; ask again", retry_after_s=1)


def _write(row: Activation, decision: Decision, now: float) -> None:
    row.status, row.code = decision.status.value, decision.code.value
    row.at_unix, row.recheck_unix, row.absent = now, decision.recheck_unix, decision.absent
    row.lease_unix = 0.0
    if decision.status not in _OPEN:
        row.sealed = None


def _receipt(row: Activation) -> Receipt:
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
