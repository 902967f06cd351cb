"""Define and read the messages exchanged with central: wire protocol version 2, JSON (resources/protocol).

Structs with four or more fields take keywords only, so that a field that is inserted cannot take the value of
another. Fields stand in the JSON in the order in which they are declared.
"""

from enum import StrEnum
from math import inf, isfinite
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from kiosk.codes import Code
from kiosk.errors import UNREADABLE, Unreachable
from kiosk.events import Evidence, Guardian
from kiosk.model import (
    ActivationReceipt,
    ErasureNote,
    Given,
    IdCard,
    Purpose,
    ReaderIdentity,
    RequestStatus,
    Review,
    Verdict,
    Wants,
    Way,
)

WIRE_VERSION = 2
Text = Annotated[str, Meta(min_length=1, max_length=200)]


class Jwk(Struct, frozen=True):
    """An Ed25519 public key (RFC 8037). `x`: base64url without padding."""

    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"


class EcJwk(Struct, frozen=True):
    """A P-256 public key (RFC 7518). `x`, `y`: base64url without padding."""

    x: str
    y: str
    kty: str = "EC"
    crv: str = "P-256"


class SealingKey(Struct, frozen=True):
    """Central's key for sealing. `public`: base64url; what it holds depends on `algorithm`."""

    key: str
    algorithm: str
    public: str


class Enrolment(Struct, frozen=True, kw_only=True):
    """Central's answer to an enrolment, as it is kept on disk."""

    terminal: Text
    place: str
    challenge_key: Jwk
    sealing: SealingKey
    reader: ReaderIdentity | None = None  # None: enrolled before readers were pinned


class Problem(Struct, frozen=True):
    """An error body (RFC 9457)."""

    code: str = ""
    detail: str = ""


class ChallengeTokens(Struct, frozen=True):
    """Answer of `POST /v1/challenges`."""

    challenges: tuple[str, ...]


class _RosterBody(Struct, frozen=True):
    roster: str


class Health(Struct, frozen=True):
    """Answer of `GET /v1/health`, which asks for no signature."""

    status: str
    time_unix: float
    simulation: bool


class OutOfService(Struct, frozen=True):
    """Why the terminal serves nobody, and since when by its own clock."""

    code: str
    since_unix: float


class TerminalState(Struct, frozen=True, kw_only=True):
    """How the terminal is. `devices`: code of each device that is not ok. `free_mb`: of its disk."""

    out_of_service: OutOfService | None
    devices: dict[str, str]
    free_mb: int | None


class Heartbeat(Struct, frozen=True, kw_only=True):
    """Body of `POST /v1/heartbeat`. `sealing`: the suite that the terminal wants to seal with.

    `lost`: ids of requests that were promised and are missing in the outbox. `state` and `wants` are left out
    for a central that does not know them.
    """

    versions: dict[str, str] = {}
    waiting: int = 0
    oldest_s: float | None = None
    sealing: str = "HPKE-X25519-SHA256-AES256GCM"
    lost: tuple[str, ...] = ()
    state: TerminalState | UnsetType = UNSET
    wants: Wants | UnsetType = UNSET


class HeartbeatReply(Struct, frozen=True, kw_only=True):
    """Central's answer to a heartbeat. `sealing`: the key to seal to from now on.

    `audit_rewound`: the head of this terminal's audit log was older than, or contradicts, one that central
    keeps, and no operator has accepted that yet. `held`: an alarm of any kind about this terminal is open.
    """

    status: str
    time_unix: float
    simulation: bool
    versions_known: bool
    sealing: SealingKey
    audit_rewound: bool = False
    held: bool = False
    given: Given | None = None


class Consent(Struct, frozen=True):
    """What the customer agreed to. `picture`: that their picture goes along."""

    language: str
    text_sha256: str
    picture: bool


class GuardianConsent(Struct, frozen=True):
    """Consent of a child's guardian."""

    language: str
    text_sha256: str


class Sealed(Struct, frozen=True):
    """The personal part, sealed. `data`: base64url without padding."""

    key: str
    algorithm: str
    data: str


class PhoneCodeRequest(Struct, frozen=True):
    """Request for a one-time code. `sealed`: the mobile number."""

    id: str
    language: str
    sealed: Sealed


class PhoneCodeReply(Struct, frozen=True, kw_only=True):
    """Central's reply. `again_s`: until another may be asked for; None: not in this visit."""

    status: Literal["sent", "unsent", "too_often", "off"]
    again_s: float | None
    required: bool


class PhoneProofRequest(Struct, frozen=True):
    """What was typed. `sealed`: the mobile number."""

    id: str
    code: str
    sealed: Sealed

    def __repr__(self) -> str:
        return "PhoneProofRequest(…)"


class PhoneProofReply(Struct, frozen=True, kw_only=True):
    """Central's reply."""

    status: Literal["proved", "wrong", "expired"]
    tries_left: int


