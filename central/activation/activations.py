"""Activation requests, each carried out exactly once.

A request's row is made before anything is done, and every repetition of the request finds it:

    claim   one transaction: the signature is spent, the row is made with everything needed to finish it,
            takes its challenge, and is judged by evidence and sealed part; what is refused or held ends here
    answer  no transaction: the register, which may take long, so others need not wait for it
    settle  one transaction: the credential and the final answer, or the time of the next check

The process that works on a row holds a lease. If it dies, the lease runs out, and the next request or the
re-checker takes over; `settle` changes nothing that is settled, and the credential's own constraint admits
one a visit. A problem that is found in a claim is raised after its commit: the signature stays spent, and the
head of the audit log stored.
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Float, Integer, Select, String, bindparam, case, event, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central import known_keys, metrics
from central.activation import (
    challenges,
    facts,
    guardians,
    numbers,
    plausibility,
    recheck_policy,
    reviews,
    visit_times,
)
from central.activation.authority import Authority, MatchResult, ask
from central.activation.evidence import refusal
from central.activation.recheck_policy import UNSETTLED, Decision
from central.codes import Code
from central.credentials import lifecycle, reference_pictures
from central.exceptions import Problem
from central.fleet import alarms, audit_heads, signatures
from central.fleet.audit_heads import AuditHead
from central.fleet.signatures import SignedCall
from central.privacy import withdrawal
from central.protocol.messages import (
    ActivationRequest,
    ErasureNote,
    Person,
    Purpose,
    Receipt,
    ReceiptStatus,
    Reference,
)
from central.security.keys import Keys
from central.security.personal_data import PersonalData
from central.security.sealing import Unsealable, open_sealed
from central.settings import Settings
from central.storage.database import Database
from central.storage.prepared import Columns, Prepared, PreparedTogether
from central.storage.tables import (
    IS_PENDING,
    IS_RUNNING,
    Activation,
    Credential,
    Status,
)


class Claim(NamedTuple):
    """A visit that is worked on, and until when no other process does."""

    visit: str
    lease_unix: float


@dataclass(frozen=True, kw_only=True, repr=False)  # no personal data in logs
class Question:
    """What to ask the register about a visit, and what to do with its answer."""

    claim: Claim
    person: Person
    purpose: Purpose
    simulated: bool
    received_unix: float
    ended_unix: float
    absent: int


class _Came(NamedTuple):
    """A request as it came; `opened`: None if its sealed part does not open."""

    request: ActivationRequest
    digest: str
    opened: "_Opened | None"
    head: AuditHead | None
    clock_off_s: float
    call: SignedCall | None


@dataclass(frozen=True, kw_only=True, repr=False)  # no personal data in logs
class _Opened:
    """The person of a sealed part, and keyed hashes: of the owner, of the number and of who gave it."""

    person: Person
    owner: str
    phone: str | None
    applicant: str | None


# What came is not read again: with a picture it is some 40 KB.
_ROW_QUERY = (
    select(
        Activation.id,
        Activation.terminal,
        Activation.phone,
        Activation.applicant,
        Activation.received_unix,
        Activation.status,
        Activation.code,
        Activation.at_unix,
        Activation.recheck_unix,
        Activation.absent,
        Activation.lease_unix,
        Activation.credential,
        Activation.erasure,
    )
    .where(Activation.id == bindparam("visit"))
    .with_for_update()
)
_ROW = Prepared(_ROW_QUERY)
# Two requests of one person: who comes second waits until the first is settled, and sees it.
_ROW_AND_PERSON = Prepared(_ROW_QUERY.add_columns(lifecycle.WAIT_FOR_OTHERS))
_KNOWN = Prepared(
    select(*lifecycle.KNOWN, plausibility.PEOPLE_A_PHONE.scalar_subquery().label("phone_others"))
)
_SETTLE_QUERY = (
    update(Activation)
    .where(Activation.id == bindparam("visit"))
    .values(
        status=bindparam("new_status"),
        code=bindparam("new_code"),
        at_unix=bindparam("new_at_unix"),
        recheck_unix=bindparam("new_recheck_unix"),
        absent=bindparam("new_absent"),
        lease_unix=bindparam("new_lease_unix"),
        credential=bindparam("new_credential"),
        erasure=bindparam("new_erasure"),
        # Waiting requests keep what they need to be finished; it goes with the last word.
        sealed=case((bindparam("new_status", type_=String) == Status.PENDING.value, Activation.sealed)),
    )
)
_SETTLE = Prepared(_SETTLE_QUERY)


def _claim_rows(due: Select[str]) -> Prepared:
    """Return what sets the lease of the first `most` rows of `due` that no other process is about to take."""
    free = due.limit(bindparam("most", type_=Integer)).with_for_update(skip_locked=True).cte("due")
    # Run once: as a part of the other query it might be run again, and lock more than its limit.
    free = free.prefix_with("MATERIALIZED", dialect="postgresql")
    claim = update(Activation).where(Activation.id.in_(select(free.c.id)))
    return Prepared(claim.values(lease_unix=bindparam("lease")).returning(Activation.id))


_NOW = bindparam("now", type_=Float)
_CLAIM_ORPHANED = _claim_rows(
    select(Activation.id).where(IS_RUNNING, Activation.lease_unix <= _NOW).order_by(Activation.lease_unix)
)
_CLAIM_WAITING = _claim_rows(
    select(Activation.id)
    .where(IS_PENDING, Activation.recheck_unix <= _NOW, Activation.lease_unix <= _NOW)
    .order_by(Activation.recheck_unix)
)
_SETTLE_AND_OPEN = PreparedTogether(_SETTLE_QUERY, lifecycle.COLUMNS.insert)
_COLUMNS = Columns(Activation)


@cache
def _write_claim(*, spends: bool, has_head: bool) -> PreparedTogether:
    """Return the statements that store a claim."""
    parts = [signatures.SPEND] * spends + [audit_heads.STORE] * has_head
    return PreparedTogether(*parts, challenges.TAKE, _COLUMNS.insert)


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

    def submit(
        self,
        request: ActivationRequest,
        body: bytes,
        head: AuditHead | None = None,
        clock_off_s: float = 0.0,
    ) -> Receipt:
        """Carry out a request and return its receipt; return that of the first time if it is repeated.

        `body`: the bytes of `request`, which must be the same each time. `head`: of the terminal's audit log;
        None: the request came on a stick, which central's staff brought. `clock_off_s`: central's clock minus
        the terminal's during the visit, as the terminal measured it. Raises Problem 409 or 422.
        """
        outcome = self.begin(request, body, head, clock_off_s)
        receipt = outcome if isinstance(outcome, Receipt) else self.answer(outcome)
        receipt = receipt or self.look_up(request.id, request.terminal)
        assert receipt is not None  # claimed above
        return receipt

    def begin(
        self,
        request: ActivationRequest,
        body: bytes,
        head: AuditHead | None = None,
        clock_off_s: float = 0.0,
        call: SignedCall | None = None,
        when_spent: Callable[[], None] = lambda: None,
    ) -> Question | Receipt:
        """Claim a request and judge what it brings; return what to ask the register: `answer` does it.

        A receipt: there is nothing to ask. `call`: its signature, which is spent in the claim's transaction;
        then `when_spent` is called. None: the request is not signed for the line. The other arguments and the
        problems are those of `submit`, and of `signatures.admit` and `spend`.
        """
        opened = self._open(request)
        came = _Came(request, sha256(body).hexdigest(), opened, head, clock_off_s, call)
        try:
            outcome = self._claim(came)
        except IntegrityError as error:
            if signatures.is_replay(error):
                raise signatures.replayed() from None
            outcome = self._claim(came)  # a request of the same number won the race
        when_spent()
        if isinstance(outcome, Problem):
            raise outcome
        return outcome

    def answer(self, question: Question) -> Receipt | None:
        """Ask the register, which may take long, and settle the visit with its answer.

        Return the receipt; None: another works on the visit by now.
        """
        return self._settle_answer(question, self._ask_authority(question.person))

    def give_up(self, claim: Claim) -> None:
        """Let a visit wait for which the register takes too long, as if it had answered UNAVAILABLE.

        If it answers yet, and that is the last word, it counts all the same.
        """
        with self._database.read() as session:
            row = session.get_one(Activation, claim.visit)
        silent = MatchResult.UNAVAILABLE
        decision = recheck_policy.decide(silent, row.absent, row.received_unix, self._clock(), self._settings)
        self._settle(*claim, decision)

    def let_wait(self, question: Question, *, asked: bool) -> None:
        """Note that a visit is pending whose answer is awaited no longer here.

        `asked`: the register was asked and may answer yet, so the lease stays. If not, the visit is due at
        once. The receipt names as long a pause as it waited.
        """
        now = self._clock()
        with self._database.write() as session:
            row = session.get_one(Activation, question.claim.visit, with_for_update=True)
            if row.status != Status.RUNNING or row.lease_unix != question.claim.lease_unix:
                return
            row.status, row.code = Status.PENDING.value, Code.AUTHORITY_UNAVAILABLE.value
            row.at_unix, row.recheck_unix = now, now + self._settings.authority.wait_s
            if not asked:
                row.lease_unix = 0.0

    def look_up(self, visit: str, terminal: str) -> Receipt | None:
        """Return the receipt of a visit; None if it is not this terminal's, or was never seen.

        Raises Problem 409 while it is being worked on.
        """
        with self._database.read() as session:
            row = session.get(Activation, visit)
            if row is None or row.terminal != terminal:
                return None
            if (receipt := _receipt(row)) is None:
                raise _in_flight()
            return receipt

    def claim_due(self, limit: int) -> list[Claim]:
        """Take the leases of visits to work on now, the longest due first; other processes get others.

        Due are pending ones whose time has come, and those whose process died or takes too long.
        """
        now = self._clock()
        lease = now + self._settings.requests.lease_s
        with self._database.write() as session:
            given = {"now": now, "lease": lease}
            found = [one.id for one in _CLAIM_ORPHANED(session, **given, most=limit).all()]
            rest = limit - len(found)
            found += [one.id for one in _CLAIM_WAITING(session, **given, most=rest).all()]
        return [Claim(visit, lease) for visit in found]

    def resume(self, claim: Claim) -> None:
        """Work on a visit that was claimed."""
        with self._database.write() as session:
            row = session.get_one(Activation, claim.visit, with_for_update=True)
            if row.status not in UNSETTLED or row.lease_unix != claim.lease_unix:
                return  # its owner had everything erased meanwhile, or another works on it
            judged = self._judge_again(session, row)
        if isinstance(judged, Question):
            self.answer(judged)

    def _claim(self, came: "_Came") -> Question | Receipt | Problem:
        """Take the lease of a request and judge it, or return what there is: its receipt, or a problem.

        The problem is 409 if another holds the lease, 422 if the number came before with another body.
        """
        request, call, now = came.request, came.call, self._clock()
        lease = now + self._settings.requests.lease_s
        row = _new_row(came, now, lease)
        with self._database.write() as session:
            if call is not None:
                signatures.admit(session, call)
            else:
                signatures.lock(session, request.terminal)
            known = self._facts(session, came, row)
            if known.is_known:
                return self._repeated(session, came, now, lease)
            known, is_head_new = self._take_in(session, came, row, known)
            judged = self._judge(session, request, row, came.opened, known)
            values = {"terminal": request.terminal, "challenge": request.challenge, "visit": request.id}
            if call is not None:
                values |= signatures.spent(call)
                if call.head is not None:
                    values |= audit_heads.row(call.head, call.signed_unix, time.time())
            write = _write_claim(spends=call is not None, has_head=is_head_new)
            write(session, **values | _COLUMNS.of(row))
            return judged

    def _repeated(
        self, session: Session, came: "_Came", now: float, lease: float
    ) -> Question | Receipt | Problem:
        """Do what `_claim` does for a visit's number that came before."""
        if came.call is not None:
            signatures.spend(session, came.call, time.time())
        row = session.get_one(Activation, came.request.id, with_for_update=True)
        # One answer for both: another terminal learns nothing by using a number that is taken.
        if row.terminal != came.request.terminal or row.body_sha256 != came.digest:
            return Problem(422, Code.REQUEST_KEY_REUSED, "this number came before with another body")
        if (receipt := _receipt(row)) is not None:
            return receipt
        if row.lease_unix > now:
            return _in_flight()
        row.lease_unix = lease
        return self._judge_again(session, row)

    def _facts(self, session: Session, came: "_Came", row: Activation) -> facts.Facts:
        phone, applicant = (came.opened.phone, came.opened.applicant) if came.opened else (None, None)
        head, signed_unix = (came.call.head, came.call.signed_unix) if came.call else (None, 0.0)
        return facts.read(session, came.request, row, phone, applicant, self._settings, head, signed_unix)

    def _take_in(
        self, session: Session, came: "_Came", row: Activation, known: facts.Facts
    ) -> tuple[facts.Facts, bool]:
        """Raise the alarms that a new request is a reason for, and see that its challenge is there.

        Return the facts after that, and whether its audit head is to be stored. The challenge counts as
        taken: nobody else can take it while the terminal's row is locked, and it is taken with the claim.
        """
        request, head, settings = came.request, came.call.head if came.call else None, self._settings
        is_head_new = audit_heads.is_new(head, known.row)
        changed = audit_heads.note_contradiction(session, request.terminal, head, known.row, time.time())
        if known.challenge is None:
            key, terminal, now = self._keys.challenge, request.terminal, row.received_unix
            if challenges.restore(session, key, request.challenge, terminal, now, settings):
                changed, known = True, self._facts(session, came, row)
        changed |= plausibility.judge(session, request, row, came.head, known.row, settings)
        if changed:  # an alarm counts for the request that raised it
            known = self._facts(session, came, row)
        return known.with_taken(request.terminal, request.id), is_head_new

    def _judge_again(self, session: Session, row: Activation) -> Question | Receipt:
        """Judge a request that is stored, some time after it came."""
        sealed = json.loads(row.sealed or "{}")
        request = ActivationRequest.model_validate(json.loads(row.evidence) | {"sealed": sealed})
        opened = self._open(request)
        phone, applicant = (opened.phone, opened.applicant) if opened else (None, None)
        known = facts.read(session, request, row, phone, applicant, self._settings)
        return self._judge(session, request, row, opened, known)

    def _open(self, request: ActivationRequest) -> "_Opened | None":
        """Open the sealed part; None if it does not open. What is not needed of it is dropped.

        Raises Problem 503 if another machine of central has the key.
        """
        try:
            person = open_sealed(request, self._keys.sealing)
        except Unsealable:
            known_keys.need_sealing_key(self._database, self._keys, request.sealed.key)
            return None
        present = person.guardian or person  # a parent may give one number for all children
        return _Opened(
            person=person,
            owner=self._personal_data.person(person.number),
            phone=self._personal_data.phone(person.phone) if person.phone is not None else None,
            applicant=self._personal_data.person(present.number) if person.phone is not None else None,
        )

    def _judge(
        self,
        session: Session,
        request: ActivationRequest,
        row: Activation,
        opened: "_Opened | None",
        known: facts.Facts,
    ) -> Question | Receipt:
        """Judge evidence and sealed part; return what to ask the register, or the receipt without that."""
        judged = self._decision_or_person(session, request, row, opened, known)
        if isinstance(judged, Decision):
            self._note(session, row, judged, self._clock())
            told = (judged.status.value, judged.code.value)
            event.listen(session, "after_commit", lambda _: metrics.count_decision(*told), once=True)
            receipt = _receipt(row)
            assert receipt is not None  # no decision is RUNNING
            return receipt
        return Question(
            claim=Claim(row.id, row.lease_unix),
            person=judged,
            purpose=request.purpose,
            simulated=request.simulated or self._settings.simulation,
            received_unix=row.received_unix,
            ended_unix=row.ended_unix,
            absent=row.absent or 0,
        )

    def _decision_or_person(
        self,
        session: Session,
        request: ActivationRequest,
        row: Activation,
        opened: "_Opened | None",
        known: facts.Facts,
    ) -> Decision | Person:
        phone, applicant = (opened.phone, opened.applicant) if opened else (None, None)
        off_s = row.ended_unix - request.at_unix
        received_unix = row.received_unix - off_s
        staff = visit_times.staff_by(known.staff, off_s)
        code = refusal(
            request,
            visit_times.challenge_by(known.challenge, off_s),
            received_unix,
            self._settings,
            staff,
            visit_times.readers_by(known.readers, off_s),
        )
        if code is None and known.released is False:
            code = Code.EVIDENCE_REVIEW
        if code is not None:
            return recheck_policy.refuse(code)
        clerk = reviews.late_signer(request, staff, received_unix, self._settings)
        if clerk is not None and known.released is None:
            alarms.note_held_review(session, row.terminal, row.id, clerk, self._clock())
            return self._hold(row, Code.REVIEW_HELD)
        if known.is_held:
            if known.is_revoked:  # an operator looked into it and does not trust it
                return recheck_policy.refuse(Code.TERMINAL_REVOKED)
            return self._hold(row, Code.AUDIT_REWOUND if known.is_rewound else Code.REQUEST_HELD)
        if opened is None:
            return recheck_policy.refuse(Code.EVIDENCE_UNSEALABLE)
        code = sealed_part_refusal(request.model_copy(update={"at_unix": row.ended_unix}), opened.person)
        if code is not None:
            return recheck_policy.refuse(code)
        row.person = opened.owner
        if phone is not None:
            row.phone, row.applicant, row.phone_proved = phone, applicant, known.is_phone_proved
            if self._is_phone_shared(session, row, known.phone_others):
                return self._hold(row, Code.REQUEST_HELD)
            if not known.is_phone_proved and self._settings.phone_codes.policy == "required":
                return recheck_policy.refuse(Code.PHONE_UNPROVED)
        return opened.person

    def _hold(self, row: Any, code: Code) -> Decision:
        return recheck_policy.hold(code, row.absent or 0, self._clock(), self._settings)

    def _is_phone_shared(self, session: Session, row: Any, others: int) -> bool:
        """Raise an alarm if too many people gave the number; return whether it is open."""
        if not plausibility.judge_phone(session, row, others, self._settings, self._clock()):
            return False
        session.flush()
        return alarms.is_visit_held(session, row.id)

    def _settle_answer(self, question: Question, match: MatchResult) -> Receipt | None:
        decision = recheck_policy.decide(
            match, question.absent, question.received_unix, self._clock(), self._settings
        )
        credential = None
        if decision.status is Status.ACTIVATED:
            credential = lifecycle.prepare(
                question.person,
                question.claim.visit,
                question.ended_unix,
                question.simulated,
                self._personal_data,
            )
        reference = question.person.reference
        return self._settle(*question.claim, decision, credential, question.purpose, reference)

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
        lease: float,
        decision: Decision,
        credential: Credential | None = None,
        purpose: Purpose = Purpose.OPEN,
        reference: Reference | None = None,
    ) -> Receipt | None:
        """Store the decision, the credential and its picture, unless the visit is settled already.

        Return the receipt; None: another works on the visit.

        Unless it is the register's last word, it is stored only while `lease` is the visit's: another may
        work on it by now.
        """
        now = self._clock()
        with self._database.write() as session:
            row = self._locked_row(session, visit, credential)
            if row.status not in UNSETTLED:
                return _receipt(row)  # another was faster: the first answer stands
            is_last_word = (
                decision.status not in UNSETTLED and decision.code is not Code.AUTHORITY_UNAVAILABLE
            )
            if not is_last_word and row.lease_unix != lease:
                return _receipt(row)
            settled = _Settled(decision)
            if credential is None:
                _SETTLE(session, visit=visit, **settled.columns(now))
            else:
                settled = self._store(session, row, decision, credential, purpose, now)
                if reference is not None and settled.decision.status is Status.ACTIVATED:
                    self._keep(session, reference, credential, now)
        metrics.count_decision(settled.decision.status.value, settled.decision.code.value)
        if settled.erasure is not None:
            self._database.scrub()
        return settled.receipt(visit, now)

    def _keep(self, session: Session, reference: Reference, credential: Credential, now: float) -> None:
        reference_pictures.keep(
            session,
            self._personal_data,
            person=credential.person,
            credential=credential.serial,
            picture=base64.b64decode(reference.picture),
            consent_sha256=reference.consent.text_sha256,
            now=now,
        )

    def _locked_row(self, session: Session, visit: str, credential: Credential | None) -> Any:
        """Lock the visit's row, and the person, if a credential is to be opened, changed or ended."""
        if credential is None or session.get_bind().dialect.name != "postgresql":
            return _ROW(session, visit=visit).one()
        key = lifecycle.person_key(credential.person)
        return _ROW_AND_PERSON(session, visit=visit, person_key=key).one()

    def _store(
        self,
        session: Session,
        row: Any,
        decision: Decision,
        credential: Credential,
        purpose: Purpose,
        now: float,
    ) -> "_Settled":
        """Store the decision and the credential; or a refusal, or that the request is held.

        Of several requests at once with one mobile number the last sees how many people gave it.
        """
        since = row.received_unix - self._settings.plausibility.phone_days * plausibility.DAY_S
        known = _KNOWN(
            session,
            person=credential.person,
            phone=row.phone,
            applicant=row.applicant,
            phone_since_unix=since,
        ).one()
        if row.phone is not None and self._is_phone_shared(session, row, known.phone_others):
            settled = _Settled(self._hold(row, Code.REQUEST_HELD))
        elif purpose is not Purpose.OPEN:
            settled = self._carry_out(session, row.id, decision, credential, purpose, now)
        elif (code := lifecycle.opening(credential, known, now)) is not Code.OK:
            settled = _Settled(recheck_policy.refuse(code))
        else:
            settled = _Settled(decision, credential.serial)
            values = lifecycle.COLUMNS.of(credential)
            _SETTLE_AND_OPEN(session, visit=row.id, **settled.columns(now), **values)
            return settled
        _SETTLE(session, visit=row.id, **settled.columns(now))
        return settled

    def _note(self, session: Session, row: Activation, decision: Decision, now: float) -> None:
        """Note a decision in the row. The sealed part goes with the last word."""
        for name, value in _Settled(decision).columns(now).items():
            setattr(row, name.removeprefix("new_"), value)
        if decision.status not in UNSETTLED:
            row.sealed = None
        if decision.code is Code.READER_CHANGED:
            alarms.raise_reader(session, row.terminal, row.id, now)

    def _carry_out(
        self,
        session: Session,
        visit: str,
        decision: Decision,
        credential: Credential,
        purpose: Purpose,
        now: float,
    ) -> "_Settled":
        """Do what the person wants with the credential; return the decision, or a refusal."""
        person = credential.person
        code, serial = lifecycle.carry_out(session, purpose, credential, self._personal_data, now)
        if code is not Code.OK:
            return _Settled(recheck_policy.refuse(code))
        if purpose is not Purpose.ERASE:
            return _Settled(decision, serial)
        row = session.get_one(Activation, visit)
        key, keep = self._keys.challenge, self._settings.retention
        assert row.ended_unix is not None
        note = withdrawal.erase_person(
            session, person, before_unix=row.ended_unix, by=row.id, key=key, keep=keep, now=now
        )
        row.person = row.applicant = None
        session.flush()
        return _Settled(decision, serial, note)


