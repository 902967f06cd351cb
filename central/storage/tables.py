"""Tables of central. Times are seconds since 1970-01-01 UTC; nothing personal is stored in the clear."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    literal_column,
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
    public_key: Mapped[str | None] = mapped_column(String(64))  # see security/terminal_keys.py
    enrolled_unix: Mapped[float | None] = mapped_column(Float)
    revoked_unix: Mapped[float | None] = mapped_column(Float)
    rotated_unix: Mapped[float | None] = mapped_column(Float)
    seen_unix: Mapped[float | None] = mapped_column(Float)  # the last heartbeat
    waiting: Mapped[int | None] = mapped_column(Integer)  # requests in its outbox at that heartbeat
    # What it said of itself at that heartbeat; None: a terminal of an earlier version.
    out_code: Mapped[str | None] = mapped_column(String(64))  # why it serves nobody; "": it serves
    out_since_unix: Mapped[float | None] = mapped_column(Float)  # by its own clock
    devices: Mapped[str | None] = mapped_column(Text)  # JSON: code of each device that is not ok
    free_mb: Mapped[int | None] = mapped_column(BigInteger)  # of its disk
    latitude: Mapped[float | None] = mapped_column(Float)  # degrees, WGS 84
    longitude: Mapped[float | None] = mapped_column(Float)
    precision: Mapped[str] = mapped_column(String(16), default="", server_default="")  # point, district
    hours: Mapped[str] = mapped_column(
        String(16), default="", server_default=""
    )  # see central/fleet/points.py
    # Until then it may pin another card reader, once.
    reader_permitted_unix: Mapped[float | None] = mapped_column(Float)


class EnrolmentCode(Base):
    """A one-time code, as SHA-256: the code itself is shown once and not stored."""

    __tablename__ = "enrolment_codes"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    expires_unix: Mapped[float] = mapped_column(Float)
    used_by_key: Mapped[str | None] = mapped_column(String(64))  # public key it was spent on
    misused_unix: Mapped[float | None] = mapped_column(Float)  # tried again for something else: an alarm
    noted_unix: Mapped[float | None] = mapped_column(Float)
    noted_by: Mapped[str | None] = mapped_column(String(64))


class ReaderPin(Base):
    """A period in which a card reader was pinned to a terminal; past ones stay for late requests."""

    __tablename__ = "reader_pins"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"), index=True)
    sam: Mapped[str] = mapped_column(String(64))
    socket: Mapped[str] = mapped_column(String(64))
    from_unix: Mapped[float] = mapped_column(Float)
    until_unix: Mapped[float | None] = mapped_column(Float)  # NULL: still


class SeenToken(Base):
    """A nonce that was used: the primary key makes a replay impossible, not unlikely.

    On PostgreSQL `expires_unix`, which a replay names too, is in the key: see `central.storage.partitions`.
    """

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


class HeldReview(Base):
    """A request that waits for a person: a decision in it came long after its signer's period had ended."""

    __tablename__ = "held_reviews"

    visit: Mapped[str] = mapped_column(String(32), primary_key=True)
    terminal: Mapped[str] = mapped_column(String(64), index=True)
    clerk: Mapped[str] = mapped_column(String(12))
    at_unix: Mapped[float] = mapped_column(Float)
    settled_unix: Mapped[float | None] = mapped_column(Float)
    settled_by: Mapped[str | None] = mapped_column(String(64))
    accepted: Mapped[bool | None]  # NULL: nobody has looked yet


class VisitAlarm(Base):
    """An alarm: a visit that is not plausible, see `central.activation.plausibility`. Never erased."""

    __tablename__ = "visit_alarms"

    visit: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    terminal: Mapped[str] = mapped_column(String(64), index=True)
    detail: Mapped[str] = mapped_column(Text)
    at_unix: Mapped[float] = mapped_column(Float)
    accepted_unix: Mapped[float | None] = mapped_column(Float)
    accepted_by: Mapped[str | None] = mapped_column(String(64))


class ReaderAlarm(Base):
    """An alarm: the card of a visit was read by another reader than the pinned one. Never erased."""

    __tablename__ = "reader_alarms"

    terminal: Mapped[str] = mapped_column(String(64), primary_key=True)
    visit: Mapped[str] = mapped_column(String(32), primary_key=True)
    at_unix: Mapped[float] = mapped_column(Float)
    accepted_unix: Mapped[float | None] = mapped_column(Float)
    accepted_by: Mapped[str | None] = mapped_column(String(64))


class Erasure(Base):
    """A receipt of what was erased; see `central.privacy.retention`. Never changed, never erased."""

    __tablename__ = "erasures"

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at_unix: Mapped[float] = mapped_column(Float)
    token: Mapped[str] = mapped_column(Text)


