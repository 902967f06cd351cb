"""Pictures kept as references: taken when a credential was opened, with separate consent.

A picture is encrypted, belongs to the open credential of its person, and is erased with it or on demand.
"""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central.security.personal_data import PersonalData
from central.storage.verification_tables import ReferencePicture


def keep(
    session: Session,
    protection: PersonalData,
    *,
    person: str,
    credential: str,
    picture: bytes,
    consent_sha256: str,
    now: float,
) -> None:
    """Keep a picture in place of an earlier one. `person`: keyed hash; `consent_sha256`: of the text."""
    session.merge(
        ReferencePicture(
            person=person,
            credential=credential,
            picture=protection.encrypt_picture(picture, person),
            consent_sha256=consent_sha256,
            kept_unix=now,
        )
    )


def find(session: Session, protection: PersonalData, person: str) -> bytes | None:
    """Return a person's kept picture as JPEG; None without one. Raises ValueError if it was altered."""
    stored = session.scalar(select(ReferencePicture.picture).where(ReferencePicture.person == person))
    return None if stored is None else protection.decrypt_picture(stored, person)


def kept_since(session: Session, person: str) -> float | None:
    """Return since when a picture is kept; None without one."""
    return session.scalar(select(ReferencePicture.kept_unix).where(ReferencePicture.person == person))


def forget(session: Session, person: str) -> bool:
    """Erase a person's kept picture; return whether there was one."""
    gone = (
        delete(ReferencePicture).where(ReferencePicture.person == person).returning(ReferencePicture.person)
    )
    return session.scalar(gone) is not None