class StretchedPassword(Struct, frozen=True, kw_only=True):
    """A password as it leaves the terminal: argon2id's output, salt and cost; see `activation.passwords`."""

    salt: str
    memory_kib: int
    passes: int
    lanes: int
    hash: str

    def __repr__(self) -> str:
        return "StretchedPassword(…)"


class GuardianPerson(Struct, frozen=True):
    """The guardian who applies for a child."""

    number: str
    name: str
    salt: str
    consent: GuardianConsent

    def __repr__(self) -> str:
        return "GuardianPerson(…)"


MAX_KEPT_BYTES = 128 * 1024
"""Largest JPEG that central keeps."""


class PictureConsent(Struct, frozen=True):
    """Consent to a picture that central keeps, by the hash of its own text."""

    language: str
    text_sha256: str


class Reference(Struct, frozen=True):
    """A picture that central may keep: JPEG, base64 in JSON."""

    picture: bytes
    consent: PictureConsent

    def __repr__(self) -> str:
        return "Reference(…)"


class Personal(Struct, frozen=True, kw_only=True):
    """The part that only central can read. `picture`: JPEG, base64 in JSON."""

    number: str
    name: str
    salt: str
    phone: str | None
    password: StretchedPassword | None
    picture: bytes | None
    way: Way = Way.VOICE
    reviews: tuple[Review, ...] = ()
    purpose: Purpose = Purpose.OPEN
    guardian: GuardianPerson | None = None
    reference: Reference | UnsetType = UNSET

    def __repr__(self) -> str:
        return "Personal(…)"


class ActivationBody(Struct, frozen=True, kw_only=True):
    """Body of `POST /v1/activations`. `version`: of the wire; 1 sealed the password as it was typed."""

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
    reader: ReaderIdentity | None
    versions: dict[str, str]
    sealed: Sealed
    reference: PictureConsent | UnsetType = UNSET  # left out: an earlier central knows no such member
    version: int = WIRE_VERSION


class RequestOrigin(Struct, frozen=True):
    """The terminal and its software, as every request names them."""

    terminal: str
    simulated: bool
    versions: dict[str, str]  # program and models


class VisitStatus(StrEnum):
    """How a visit stands at central. LOST: its terminal promised it, and does not have it any more."""

    RUNNING = "RUNNING"
    PENDING = "PENDING"
    ACTIVATED = "ACTIVATED"
    REFUSED = "REFUSED"
    LOST = "LOST"


class VisitState(Struct, frozen=True, kw_only=True):
    """How a visit of any terminal stands; nothing in it says whose it is.

    `purpose`: None where it is not known any more. `ended`: what became of its credential since then,
    "revoked", "replaced" or None.
    """

    id: str
    status: VisitStatus
    code: str
    purpose: Purpose | None = None
    ended: str | None = None
    recheck_unix: float | None = None


class _ReceiptBody(Struct, frozen=True, kw_only=True):
    """A receipt as it arrives: nothing may be missing that decides what the customer is shown."""

    id: Text
    status: RequestStatus
    code: str
    at_unix: float
    credential: Text | None = None
    recheck_unix: float | None = None
    erasure: ErasureNote | None = None


def personal_bytes(
    card: IdCard,
    evidence: Evidence,
    picture: bytes | None,
    password: StretchedPassword | None,
    kept: PictureConsent | None = None,
) -> bytes:
    """Return the JSON that is to be sealed. `picture` (JPEG) goes along only if the person agreed to that.

    `kept`: see `kept_picture_consent`.

    Way, purpose, the clerks' decisions and the guardian's consent stand inside too, so that nobody can change
    them on the way. With a guardian the picture is the guardian's.
    """
    guardian = evidence.guardian
    applicant = None
    if guardian is not None and guardian.card is not None:
        adult, consent = guardian.card, _guardian_consent(guardian)
        applicant = GuardianPerson(adult.number, adult.name, adult.salt, consent)
    personal = Personal(
        number=card.number,
        name=card.name,
        salt=card.salt,
        phone=evidence.phone,
        password=password,
        picture=picture if evidence.consent.picture else None,
        way=evidence.way,
        reviews=evidence.reviews,
        purpose=evidence.purpose,
        guardian=applicant,
        reference=Reference(picture, kept) if picture is not None and kept is not None else UNSET,
    )
    return msgspec.json.encode(personal)


def kept_picture_consent(evidence: Evidence, picture: bytes | None) -> PictureConsent | None:
    """Return what allows central to keep the picture; None: it may not, or the picture is too large.

    Only of the owner of a new credential, who was filmed: by their own consent, which a guardian cannot give.
    """
    consent = evidence.consent
    if (
        picture is None
        or len(picture) > MAX_KEPT_BYTES
        or not consent.kept_sha256
        or not evidence.purpose.gives_credential
        or evidence.way is Way.CLERK
        or evidence.guardian is not None
    ):
        return None
    return PictureConsent(consent.language, consent.kept_sha256)


def _guardian_consent(guardian: Guardian) -> GuardianConsent:
    return GuardianConsent(guardian.consent.language, guardian.consent.text_sha256)


