"""Tables of the verification of clips: jobs, the workers that do them, pictures kept as references."""

from sqlalchemy import Float, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from central.storage.tables import Base


class VerificationJob(Base):
    """A recorded clip that a worker judges. The row is deleted when its time is over."""

    __tablename__ = "verification_jobs"
    __table_args__ = (Index("ix_verification_jobs_state_made_unix", "state", "made_unix"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    request: Mapped[str] = mapped_column(String(64), index=True)  # the authentication request
    state: Mapped[str] = mapped_column(String(16))  # waiting, running, settled
    made_unix: Mapped[float] = mapped_column(Float)
    expires_unix: Mapped[float] = mapped_column(Float, index=True)
    owner: Mapped[str | None] = mapped_column(String(64))  # the worker that has it
    lease_unix: Mapped[float | None] = mapped_column(Float)  # until then
    claimed_unix: Mapped[float | None] = mapped_column(Float)
    tries: Mapped[int] = mapped_column(default=0)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # to the workers' key; erased with the verdict
    verdict: Mapped[str | None] = mapped_column(Text)  # JSON
    settled_unix: Mapped[float | None] = mapped_column(Float)
    erased_unix: Mapped[float | None] = mapped_column(Float)  # of `sealed`
    receipted: Mapped[bool] = mapped_column(default=False)  # a receipt of the erasure was signed


class VerificationWorker(Base):
    """A worker process, and when it last looked for jobs."""

    __tablename__ = "verification_workers"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_unix: Mapped[float] = mapped_column(Float, index=True)


class ReferencePicture(Base):
    """A picture taken when a credential was opened, kept with separate consent for the credential's life."""

    __tablename__ = "reference_pictures"

    person: Mapped[str] = mapped_column(String(64), primary_key=True)  # keyed hash
    credential: Mapped[str] = mapped_column(String(32))
    picture: Mapped[bytes] = mapped_column(LargeBinary)  # encrypted JPEG
    consent_sha256: Mapped[str] = mapped_column(String(64))  # of the text that was agreed to
    kept_unix: Mapped[float] = mapped_column(Float)
