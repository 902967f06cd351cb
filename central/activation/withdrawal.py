"""Erases what central holds of a person who withdraws consent; the answer says what went and what stays.

What stays, and why: numbers, codes and times of requests and credentials, so that none serves twice; the
evidence of the request to erase itself, which shows that the owner made it; the receipt; and for a while the
keyed hash in `Ending`, or a request that is still on its way would open a credential again.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from central.activation.recheck_policy import UNSETTLED
from central.codes import Code
from central.privacy import retention
from central.protocol.messages import ErasureNote
from central.settings import Retention
from central.storage.tables import Activation, Credential, PhoneCode, Status


def erase_person(
    session: Session, row: Activation, person: str, key: Ed25519PrivateKey, keep: Retention, now: float
) -> ErasureNote:
    """Erase what there is of `person` from before the request of `row`, which has ended the credential.

    Older requests that still wait are refused: their sealed part is erased with the rest.
    """
    retention.lock_erasures(session)
    ended = (
        (Credential.person == person)
        & Credential.revoked_unix.is_not(None)
        & (Credential.asked_unix <= row.ended_unix)
    )
    own = (
        (Activation.person == person) & (Activation.id != row.id) & (Activation.ended_unix <= row.ended_unix)
    )
    credentials, first_opened = session.execute(
        select(func.count(), func.min(Credential.opened_unix)).where(ended)
    ).one()
    requests, first_came = session.execute(
        select(func.count(), func.min(Activation.received_unix)).where(own)
    ).one()
    session.execute(
        update(Activation)
        .where(own, Activation.status.in_(UNSETTLED))
        .values(status=Status.REFUSED.value, code=Code.PERSON_ENDED.value, at_unix=now, recheck_unix=None)
    )
    session.execute(delete(PhoneCode).where(PhoneCode.visit.in_(select(Activation.id).where(own))))
    session.execute(
        update(Activation)
        .where(own)
        .values(
            sealed=None,
            evidence="",
            measures=None,
            phone=None,
            applicant=None,
            person=None,
            phone_proved=None,
        )
    )
    session.execute(update(Credential).where(ended).values(person="", guardian=None, phone=b"", password=""))
    row.person = row.applicant = None
    receipt = retention.sign_receipt(
        session,
        key,
        at_unix=now,
        kind="one person",
        count=credentials + requests,
        from_unix=min((at for at in (first_opened, first_came) if at is not None), default=now),
        to_unix=now,
        days=0.0,
        by=row.id,
    )
    return ErasureNote(
        receipt=receipt.seq,
        credentials=credentials,
        requests=requests,
        evidence_until_unix=now + keep.evidence_days * retention.DAY_S,
        guard_until_unix=now + keep.endings_days * retention.DAY_S,
    )
