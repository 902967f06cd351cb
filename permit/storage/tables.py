"""Tables of the service. Times are seconds since 1970-01-01 UTC; nothing personal is stored in the clear."""

from enum import StrEnum

from sqlalchemy import Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class BindingState(StrEnum):
    """State of a binding."""

    WAITING = "waiting"  # the registry does not know the permit yet, or does not answer
    READY = "ready"  # the person may authenticate
    CLAIMED = "claimed"
    REFUSED = "refused"


class ReminderState(StrEnum):
    """State of a reminder or a notice."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"  # the card has ended, or the holder wants none


class RenewalState(StrEnum):
    """State of a request for a new endorsement."""

    WAITING = "waiting"  # not handed in yet
    RECEIVED = "received"
    ISSUED = "issued"
    REFUSED = "refused"


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


class Binding(Base):
    """What a person typed, until the card is claimed or the binding is over."""

    __tablename__ = "bindings"
    __table_args__ = (Index(None, "state", "next_unix"),)

    id: Mapped[str] = mapped_column(String(43), primary_key=True)  # 256 random bits: who knows it may go on
    typed: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; erased at the end
    record: Mapped[bytes | None] = mapped_column(
        LargeBinary
    )  # sealed: the registry's answer; erased at the end
    person: Mapped[str] = mapped_column(String(64))  # pseudonym of the ID number
    permit: Mapped[str] = mapped_column(String(64))  # pseudonym of the permit number
    phone: Mapped[str | None] = mapped_column(String(64), index=True)  # … of the mobile number
    state: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(64))
    asked: Mapped[int] = mapped_column(Integer, default=0)  # how often the registry was asked
    next_unix: Mapped[float | None] = mapped_column(Float)  # when it is asked again
    lease_unix: Mapped[float] = mapped_column(Float, default=0.0)  # somebody asks it until then
    began_unix: Mapped[float] = mapped_column(Float)
    card: Mapped[str | None] = mapped_column(ForeignKey("cards.id"))


def _open(column: str) -> Index:
    where = text("ended_unix IS NULL")
    return Index(f"uq_cards_open_{column}", column, unique=True, sqlite_where=where, postgresql_where=where)


class Card(Base):
    """A person's card: one that is open for each person, and for each permit."""

    __tablename__ = "cards"
    __table_args__ = (_open("person"), _open("permit"))

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    person: Mapped[str] = mapped_column(String(64))
    permit: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(255), index=True)  # by which central names the person here
    level: Mapped[str] = mapped_column(String(64))  # `acr` of the last authentication
    authenticated_unix: Mapped[float] = mapped_column(Float)
    holder: Mapped[bytes | None] = mapped_column(
        LargeBinary
    )  # sealed, to ask the registry; erased at the end
    record: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; erased at the end
    claimed_unix: Mapped[float] = mapped_column(Float)
    refresh_unix: Mapped[float] = mapped_column(Float, index=True)  # when the registry is asked again
    remind_permit: Mapped[bool] = mapped_column(default=True)
    remind_endorsements: Mapped[bool] = mapped_column(default=True)
    ended_unix: Mapped[float | None] = mapped_column(Float)


class StoredReminder(Base):
    """A reminder; the key admits each one once."""

    __tablename__ = "reminders"
    __table_args__ = (Index(None, "state", "next_unix"),)

    card: Mapped[str] = mapped_column(ForeignKey("cards.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    next_unix: Mapped[float] = mapped_column(Float)  # when to send, or to try again
    tries: Mapped[int] = mapped_column(Integer, default=0)
    sent_unix: Mapped[float | None] = mapped_column(Float)


class BrowserSession(Base):
    """A browser: what it has typed so far, its binding, its card. The cookie's secret is stored hashed."""

    __tablename__ = "sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    draft: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; erased when the binding begins
    binding: Mapped[str | None] = mapped_column(ForeignKey("bindings.id"))
    card: Mapped[str | None] = mapped_column(ForeignKey("cards.id"), index=True)
    expires_unix: Mapped[float] = mapped_column(Float, index=True)


class PhoneCode(Base):
    """A one-time code that was sent to a mobile number; kept for a day, because it counts against limits."""

    __tablename__ = "phone_codes"
    __table_args__ = (Index(None, "phone", "sent_unix"),)

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    session: Mapped[str] = mapped_column(String(64), index=True)
    phone: Mapped[str] = mapped_column(String(64))  # pseudonym
    digest: Mapped[str] = mapped_column(String(64))  # keyed hash of the code
    tries: Mapped[int] = mapped_column(Integer, default=0)
    sent_unix: Mapped[float] = mapped_column(Float)
    over: Mapped[bool] = mapped_column(default=False)  # used, or replaced by a newer one


class Login(Base):
    """A person who was sent to central and has not come back yet."""

    __tablename__ = "logins"

    state_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    session: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # nonce, PKCE verifier, what it is for
    expires_unix: Mapped[float] = mapped_column(Float, index=True)


class StoredNotice(Base):
    """A message about what happened; the key admits each one once."""

    __tablename__ = "notices"
    __table_args__ = (Index(None, "state", "next_unix"),)

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    message: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; erased when it was sent
    state: Mapped[str] = mapped_column(String(16))
    next_unix: Mapped[float] = mapped_column(Float)
    tries: Mapped[int] = mapped_column(Integer, default=0)


class Renewal(Base):
    """A request for a new endorsement."""

    __tablename__ = "renewals"
    __table_args__ = (Index(None, "state", "next_unix"),)

    id: Mapped[str] = mapped_column(String(43), primary_key=True)  # also the registry's idempotency key
    card: Mapped[str] = mapped_column(ForeignKey("cards.id"), index=True)
    wish: Mapped[bytes] = mapped_column(LargeBinary)  # sealed
    state: Mapped[str] = mapped_column(String(16))
    asked_unix: Mapped[float] = mapped_column(Float)
    next_unix: Mapped[float] = mapped_column(Float)  # when the registry is asked about it; also the lease


class Tally(Base):
    """How often something happened on a day; it names no person."""

    __tablename__ = "tallies"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)  # ISO 8601, China's
    what: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
