"""Tables of central. Times are seconds since 1970-01-01 UTC; nothing personal is stored in the clear."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class TerminalState(StrEnum):
    """State of a terminal."""

    EXPECTED = "expected"  # in the fleet, without a key
    ENROLLED = "enrolled"
    REVOKED = "revoked"


class Status(StrEnum):
    """Status of an activation. RUNNING is never sent: it is answered as "in flight"."""

    RUNNING = "RUNNING"
    PENDING = "PENDING"
    ACTIVATED = "ACTIVATED"
    REFUSED = "REFUSED"


class Base(DeclarativeBase):
    """Base of all tables; it names every constraint, so that migrations can refer to them on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Terminal(Base):
    """A terminal of the fleet."""

    __tablename__ = "terminals"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    district: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default=TerminalState.EXPECTED.value)
    public_key: Mapped[str | None] = mapped_column(String(64))  # JWK "x": base64url of 32 bytes
    enrolled_unix: Mapped[float | None] = mapped_column(Float)
    revoked_unix: Mapped[float | None] = mapped_column(Float)
    rotated_unix: Mapped[float | None] = mapped_column(Float)
    seen_unix: Mapped[float | None] = mapped_column(Float)  # the last heartbeat
    waiting: Mapped[int | None] = mapped_column(Integer)  # requests in its outbox at that heartbeat


class EnrolmentCode(Base):
    """A one-time code, as SHA-256: the code itself is shown once and not stored."""

    __tablename__ = "enrolment_codes"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    expires_unix: Mapped[float] = mapped_column(Float)
    used_by_key: Mapped[str | None] = mapped_column(String(64))  # public key it was spent on


class SeenToken(Base):
    """A nonce that was used: the primary key makes a replay impossible, not unlikely."""

    __tablename__ = "seen_tokens"

    terminal: Mapped[str] = mapped_column(String(64), primary_key=True)
    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_unix: Mapped[float] = mapped_column(Float, index=True)


class StoredAuditHead(Base):
    """The head of a terminal's audit log, as it came with a signed request. Never changed, never erased."""

    __tablename__ = "audit_anchors"

    terminal: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    at_unix: Mapped[float] = mapped_column(Float)
    # When the terminal signed the request that brought it: by its own clock, but in its own order.
    signed_unix: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")


class AuditAlarm(Base):
    """An alarm: a terminal's log stood at an earlier record than one that central knows. Never erased."""

    __tablename__ = "audit_alarms"

    terminal: Mapped[str] = mapped_column(String(64), primary_key=True)
    at_unix: Mapped[float] = mapped_column(Float, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    accepted_unix: Mapped[float | None] = mapped_column(Float)
    accepted_by: Mapped[str | None] = mapped_column(String(64))


class LostRequest(Base):
    """A request that a terminal promised and does not have any more, and central never had."""

    __tablename__ = "lost_requests"

    terminal: Mapped[str] = mapped_column(String(64), primary_key=True)
    visit: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
    told_unix: Mapped[float] = mapped_column(Float)
    noted_unix: Mapped[float | None] = mapped_column(Float)
    noted_by: Mapped[str | None] = mapped_column(String(64))


class Erasure(Base):
    """A receipt of what was erased; see `central.privacy.retention`. Never changed, never erased."""

    __tablename__ = "erasures"

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at_unix: Mapped[float] = mapped_column(Float)
    token: Mapped[str] = mapped_column(Text)


class Challenge(Base):
    """A challenge that was issued; its digits are in the token only."""

    __tablename__ = "challenges"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    issued_unix: Mapped[float] = mapped_column(Float)
    expires_unix: Mapped[float] = mapped_column(Float, index=True)
    used_by: Mapped[str | None] = mapped_column(
        String(32), unique=True
    )  # one challenge a visit, one visit a challenge


class Activation(Base):
    """A request and its result; the row *is* the idempotency record."""

    __tablename__ = "activations"
    # The re-checker finds due rows by these two.
    __table_args__ = (Index(None, "status", "lease_unix"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    body_sha256: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str | None] = mapped_column(Text)  # JSON; erased with the decision
    evidence: Mapped[str] = mapped_column(Text)  # JSON: the body without its sealed part
    received_unix: Mapped[float] = mapped_column(Float)
    status: Mapped[str] = mapped_column(String(16), default=Status.RUNNING.value)
    code: Mapped[str] = mapped_column(String(64), default="ok")
    at_unix: Mapped[float] = mapped_column(Float, default=0.0)  # of this status
    recheck_unix: Mapped[float | None] = mapped_column(Float)
    absent: Mapped[int] = mapped_column(Integer, default=0)  # how often the register did not know the person
    lease_unix: Mapped[float] = mapped_column(Float, default=0.0)  # a process works on it until then
    credential: Mapped[str | None] = mapped_column(String(32))  # serial of what it opened or changed


class Credential(Base):
    """A credential, open or ended."""

    __tablename__ = "credentials"
    __table_args__ = (
        # One open credential a person, whatever runs at the same time.
        Index(
            "uq_credentials_open_person",
            "person",
            unique=True,
            sqlite_where=text("revoked_unix IS NULL"),
            postgresql_where=text("revoked_unix IS NULL"),
        ),
    )

    serial: Mapped[str] = mapped_column(String(32), primary_key=True)
    activation: Mapped[str] = mapped_column(ForeignKey("activations.id"), unique=True)  # exactly once
    person: Mapped[str] = mapped_column(String(64))  # keyed hash of the ID number
    guardian: Mapped[str | None] = mapped_column(String(64))  # who applied for a child, hashed the same way
    phone: Mapped[bytes] = mapped_column(LargeBinary)  # encrypted, see central.security.personal_data
    password: Mapped[str] = mapped_column(Text)  # scrypt
    simulated: Mapped[bool]
    opened_unix: Mapped[float] = mapped_column(Float)
    revoked_unix: Mapped[float | None] = mapped_column(Float)
    replaced_by: Mapped[str | None] = mapped_column(String(32))  # the serial that it was renewed to
    # When the request was made that opened it or set its password: an older, late one changes nothing.
    asked_unix: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    tries: Mapped[int] = mapped_column(Integer, default=0)  # at the password, since the last right one
    closed_until_unix: Mapped[float] = mapped_column(Float, default=0.0)


class Clerk(Base):
    """A clerk or supervisor; a number, no name."""

    __tablename__ = "clerks"

    number: Mapped[str] = mapped_column(String(12), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    pin: Mapped[str] = mapped_column(Text)  # argon2id
    added_unix: Mapped[float] = mapped_column(Float)
    unlocked_unix: Mapped[float] = mapped_column(Float, default=0.0)  # failures before this are forgiven
    disabled_unix: Mapped[float | None] = mapped_column(Float)


class ClerkPost(Base):
    """A period in which a clerk may sign in at a terminal, in one role; past ones stay for late requests."""

    __tablename__ = "clerk_posts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clerk: Mapped[str] = mapped_column(ForeignKey("clerks.number"))
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    from_unix: Mapped[float] = mapped_column(Float)
    until_unix: Mapped[float | None] = mapped_column(Float)  # NULL: still