class _Settled(NamedTuple):
    """What is stored of a decision, and told."""

    decision: Decision
    serial: str | None = None
    erasure: ErasureNote | None = None

    def columns(self, now: float) -> dict[str, Any]:
        """Return the values of `_SETTLE`; the sealed part goes with the last word."""
        decision = self.decision
        return {
            "new_status": decision.status.value,
            "new_code": decision.code.value,
            "new_at_unix": now,
            "new_recheck_unix": decision.recheck_unix,
            "new_absent": decision.absent,
            "new_lease_unix": 0.0,
            "new_credential": self.serial,
            "new_erasure": self.erasure.model_dump_json() if self.erasure else None,
        }

    def receipt(self, visit: str, now: float) -> Receipt:
        """Return the answer to the terminal."""
        decision = self.decision
        return Receipt(
            id=visit,
            status=ReceiptStatus(decision.status.value),
            code=decision.code,
            credential=self.serial,
            recheck_unix=decision.recheck_unix,
            at_unix=now,
            erasure=self.erasure,
        )


def _new_row(came: "_Came", now: float, lease: float) -> Activation:
    request = came.request
    return Activation(
        id=request.id,
        terminal=request.terminal,
        body_sha256=came.digest,
        sealed=request.sealed.model_dump_json(),
        evidence=request.model_dump_json(exclude={"sealed"}),
        received_unix=now,
        began_unix=request.began_unix + came.clock_off_s,
        ended_unix=request.at_unix + came.clock_off_s,
        measures=plausibility.fingerprint(request),
        status=Status.RUNNING.value,
        lease_unix=lease,
    )


