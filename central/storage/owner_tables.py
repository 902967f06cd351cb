"""Tables of what owners do with their credentials, and where these were used."""

from sqlalchemy import Float, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from central.storage.tables import Base


class OwnerSession(Base):
    """A browser in which an owner has logged in."""

    __tablename__ = "owner_sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)  # of the secret in its cookie
    credential: Mapped[str] = mapped_column(ForeignKey("credentials.serial"), index=True)
    visit: Mapped[str] = mapped_column(String(32))  # the number on the slip with which the owner logged in
    expires_unix: Mapped[float] = mapped_column(Float, index=True)


class CredentialAct(Base):
    """What an owner or an operator did with a credential on a page or by command."""

    __tablename__ = "credential_acts"

    id: Mapped[int] = mapped_column(primary_key=True)
    credential: Mapped[str] = mapped_column(String(32), index=True)
    act: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(16))  # owner, operator
    reason: Mapped[str] = mapped_column(Text, default="")  # an operator's
    at_unix: Mapped[float] = mapped_column(Float, index=True)


class Use(Base):
    """An authentication that a relying party got."""

    __tablename__ = "uses"

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(String(64), index=True)  # keyed hash of the ID number
    party: Mapped[str] = mapped_column(ForeignKey("relying_parties.id"))
    level: Mapped[str] = mapped_column(String(64))
    at_unix: Mapped[float] = mapped_column(Float, index=True)
