"""What goes over the line to central and what comes back: version 1, JSON (resources/protocol)."""

from math import isfinite
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from kiosk.codes import Code
from kiosk.errors import UNREADABLE, Unreachable
from kiosk.events import Evidence, Guardian
from kiosk.model import IdCard, Purpose, Receipt, RequestStatus, Review, Verdict, Way

Text = Annotated[str, Meta(min_length=1, max_length=200)]


class Jwk(Struct, frozen=True):
    """An Ed25519 public key (RFC 8037). `x`: base64url without padding."""

    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"


class SealingKey(Struct, frozen=True):
    """Central's key for sealing. `public`: base64url; what it holds depends on `algorithm`."""

    key: str
    algorithm: str
    public: str


class Enrolment(Struct, frozen=True):
    """What central gave the terminal when it was enrolled."""

    terminal: Text
    place: str
    challenge_key: Jwk
    sealing: SealingKey


class Problem(Struct, frozen=True):
    """An error body (RFC 9457)."""

    code: str = ""
    detail: str = ""


class ChallengeTokens(Struct, frozen=True):
    challenges: tuple[str, ...]


class _RosterBody(Struct, frozen=True):
    roster: str


class Health(Struct, frozen=True):
    status: str
    time_unix: float
    simulation: bool


class Heartbeat(Struct, frozen=True):
    """What the terminal tells with each sign of life. `sealing`: the suite it wants to seal with.

    `lost`: requests that were promised and are not in its outbox any more.
    """

    versions: dict[str, str] = {}
    waiting: int = 0
    oldest_s: float | None = None
    sealing: str = "HPKE-X25519-SHA256-AES256GCM"
    lost: tuple[str, ...] = ()


class HeartbeatReply(Struct, frozen=True):
    """What central answers. `sealing`: to be sealed to from now on. `audit_rewound`: the head of our log was
    older than, or another than, one that central keeps, and nobody there has accepted that yet.
    """

    status: str
    time_unix: float
    simulation: bool
    versions_known: bool
    sealing: SealingKey
    audit_rewound: bool = False


class Consent(Struct, frozen=True):
    language: str
    text_sha256: str
    picture: bool


class GuardianConsent(Struct, frozen=True):
    """What a child's guardian agreed to."""

    language: str
    text_sha256: str


class Sealed(Struct, frozen=True):
    """`data`: base64url without padding."""

    key: str
    algorithm: str
    data: str


class GuardianPerson(Struct, frozen=True):
    """Who applies for a child."""

    number: str
    name: str
    consent: GuardianConsent

    def __repr__(self) -> str:
        return "GuardianPerson(…)"


class Personal(Struct, frozen=True):
    """The part that only central can read. `picture`: JPEG, base64 in JSON."""

    number: str
    name: str
    phone: str
    password: str
    picture: bytes | None
    way: Way = Way.VOICE
    reviews: tuple[Review, ...] = ()
    purpose: Purpose = Purpose.OPEN
    guardian: GuardianPerson | None = None

    def __repr__(self) -> str:
        return "Personal(…)"


class ActivationBody(Struct, frozen=True):
    id: str
    terminal: str
    at_unix: float
    began_unix: float
    simulated: bool
    challenge: str
    consent: Consent
    verdicts: tuple[Verdict, ...]
    way: Way
    reviews: tuple[Review, ...]
    purpose: Purpose
    guardian: GuardianConsent | None
    versions: dict[str, str]
    sealed: Sealed


class About(Struct, frozen=True):
    """What every request of this terminal says about itself."""

    terminal: str
    simulated: bool
    versions: dict[str, str]  # program and models


class _ReceiptBody(Struct, frozen=True):
    """A receipt as it arrives: nothing may be missing that decides what the customer is told."""

    id: Text
    status: RequestStatus
    code: str
    at_unix: float
    credential: Text | None = None
    recheck_unix: float | None = None


def personal_bytes(card: IdCard, evidence: Evidence, picture: bytes | None) -> bytes:
    """What is to be sealed. The picture goes along only if the person agreed to that.

    Way, purpose, the clerks' decisions and the guardian's consent stand inside too, so that nobody can change
    them on the way. With a guardian the picture is the guardian's.
    """
    agreed = picture if evidence.consent.picture else None
    who = (card.number, card.name, evidence.phone, evidence.password)
    how = (evidence.way, evidence.reviews, evidence.purpose, _guardian(evidence.guardian))
    return msgspec.json.encode(Personal(*who, agreed, *how))


