"""Pairwise subjects (OpenID Connect Core 1.0, 8.1): parties of two sectors cannot join what they know."""

import secrets

from sqlalchemy.orm import Session

from central.storage.authentication_tables import Subject


def subject_of(session: Session, sector: str, person: str) -> str:
    """Return the subject by which a sector knows a person; made at the first time. `person`: keyed hash.

    Raises IntegrityError if another transaction makes it at the same moment.
    """
    row = session.get(Subject, (sector, person))
    if row is None:
        row = Subject(sector=sector, person=person, subject=secrets.token_urlsafe(24))
        session.add(row)
        session.flush()
    return row.subject