def _receipt(row: Any) -> Receipt | None:
    """Return what the row tells its terminal; None while it is being worked on."""
    if row.status == Status.RUNNING:
        return None
    return Receipt(
        id=row.id,
        status=ReceiptStatus(row.status),
        code=Code(row.code),
        credential=row.credential,
        recheck_unix=row.recheck_unix,
        at_unix=row.at_unix,
        erasure=ErasureNote.model_validate_json(row.erasure) if row.erasure else None,
    )


def sealed_part_refusal(request: ActivationRequest, person: Person) -> Code | None:
    """Return why the sealed part contradicts the request around it, or None."""
    if person.picture is not None and not request.consent.picture:
        return Code.EVIDENCE_REFUSED
    if person.reference is not None and person.reference.consent != request.reference:
        return Code.EVIDENCE_REFUSED
    if (person.way, person.reviews) != (request.way, request.reviews):
        return Code.EVIDENCE_REVIEW
    if not reviews.are_for(request, person):
        return Code.EVIDENCE_SIGNATURE
    if person.purpose is not request.purpose:
        return Code.EVIDENCE_REFUSED
    if not numbers.are_regular(request, person):
        return Code.EVIDENCE_UNSEALABLE
    return guardians.sealed_part_refusal(request, person)


def _in_flight() -> Problem:
    return Problem(409, Code.REQUEST_IN_FLIGHT, "somebody works on it; ask again", retry_after_s=1)
