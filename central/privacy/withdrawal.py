"""Erases what central holds of a person who withdraws consent; the answer says what went and what stays.

What stays, and why: numbers, codes and times of requests and credentials, so that none serves twice; the
evidence of the request to erase itself, which shows that the owner made it; the receipt; and for a while the
keyed hash in `Ending`, or a request that is still on its way would open a credential again.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from central.codes import Code
from central.privacy import retention
from central.protocol.messages import ErasureNote
from central.settings import Retention
from central.storage.authentication_tables import FaceConsent, Recording, RecordingChunk, Subject
from central.storage.owner_tables import OwnerSession, Use
from central.storage.tables import Activation, Credential, PhoneCode, Status


def erase_person(
    session: Session,
    person: str,
    *,
    before_unix: float,
    by: str,
    key: Ed25519PrivateKey,
    keep: Retention,
    now: float,
) -> ErasureNote:
    """Erase what there is of `person` from before `before_unix`, when the credential was ended.

    `by`: the number of the visit in which the owner asked for it, which itself stays; on a page, "page".
    Older requests that still wait are refused: their sealed part is erased with the rest.
    """
    retention.lock_erasures(session)
    ended = (
        (Credential.person == person)
        & Credential.revoked_unix.is_not(None)
        & (Credential.asked_unix <= before_unix)
    )
    own = (Activation.person == person) & (Activation.id != by) & (Activation.ended_unix <= before_unix)
    credentials, first_opened = session.execute(
        select(func.count(), func.min(Credential.opened_unix)).where(ended)
    ).one()
    requests, first_came = session.execute(
        select(func.count(), func.min(Activation.received_unix)).where(own)
    ).one()
    session.execute(
        update(Activation)
        .where(own, Activation.status.in_(retention.UNSETTLED))
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
    has_open = select(Credential.serial).where(Credential.person == person, Credential.revoked_unix.is_(None))
    recorded = (Recording.person == person) & (Recording.started_unix <= before_unix)
    serials = select(Credential.serial).where(ended)
    for rows in (
        delete(OwnerSession).where(OwnerSession.credential.in_(serials)),
        delete(Use).where(Use.person == person, Use.at_unix <= before_unix),
        delete(FaceConsent).where(FaceConsent.person == person, FaceConsent.at_unix <= before_unix),
        # A clip that a worker has ends with its verdict.
        delete(RecordingChunk).where(RecordingChunk.recording.in_(select(Recording.id).where(recorded))),
        delete(Recording).where(recorded),
        # A person who has opened another credential since keeps the subjects of that.
        delete(Subject).where(Subject.person == person, ~exists(has_open)),
    ):
        session.execute(rows)
    session.execute(update(Credential).where(ended).values(person="", guardian=None, phone=b"", password=""))
    receipt = retention.sign_receipt(
        session,
        key,
        at_unix=now,
        kind="one person",
        count=credentials + requests,
        from_unix=min((at for at in (first_opened, first_came) if at is not None), default=now),
        to_unix=now,
        days=0.0,
        by=by,
    )
    return ErasureNote(
        receipt=receipt.seq,
        credentials=credentials,
        requests=requests,
        evidence_until_unix=now + keep.evidence_days * retention.DAY_S,
        guard_until_unix=now + keep.endings_days * retention.DAY_S,
    )
