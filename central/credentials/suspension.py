"""Suspended credentials: they stay their owner's, and nobody is authenticated with them.

An owner lifts what the owner suspended; what an operator suspended, with a reason, only an operator lifts.
"""

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.storage.owner_tables import CredentialAct
from central.storage.tables import Credential


class By(StrEnum):
    """Who acts."""

    OWNER = "owner"
    OPERATOR = "operator"


class Act(StrEnum):
    """What was done with a credential."""

    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"
    FORGET = "forget"  # the kept picture
    PHONE = "phone"  # another mobile number
    DOWNLOAD = "download"
    ERASE = "erase"


Change = Callable[[Session, Credential, By, float, str], bool]


def suspend(session: Session, credential: Credential, by: By, now: float, reason: str = "") -> bool:
    """Suspend an open credential; return False if it has ended, or was suspended by an operator before."""
    if credential.revoked_unix is not None or credential.suspended_by == By.OPERATOR:
        return False
    credential.suspended_unix, credential.suspended_by = now, by.value
    note(session, credential.serial, Act.SUSPEND, by, now, reason)
    return True


def resume(session: Session, credential: Credential, by: By, now: float, reason: str = "") -> bool:
    """Lift a suspension; return False if there is none, or an operator's that an owner would lift."""
    operators = credential.suspended_by == By.OPERATOR and by is not By.OPERATOR
    if credential.suspended_unix is None or credential.revoked_unix is not None or operators:
        return False
    credential.suspended_unix, credential.suspended_by = None, ""
    note(session, credential.serial, Act.RESUME, by, now, reason)
    return True


def is_suspended(session: Session, person: str) -> bool:
    """Return whether the person's open credential is suspended. `person`: keyed hash of the ID number."""
    found = select(Credential.serial).where(
        Credential.person == person,
        Credential.revoked_unix.is_(None),
        Credential.suspended_unix.is_not(None),
    )
    return session.scalars(found).first() is not None


def has_ended(session: Session, person: str) -> bool:
    """Return whether the person had a credential and has none that is open. `person`: as above."""
    found = select(Credential.revoked_unix).where(Credential.person == person)
    ends = session.scalars(found).all()
    return bool(ends) and all(ended is not None for ended in ends)


def note(session: Session, serial: str, act: Act, by: By, now: float, reason: str = "") -> None:
    """Record what was done with a credential."""
    session.add(CredentialAct(credential=serial, act=act.value, by=by.value, reason=reason, at_unix=now))
