"""Tables of online authentication: secrets that others hold as SHA-256, personal data encrypted."""

from sqlalchemy import Float, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from central.storage.tables import Base


class RelyingParty(Base):
    """A service that may ask central to authenticate people."""

    __tablename__ = "relying_parties"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)  # as people know it
    purpose: Mapped[str] = mapped_column(Text)  # what it needs the authentication for, shown to them
    sector: Mapped[str] = mapped_column(String(255))  # parties of one sector know a person by one subject
    redirect_uris: Mapped[str] = mapped_column(Text)  # JSON list; compared character by character
    levels: Mapped[str] = mapped_column(Text)  # JSON list of `acr` values that it may ask for
    secret_sha256: Mapped[str | None] = mapped_column(String(64))  # client_secret_basic
    jwks: Mapped[str | None] = mapped_column(Text)  # JSON, private_key_jwt
    pushed_required: Mapped[bool] = mapped_column(default=True)
    added_unix: Mapped[float] = mapped_column(Float)
    disabled_unix: Mapped[float | None] = mapped_column(Float)


class SigningKey(Base):
    """A key that signs ID tokens; an id is never used for another key."""

    __tablename__ = "signing_keys"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # thumbprint, RFC 7638
    public: Mapped[str] = mapped_column(Text)  # JWK
    private: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted JWK; erased when it signs no more
    made_unix: Mapped[float] = mapped_column(Float)


class AuthenticationRequest(Base):
    """A request of a relying party, from the moment it is pushed until the person is sent back."""

    __tablename__ = "authentication_requests"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the handle in `request_uri`
    party: Mapped[str] = mapped_column(ForeignKey("relying_parties.id"))
    parameters: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted JSON; erased at the end
    expires_unix: Mapped[float] = mapped_column(Float, index=True)
    # SHA-256 of the secret in the browser's cookie; set once, when the person arrives.
    session: Mapped[str | None] = mapped_column(String(64), unique=True)
    person: Mapped[str | None] = mapped_column(String(64))  # keyed hash, once authenticated
    level: Mapped[str | None] = mapped_column(String(64))
    authenticated_unix: Mapped[float | None] = mapped_column(Float)
    ended_unix: Mapped[float | None] = mapped_column(Float)  # the person was sent back
    waiting_unix: Mapped[float | None] = mapped_column(Float)  # since when it waits for a credential
    resumed_unix: Mapped[float | None] = mapped_column(Float)  # one was opened: tries count anew from here


class AuthorizationCode(Base):
    """A code for the token endpoint; the row is deleted when it is redeemed."""

    __tablename__ = "authorization_codes"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    party: Mapped[str] = mapped_column(ForeignKey("relying_parties.id"))
    redirect_uri: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(String(128))
    subject: Mapped[str] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(64))
    authenticated_unix: Mapped[float] = mapped_column(Float)
    expires_unix: Mapped[float] = mapped_column(Float, index=True)


class AccessToken(Base):
    """An access token, good for the userinfo endpoint only."""

    __tablename__ = "access_tokens"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    party: Mapped[str] = mapped_column(ForeignKey("relying_parties.id"))
    subject: Mapped[str] = mapped_column(String(64))
    expires_unix: Mapped[float] = mapped_column(Float, index=True)


class Subject(Base):
    """By which identifier the parties of a sector know a person: random, so that it can be erased."""

    __tablename__ = "subjects"

    sector: Mapped[str] = mapped_column(String(255), primary_key=True)
    person: Mapped[str] = mapped_column(String(64), primary_key=True)  # keyed hash of the ID number
    subject: Mapped[str] = mapped_column(String(64), unique=True)


class ClientAssertion(Base):
    """The `jti` of a client assertion (RFC 7523) that was used."""

    __tablename__ = "client_assertions"

    party: Mapped[str] = mapped_column(String(64), primary_key=True)
    jti_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_unix: Mapped[float] = mapped_column(Float, index=True)


class FaceConsent(Base):
    """A person's consent to face and voice recognition for one request; kept as evidence."""

    __tablename__ = "face_consents"

    request: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(64))  # keyed hash
    party: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    sha256: Mapped[str] = mapped_column(String(64))  # of the text that was shown
    at_unix: Mapped[float] = mapped_column(Float, index=True)


class Recording(Base):
    """One try at face and digits. The row outlives its request by a day, for the limits of a person."""

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    request: Mapped[str] = mapped_column(String(64), index=True)
    person: Mapped[str] = mapped_column(String(64), index=True)  # keyed hash
    party: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(64), default="")  # of its end
    prompts: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted JSON; erased with the last chunk
    job: Mapped[str | None] = mapped_column(String(64))  # of the verification
    started_unix: Mapped[float] = mapped_column(Float, index=True)
    finished_unix: Mapped[float | None] = mapped_column(Float)


class RecordingChunk(Base):
    """A piece of a recording, encrypted; deleted when the recording is handed over or ends."""

    __tablename__ = "recording_chunks"

    recording: Mapped[str] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column()
    data: Mapped[bytes] = mapped_column(LargeBinary)
    arrived_unix: Mapped[float] = mapped_column(Float, index=True)