def request_body(
    id: str,
    evidence: Evidence,
    *,
    origin: RequestOrigin,
    sealed: Sealed,
    at_unix: float,
    reference: PictureConsent | None = None,
) -> bytes:
    """Encode the body of `POST /v1/activations`: made once, stored, and sent byte for byte on every try.

    `reference`: consent to the picture that is sealed in it to be kept.
    """
    consent = evidence.consent
    body = ActivationBody(
        id=id,
        terminal=origin.terminal,
        at_unix=at_unix,
        began_unix=evidence.began_unix,
        simulated=origin.simulated,
        challenge=evidence.challenge,
        consent=Consent(consent.language, consent.text_sha256, consent.picture),
        verdicts=evidence.verdicts,
        way=evidence.way,
        reviews=evidence.reviews,
        purpose=evidence.purpose,
        guardian=_guardian_consent(evidence.guardian) if evidence.guardian else None,
        reader=evidence.reader,
        versions=origin.versions,
        sealed=sealed,
        reference=reference or UNSET,
    )
    return msgspec.json.encode(body, order="deterministic")


def read_receipt(raw: bytes, request: str) -> ActivationReceipt:
    """Decode central's receipt for `request`.

    Raises Unreachable(CENTRAL_FAULT) for what cannot be understood whole: that is no answer, least of all a
    success.
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
    return ActivationReceipt(
        id=body.id,
        status=body.status,
        code=code,
        credential=body.credential,
        recheck_unix=body.recheck_unix,
        at_unix=body.at_unix,
        erasure=body.erasure,
    )


def read_visit_state(raw: bytes, number: str) -> VisitState:
    """Decode how a visit stands. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        state = msgspec.json.decode(raw, type=VisitState)
    except UNREADABLE:
        raise _fault("the state of a visit cannot be read") from None
    if state.id != number:
        raise _fault("the state of another visit")
    return state


def read_challenges(raw: bytes) -> tuple[str, ...]:
    """Decode challenge tokens, still unverified. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        return msgspec.json.decode(raw, type=ChallengeTokens).challenges
    except UNREADABLE:
        raise _fault("the challenges cannot be read") from None


def read_roster(raw: bytes) -> str:
    """Decode the roster's token, still unverified. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        return msgspec.json.decode(raw, type=_RosterBody).roster
    except UNREADABLE:
        raise _fault("the roster cannot be read") from None


def read_health(raw: bytes) -> Health:
    """Decode the answer of `GET /v1/health`. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        health = msgspec.json.decode(raw, type=Health)
    except UNREADABLE:
        raise _fault("the health cannot be read") from None
    if health.status != "ok":
        raise _fault("central says it is not well")
    return health


def read_heartbeat_reply(raw: bytes) -> HeartbeatReply:
    """Decode central's answer to a heartbeat. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        reply = msgspec.json.decode(raw, type=HeartbeatReply)
    except UNREADABLE:
        raise _fault("the heartbeat's reply cannot be read") from None
    if reply.status != "ok" or not isfinite(reply.time_unix):
        raise _fault("central says it is not well")
    return reply


def read_phone_code_reply(raw: bytes) -> PhoneCodeReply:
    """Decode the answer to a request for a code. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        reply = msgspec.json.decode(raw, type=PhoneCodeReply)
    except UNREADABLE:
        raise _fault("the answer about a code cannot be read") from None
    if reply.again_s is not None and not 0 <= reply.again_s < inf:
        raise _fault("a time that is none")
    return reply


def read_phone_proof_reply(raw: bytes) -> PhoneProofReply:
    """Decode the answer to what was typed. Raises Unreachable(CENTRAL_FAULT)."""
    try:
        return msgspec.json.decode(raw, type=PhoneProofReply)
    except UNREADABLE:
        raise _fault("the answer about a code cannot be read") from None


def problem_code(raw: bytes) -> Code | None:
    """Return the code of an error body (RFC 9457); None if there is none that this program knows."""
    try:
        return Code(msgspec.json.decode(raw, type=Problem).code)
    except UNREADABLE:
        return None


def _receipt_code(body: _ReceiptBody) -> Code:
    """Map codes of a later central, unknown here: a refusal stays a refusal, a delay a delay."""
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
    """Return True if a success names its credential and no fault, a refusal its reason and no credential.

    After an erasure there may have been no credential; then it says what it erased.
    """
    erased = body.erasure
    until = (erased.evidence_until_unix, erased.guard_until_unix) if erased is not None else ()
    times = [t for t in (body.at_unix, body.recheck_unix, *until) if t is not None]
    if not all(isfinite(t) for t in times):
        return False
    match body.status:
        case RequestStatus.ACTIVATED:
            return code is Code.OK and (body.credential is not None or erased is not None)
        case RequestStatus.REFUSED:
            return code is not Code.OK and body.credential is None and erased is None
        case RequestStatus.PENDING:
            return body.credential is None and erased is None


def _fault(detail: str) -> Unreachable:
    return Unreachable(Code.CENTRAL_FAULT, detail)
