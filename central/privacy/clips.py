"""Recorded clips: erased with their verdict, or when their time is over, and receipted.

A worker erases the clip in the transaction that stores the verdict, but has no key to sign receipts with;
central signs one receipt for all clips that were erased since the last, and deletes the rows whose time is
over. What a worker never finished is erased here.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select, update

from central.privacy.retention import DAY_S, ErasureReceipt, lock_erasures, sign_receipt
from central.protocol.verification import JOB_S
from central.storage.authentication_tables import RecordingChunk
from central.storage.database import Database
from central.storage.verification_tables import VerificationJob, VerificationWorker

KIND = "recorded clips"
ROUND_S = 10.0
"""How often central looks for clips to erase and to receipt."""
CHUNKS_S = 120.0
"""The longest time for a recording (`FaceCheck.recording_s`); one that ends erases its chunks itself."""
_WORKERS_S = 3600.0


def erase_chunks(database: Database, now: float) -> None:
    """Erase chunks of recordings that were broken off without a word from the page."""
    left = RecordingChunk.arrived_unix < now - CHUNKS_S
    with database.read() as session:
        if session.scalar(select(RecordingChunk.number).where(left).limit(1)) is None:
            return
    with database.write() as session:
        session.execute(delete(RecordingChunk).where(left))
    database.scrub()


def erase_clips(database: Database, key: Ed25519PrivateKey, now: float) -> ErasureReceipt | None:
    """Erase clips whose time is over and return the receipt for all that were erased since the last one."""
    with database.read() as session:
        due = select(VerificationJob.id).where(
            (VerificationJob.expires_unix <= now)
            | (VerificationJob.erased_unix.is_not(None) & VerificationJob.receipted.is_(False))
        )
        if session.scalar(due.limit(1)) is None:
            return None
    with database.write() as session:
        lock_erasures(session)
        session.execute(
            update(VerificationJob)
            .where(VerificationJob.expires_unix <= now, VerificationJob.sealed.is_not(None))
            .values(sealed=None, erased_unix=now, state="settled", settled_unix=now)
        )
        # Workers erase meanwhile: only what is locked here is counted, the rest with the next receipt.
        erased = VerificationJob.erased_unix.is_not(None) & VerificationJob.receipted.is_(False)
        rows = list(session.scalars(select(VerificationJob).where(erased).with_for_update()))
        for row in rows:
            row.receipted = True
        made = [row.made_unix for row in rows]
        receipt = None
        if made:
            receipt = sign_receipt(
                session,
                key,
                at_unix=now,
                kind=KIND,
                count=len(made),
                from_unix=min(made),
                to_unix=max(made),
                days=JOB_S / DAY_S,
                by="job",
            )
            session.flush()
        session.execute(
            delete(VerificationJob).where(
                VerificationJob.expires_unix <= now, VerificationJob.receipted.is_(True)
            )
        )
        session.execute(delete(VerificationWorker).where(VerificationWorker.seen_unix < now - _WORKERS_S))
    database.scrub()
    return receipt
