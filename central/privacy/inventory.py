"""Inventory of the data that central holds, by category: how much, since when, until when."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from central.privacy.clips import CHUNKS_S
from central.privacy.retention import DAY_S
from central.protocol.verification import JOB_S
from central.settings import Retention
from central.storage.authentication_tables import FaceConsent, Recording, RecordingChunk
from central.storage.owner_tables import CredentialAct, OwnerSession, Use
from central.storage.tables import (
    Activation,
    AuditAlarm,
    Challenge,
    Clerk,
    Credential,
    Ending,
    EnrolmentCode,
    HeldReview,
    LostRequest,
    PhoneCode,
    ReaderAlarm,
    ReaderPin,
    SeenToken,
    StoredAuditHead,
    Terminal,
    VisitAlarm,
)
from central.storage.verification_tables import ReferencePicture, VerificationJob


@dataclass(frozen=True, kw_only=True)
class CategoryCount:
    """Rows of one category.

    `until_unix`: when the last of the present rows will be gone; None: `ends` says when.
    """

    kind: str
    holds: str
    count: int
    since_unix: float | None
    until_unix: float | None
    ends: str


def inventory(session: Session, keep: Retention) -> Iterator[CategoryCount]:
    """Yield every category with counts and times, never whose they are."""
    Times = InstrumentedAttribute[float] | InstrumentedAttribute[float | None]  # noqa: N806

    def row(
        kind: str, holds: str, at: Times, ends: str, days: float | None, *where: ColumnElement[bool]
    ) -> CategoryCount:
        query = select(func.count(), func.min(at), func.max(at)).where(*where)
        count, since, last = session.execute(query).one()
        until = None if days is None or last is None else last + days * DAY_S
        return CategoryCount(
            kind=kind, holds=holds, count=count, since_unix=since, until_unix=until, ends=ends
        )

    decided = Activation.sealed.is_(None)
    yield row("requests to decide", "personal, sealed to our key; measures", Activation.received_unix,
              "the register's answer", None, Activation.sealed.is_not(None))  # fmt: skip
    yield row("evidence", "measures and codes by visit's number; keyed hashes", Activation.at_unix,
              "[retention] evidence_days", keep.evidence_days,
              decided, Activation.evidence != "")  # fmt: skip
    yield row("receipts", "visit's number, last word", Activation.at_unix, "with central", None, decided)
    yield row("credentials", "keyed hash, phone encrypted, password hashed", Credential.opened_unix,
              "their owner's word", None, Credential.revoked_unix.is_(None))  # fmt: skip
    yield row("ended credentials", "the same, of ended ones", Credential.revoked_unix,
              "[retention] ended_days", keep.ended_days, Credential.password != "",
              Credential.revoked_unix.is_not(None))  # fmt: skip
    yield row("endings", "keyed hash of who ended or erased, time", Ending.at_unix,
              "[retention] endings_days", keep.endings_days)  # fmt: skip
    yield row("challenges", "nothing personal", Challenge.issued_unix, "[retention] challenges_days", None)
    yield row("one-time codes", "keyed hashes of code and mobile number", PhoneCode.sent_unix,
              "[retention] phone_codes_days", keep.phone_codes_days,
              PhoneCode.proved_unix.is_(None))  # fmt: skip
    yield row("proofs of mobile numbers", "keyed hashes, visits' numbers", PhoneCode.proved_unix,
              "[retention] phone_proofs_days", keep.phone_proofs_days,
              PhoneCode.proved_unix.is_not(None))  # fmt: skip
    yield row("recorded clips", "face and voice, sealed to the workers", VerificationJob.made_unix,
              "the verdict, or 420 s", JOB_S / DAY_S, VerificationJob.sealed.is_not(None))  # fmt: skip
    yield row("pieces of recordings", "face and voice, encrypted", RecordingChunk.arrived_unix,
              "the end of the recording, or 120 s", CHUNKS_S / DAY_S)  # fmt: skip
    yield row("recordings", "keyed hash, relying party, codes; for limits", Recording.started_unix,
              "a day", 1.0)  # fmt: skip
    yield row("consents to face and voice", "keyed hash, relying party, hash of the text",
              FaceConsent.at_unix, "[retention] evidence_days", keep.evidence_days)  # fmt: skip
    yield row("uses of credentials", "keyed hash, relying party, level", Use.at_unix,
              "[retention] evidence_days", keep.evidence_days)  # fmt: skip
    yield row("acts with credentials", "serial, act, an operator's reason", CredentialAct.at_unix,
              "[retention] evidence_days", keep.evidence_days)  # fmt: skip
    yield row(
        "sessions of owners", "hash of a cookie, serial", OwnerSession.expires_unix, "their own end", 0.0
    )
    yield row("kept pictures", "keyed hash, picture encrypted", ReferencePicture.kept_unix,
              "the credential, or their owner's word", None)  # fmt: skip
    yield row("spent signatures", "nothing personal", SeenToken.expires_unix, "their own end", 0.0)
    yield row("enrolment codes", "hashes", EnrolmentCode.expires_unix, "a day after their end", 1.0)
    yield row("terminals", "names of shops", Terminal.enrolled_unix, "with central", None)
    yield row("heads of audit logs", "nothing personal", StoredAuditHead.at_unix, "with central", None)
    yield row("logs that went back", "nothing personal", AuditAlarm.at_unix, "with central", None)
    yield row("visits not plausible", "visits' numbers", VisitAlarm.at_unix, "with central", None)
    yield row("cards read by other readers", "visits' numbers", ReaderAlarm.at_unix, "with central", None)
    yield row("card readers", "nothing personal", ReaderPin.from_unix, "with central", None)
    yield row("lost requests", "visits' numbers", LostRequest.told_unix, "with central", None)
    yield row("held reviews", "visits' and clerks' numbers", HeldReview.at_unix, "with central", None)
    yield row("staff", "clerks' numbers, public and wrapped keys", Clerk.added_unix, "head office", None)