def _guardian(guardian: Guardian | None) -> GuardianPerson | None:
    if guardian is None or guardian.card is None:
        return None
    return GuardianPerson(guardian.card.number, guardian.card.name, _guardian_consent(guardian))


def _guardian_consent(guardian: Guardian) -> GuardianConsent:
    return GuardianConsent(guardian.consent.language, guardian.consent.text_sha256)


def request_body(id: str, evidence: Evidence, about: About, sealed: Sealed, at_unix: float) -> bytes:
    """The body of `POST /v1/activations`: made once, stored, and sent byte for byte on every try."""
    consent = evidence.consent
    body = ActivationBody(
        id=id,
        terminal=about.terminal,
        at_unix=at_unix,
        began_unix=evidence.began_unix,
        simulated=about.simulated,
        challenge=evidence.challenge,
        consent=Consent(consent.language, consent.text_sha256, consent.picture),
        verdicts=evidence.verdicts,
        way=evidence.way,
        reviews=evidence.reviews,
        purpose=evidence.purpose,
        guardian=_guardian_consent(evidence.guardian) if evidence.guardian else None,
        versions=about.versions,
        sealed=sealed,
    )
    return msgspec.json.encode(body, order="deterministic")


def read_receipt(raw: bytes, request: str) -> Receipt:
    """Central's answer on `request`.

    Raises Unreachable(CENTRAL_FAULT): what cannot be understood whole is no answer, least of all a success.
    """
    try:
        body = msgspec.json.decode(raw, type=_ReceiptBody)
    except UNREADABLE:
        raise _fault("the receipt cannot be read") from None
    if body.id != request:
        raise _fault("a receipt for another request")
    code = _receipt_code(body)
    if not _coherent(body, code):
        raise _fault(f"a receipt that contradicts itself: {body.status.value}")
    return Receipt(body.id, body.status, code, body.credential, body.recheck_unix, body.at_unix)


def read_challenges(raw: bytes) -> tuple[str, ...]:
    """Tokens, still unchecked. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        return msgspec.json.decode(raw, type=ChallengeTokens).challenges
    except UNREADABLE:
        raise _fault("the challenges cannot be read") from None


def read_roster(raw: bytes) -> str:
    """A token, still unchecked. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        return msgspec.json.decode(raw, type=_RosterBody).roster
    except UNREADABLE:
        raise _fault("the roster cannot be read") from None


def read_health(raw: bytes) -> Health:
    """Raises Unreachable(CENTRAL_FAULT)."""
    try:
        health = msgspec.json.decode(raw, type=Health)
    except UNREADABLE:
        raise _fault("the sign of life cannot be read") from None
    if health.status != "ok":
        raise _fault("central says it is not well")
    return health


def read_heartbeat_reply(raw: bytes) -> HeartbeatReply:
    """Raises Unreachable(CENTRAL_FAULT)."""
    try:
        greeting = msgspec.json.decode(raw, type=HeartbeatReply)
    except UNREADABLE:
        raise _fault("the greeting cannot be read") from None
    if greeting.status != "ok" or not isfinite(greeting.time_unix):
        raise _fault("central says it is not well")
    return greeting


def problem_code(raw: bytes) -> Code | None:
    """The code of an error body; None if there is none that we know."""
    try:
        return Code(msgspec.json.decode(raw, type=Problem).code)
    except UNREADABLE:
        return None


def _receipt_code(body: _ReceiptBody) -> Code:
    """A later central may know codes that we do not: a refusal stays a refusal, a delay a delay."""
    try:
        return Code(body.code)
    except ValueError:
        later = {
            RequestStatus.REFUSED: Code.EVIDENCE_REFUSED,
            RequestStatus.PENDING: Code.AUTHORITY_UNAVAILABLE,
            RequestStatus.ACTIVATED: Code.INTERNAL,  # contradicts itself, see `_coherent`
        }
        return later[body.status]


def _coherent(body: _ReceiptBody, code: Code) -> bool:
    """A success names its credential and nothing wrong; a refusal gives a reason and no credential."""
    times = [t for t in (body.at_unix, body.recheck_unix) if t is not None]
    if not all(isfinite(t) for t in times):
        return False
    match body.status:
        case RequestStatus.ACTIVATED:
            return code is Code.OK and body.credential is not None
        case RequestStatus.REFUSED:
            return code is not Code.OK and body.credential is None
        case RequestStatus.PENDING:
            return body.credential is None


def _fault(detail: str) -> Unreachable:
    return Unreachable(Code.CENTRAL_FAULT, detail)