class Challenge(Base):
    """A challenge that was issued; its digits are in the token only."""

    __tablename__ = "challenges"
    __table_args__ = (
        # Those that a terminal has outstanding are counted before it gets more.
        Index(
            "ix_challenges_outstanding",
            "terminal",
            "expires_unix",
            sqlite_where=text("used_by IS NULL"),
            postgresql_where=text("used_by IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    issued_unix: Mapped[float] = mapped_column(Float)
    expires_unix: Mapped[float] = mapped_column(Float, index=True)
    used_by: Mapped[str | None] = mapped_column(
        String(32), unique=True
    )  # one challenge a visit, one visit a challenge


# Text and not columns with parameters, or a query that is planned once for all values cannot use their index.
IS_RUNNING: ColumnElement[bool] = literal_column("status = 'RUNNING'")
IS_PENDING: ColumnElement[bool] = literal_column("status = 'PENDING'")


class Activation(Base):
    """A request and its result; the row *is* the idempotency record."""

    __tablename__ = "activations"
    __table_args__ = (
        # The re-checker finds what is due by these two, which hold nothing that is settled.
        Index(None, "lease_unix", sqlite_where=IS_RUNNING, postgresql_where=IS_RUNNING),
        Index(None, "recheck_unix", sqlite_where=IS_PENDING, postgresql_where=IS_PENDING),
        Index(None, "terminal", "began_unix"),  # `activation.plausibility` finds the visits beside one
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    body_sha256: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str | None] = mapped_column(Text)  # JSON; erased with the decision
    evidence: Mapped[str] = mapped_column(Text)  # JSON: the body without its sealed part
    received_unix: Mapped[float] = mapped_column(Float)
    began_unix: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")  # by the terminal
    ended_unix: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    measures: Mapped[str | None] = mapped_column(String(64), index=True)  # hash of all that was measured
    phone: Mapped[str | None] = mapped_column(String(64), index=True)  # keyed hash of the mobile number
    applicant: Mapped[str | None] = mapped_column(String(64))  # keyed hash: who stood there and gave it
    phone_proved: Mapped[bool | None]  # whether a one-time code proved it in this visit; NULL: not judged
    person: Mapped[str | None] = mapped_column(String(64), index=True)  # keyed hash: whose credential it is
    status: Mapped[str] = mapped_column(String(16), default=Status.RUNNING.value)
    code: Mapped[str] = mapped_column(String(64), default="ok")
    at_unix: Mapped[float] = mapped_column(Float, default=0.0)  # of this status
    recheck_unix: Mapped[float | None] = mapped_column(Float)
    absent: Mapped[int] = mapped_column(Integer, default=0)  # how often the register did not know the person
    lease_unix: Mapped[float] = mapped_column(Float, default=0.0)  # a process works on it until then
    credential: Mapped[str | None] = mapped_column(String(32))  # serial of what it opened, changed or ended
    erasure: Mapped[str | None] = mapped_column(Text)  # JSON: what it erased, see `protocol.ErasureNote`


class PhoneCode(Base):
    """A one-time code that was sent to a mobile number; see `central.phones.codes`."""

    __tablename__ = "phone_codes"
    __table_args__ = (Index(None, "phone", "sent_unix"), Index(None, "terminal", "sent_unix"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    visit: Mapped[str] = mapped_column(String(32), index=True)
    phone: Mapped[str] = mapped_column(String(64))  # keyed hash of the mobile number
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    code: Mapped[str] = mapped_column(String(64))  # keyed hash of visit, number and code
    sent_unix: Mapped[float] = mapped_column(Float, index=True)
    expires_unix: Mapped[float] = mapped_column(Float)
    tries: Mapped[int] = mapped_column(Integer)  # wrong ones
    proved_unix: Mapped[float | None] = mapped_column(Float)


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
    password: Mapped[str] = mapped_column(Text)  # see central.security.passwords
    simulated: Mapped[bool]
    opened_unix: Mapped[float] = mapped_column(Float)
    revoked_unix: Mapped[float | None] = mapped_column(Float)
    replaced_by: Mapped[str | None] = mapped_column(String(32))  # the serial that it was renewed to
    suspended_unix: Mapped[float | None] = mapped_column(Float)  # see credentials/suspension.py
    suspended_by: Mapped[str] = mapped_column(String(16), default="", server_default="")
    # When the request was made that opened it or set its password: an older, late one changes nothing.
    asked_unix: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    tries: Mapped[int] = mapped_column(Integer, default=0)  # at the password, since the last right one
    closed_until_unix: Mapped[float] = mapped_column(Float, default=0.0)


class Ending(Base):
    """A person's last request to end or erase: requests that were made before it are not carried out.

    They may be on their way for weeks, at a terminal without a line.
    """

    __tablename__ = "endings"

    person: Mapped[str] = mapped_column(String(64), primary_key=True)  # keyed hash of the ID number
    asked_unix: Mapped[float] = mapped_column(Float)  # when that request was made
    at_unix: Mapped[float] = mapped_column(Float)  # when it was carried out


class KnownKey(Base):
    """A key with which the database is used; see central.known_keys."""

    __tablename__ = "known_keys"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)  # sealing keys: "sealing:" and the id
    fingerprint: Mapped[str] = mapped_column(String(64))
    at_unix: Mapped[float] = mapped_column(Float)


class Clerk(Base):
    """A clerk or supervisor; a number, no name."""

    __tablename__ = "clerks"

    number: Mapped[str] = mapped_column(String(12), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    added_unix: Mapped[float] = mapped_column(Float)
    unlocked_unix: Mapped[float] = mapped_column(Float, default=0.0)  # failures before this are forgiven
    disabled_unix: Mapped[float | None] = mapped_column(Float)


class ClerkKey(Base):
    """A clerk's key for signing decisions; it goes with one PIN. Past ones stay for late requests."""

    __tablename__ = "clerk_keys"

    public_key: Mapped[str] = mapped_column(String(64), primary_key=True)  # JWK "x"
    clerk: Mapped[str] = mapped_column(ForeignKey("clerks.number"), index=True)
    from_unix: Mapped[float] = mapped_column(Float)
    until_unix: Mapped[float | None] = mapped_column(Float)  # NULL: still
    wrapped: Mapped[str] = mapped_column(Text)  # JSON, see central.fleet.clerk_keys; emptied at the end


class ClerkPost(Base):
    """A period in which a clerk may sign in at a terminal, in one role; past ones stay for late requests."""

    __tablename__ = "clerk_posts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clerk: Mapped[str] = mapped_column(ForeignKey("clerks.number"))
    terminal: Mapped[str] = mapped_column(ForeignKey("terminals.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    from_unix: Mapped[float] = mapped_column(Float)
    until_unix: Mapped[float | None] = mapped_column(Float)  # NULL: still
