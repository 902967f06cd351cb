"""Clips that wait for a verdict: handed in here, judged by the workers of `verification`, read here.

A job is a row: waiting → running (a worker has leased it) → settled. Workers and central share the table and
the messages of `central.protocol.verification`, nothing else. The worker that writes the verdict erases the
clip in the same transaction; a job without a verdict after `JOB_S` is over, and its clip is erased by
`central.privacy.clips`, which also signs the receipts.
"""

import secrets

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.protocol.verification import (
    JOB_S,
    TRIES,
    Answer,
    ClipEvidence,
    Job,
    Outcome,
    VerdictCode,
    seal_job,
)
from central.storage.verification_tables import VerificationJob, VerificationWorker

CLIP_S = 5.0
"""Time of one job where none was measured: 3–4.3 s of CPU for a clip of 16 s (docs/verification.md)."""
ALIVE_S = 15.0
"""A worker that has neither looked for jobs for so long nor holds one is gone."""
_FEWEST, _LATEST = 3, 50  # jobs of which the mean time is taken
_WAITING, _RUNNING, _SETTLED = "waiting", "running", "settled"


class VerificationJobs:
    """Takes clips in and returns verdicts. `key`: the workers'. `wait_most_s`: the longest queue."""

    def __init__(self, key: X25519PublicKey, wait_most_s: float) -> None:
        self._key = key
        self._wait_most_s = wait_most_s

    def submit(
        self,
        session: Session,
        *,
        request: str,
        evidence: ClipEvidence,
        clip: bytes,
        reference: bytes | None,
        now: float,
    ) -> str:
        """Hand in a clip and return the id of its job. `request`: id of the authentication request.

        `reference`: the JPEG to compare with; None gives the verdict NO_REFERENCE. Call it in a session that
        writes. Raises Problem: 503 if the wait would be too long or no worker is there, 409 while an earlier
        clip of the request has no verdict, 422 for a clip that is empty or too large.
        """
        unsettled = select(VerificationJob.id).where(
            VerificationJob.request == request,
            VerificationJob.state != _SETTLED,
            VerificationJob.expires_unix > now,
        )
        if session.scalar(unsettled.limit(1)) is not None:
            raise Problem(409, Code.REQUEST_IN_FLIGHT, "a clip of this request has no verdict yet")
        wait_s = self.queue_wait_s(session, now)
        if wait_s > self._wait_most_s:
            raise Problem(503, Code.CENTRAL_BUSY, "too many clips wait", retry_after_s=min(wait_s, JOB_S))
        id = secrets.token_hex(16)
        try:
            if not clip:
                raise ValueError("the clip is empty")
            sealed = seal_job(id, Job(evidence, clip, reference), self._key)
        except ValueError as error:
            raise Problem(422, Code.REQUEST_MALFORMED, str(error)) from None
        session.add(
            VerificationJob(
                id=id,
                request=request,
                state=_WAITING,
                made_unix=now,
                expires_unix=now + JOB_S,
                sealed=sealed,
            )
        )
        session.flush()
        return id

    def outcome(self, session: Session, job: str, now: float) -> Outcome | None:
        """Return the verdict of a job; None while it waits or runs. A job that is unknown or over timed out.

        A verdict stays readable until the job's time is over; the caller acts on it once.
        """
        row = session.get(VerificationJob, job, populate_existing=True)
        if row is not None and row.verdict is not None:
            return Outcome.model_validate_json(row.verdict)
        if row is None or row.expires_unix <= now:
            return Outcome(answer=Answer.RETRY, code=VerdictCode.TIMED_OUT)
        if row.tries >= TRIES and (row.lease_unix or 0.0) <= now:
            return Outcome(answer=Answer.REFUSE, code=VerdictCode.FAILED)
        return None

    def wait_s(self, session: Session, job: str, now: float) -> float | None:
        """Return the seconds until the verdict of a waiting job, by the jobs before it; None if it runs."""
        row = session.get(VerificationJob, job, populate_existing=True)
        if row is None or row.state != _WAITING:
            return None
        return _wait_s(session, now, before=row.made_unix)

    def queue_wait_s(self, session: Session, now: float) -> float:
        """Return how long a clip that is handed in now would wait to be begun; infinity without a worker."""
        return _wait_s(session, now, before=now)


def _wait_s(session: Session, now: float, before: float) -> float:
    holders = select(VerificationJob.owner).where(
        VerificationJob.state == _RUNNING, VerificationJob.lease_unix > now
    )
    is_alive = (VerificationWorker.seen_unix > now - ALIVE_S) | VerificationWorker.owner.in_(holders)
    alive = select(func.count()).where(is_alive)
    workers = session.scalar(alive) or 0
    if not workers:
        return float("inf")
    jobs = (
        select(func.count())
        .select_from(VerificationJob)
        .where(
            VerificationJob.state.in_((_WAITING, _RUNNING)),
            VerificationJob.expires_unix > now,
            VerificationJob.made_unix < before,
        )
    )
    return max(0, (session.scalar(jobs) or 0) - workers + 1) * _job_s(session) / workers


def _job_s(session: Session) -> float:
    """Return what a job took lately, from claim to verdict."""
    took = VerificationJob.settled_unix - VerificationJob.claimed_unix
    latest = (
        select(took.label("took"))
        .where(VerificationJob.state == _SETTLED, VerificationJob.claimed_unix.is_not(None))
        .order_by(VerificationJob.settled_unix.desc())
        .limit(_LATEST)
        .subquery()
    )
    count, mean = session.execute(select(func.count(), func.avg(latest.c.took))).one()
    return float(mean) if count >= _FEWEST and mean is not None else CLIP_S
