"""Messages between terminal and central, version 2; `resources/protocol` has their schemas."""

from base64 import urlsafe_b64decode
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, Self

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from central.codes import Code
from central.protocol import examples

VISIT_NUMBER = r"^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$"
"""Sixteen characters of Crockford's base 32 in four groups: 80 random bits."""

VisitNumber = Annotated[str, StringConstraints(pattern=VISIT_NUMBER)]
TERMINAL = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
TerminalId = Annotated[str, StringConstraints(pattern=TERMINAL)]
Token = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,64}$")]  # printable ASCII
CodeText = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)?$", max_length=64)]
Base64Url = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
Ed25519X = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
P256Coordinate = Ed25519X  # 32 bytes, too
Unix = Annotated[float, Field(ge=0, le=4e9)]
Text = Annotated[str, StringConstraints(max_length=200)]
Scalar = StrictBool | int | float | Text | None


class Message(BaseModel):
    """Base of all messages. Unknown fields are refused: to send more than agreed must be noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


def _example(message: str) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [examples.ALL[message]]})


class PublicKey(Message):
    """A JSON Web Key (RFC 8037): Ed25519, the public part."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Ed25519X


class EcPublicKey(Message):
    """A JSON Web Key (RFC 7518): a point of P-256, the public part."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: P256Coordinate
    y: P256Coordinate

    def point(self) -> ec.EllipticCurvePublicKey:
        """Return the key. Raises ValueError if it is no point of the curve."""
        x, y = (int.from_bytes(urlsafe_b64decode(text + "=")) for text in (self.x, self.y))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()

    @model_validator(mode="after")
    def _is_on_the_curve(self) -> Self:
        self.point()
        return self


TerminalKey = Annotated[PublicKey | EcPublicKey, Field(discriminator="kty")]
"""A terminal's key: which of the two decides with which algorithm its signatures are verified."""


class Reader(Message):
    """A card reader. `sam`: the number of its security module; `socket`: its USB socket, empty if none."""

    sam: Token
    socket: Annotated[str, StringConstraints(pattern=r"^[ -~]{0,64}$")]


class EnrolmentRequest(Message):
    """A terminal's one-time code and public key, and the card reader that is connected to it."""

    model_config = _example("enrolment-request")

    terminal: TerminalId
    code: Token
    public_key: TerminalKey
    reader: Reader


class SealingKey(Message):
    """A public key to seal to."""

    key: Token
    algorithm: Literal["HPKE-X25519-SHA256-AES256GCM", "SM2-SM4GCM"]
    public: Base64Url  # X25519: 32 bytes; SM2: the point's x and y, 64 bytes


class Enrolment(Message):
    """Reply to an enrolment."""

    model_config = _example("enrolment")

    terminal: TerminalId
    place: str
    challenge_key: PublicKey
    sealing: SealingKey
    reader: Reader  # pinned from now on


class ChallengesRequest(Message):
    """Request for new challenges."""

    model_config = _example("challenges-request")

    count: Annotated[int, Field(ge=1, le=200)]


class Challenges(Message):
    """Tokens of new challenges."""

    model_config = _example("challenges")

    challenges: list[str]


class ChallengeClaims(Message):
    """Claims of a challenge's token."""

    model_config = _example("challenge-claims")

    iss: Literal["central"]
    aud: TerminalId
    jti: Token
    digits: Annotated[list[Annotated[int, Field(ge=0, le=9)]], Field(min_length=4, max_length=8)]
    gaps_s: Annotated[list[float], Field(min_length=4, max_length=8)]
    iat: int
    exp: int


class Roster(Message):
    """The signed roster of a terminal."""

    model_config = _example("roster")

    roster: str


class WrappedKey(Message):
    """A clerk's key pair; the private key is encrypted with the PIN, see resources/protocol/README.md."""

    public: Ed25519X
    wrapped: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{80}$")]  # nonce, ciphertext, tag
    salt: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
    memory_kib: Annotated[int, Field(ge=8)]  # argon2id's cost
    passes: Annotated[int, Field(ge=1)]
    lanes: Annotated[int, Field(ge=1)]


class RosterMember(Message):
    """A clerk who may sign in at the terminal, with the PIN that unwraps the key."""

    number: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,7}$")]
    role: Literal["clerk", "supervisor"]
    key: WrappedKey
    unlocked_unix: Unix  # failures before this time are forgiven


class RosterClaims(Message):
    """Claims of a roster's token; its header has `typ: roster+jwt`."""

    model_config = _example("roster-claims")

    iss: Literal["central"]
    aud: TerminalId
    iat: float
    exp: float
    members: list[RosterMember]


class Check(StrEnum):
    """What a verdict is about."""

    CARD = "card"
    GUARDIAN = "guardian"  # the card of the guardian who applies for a child
    PHONE = "phone"
    FACE = "face"
    LIVENESS = "liveness"
    DIGITS = "digits"
    LIPS = "lips"
    CONTINUITY = "continuity"
    LIGHT = "light"
    STREAM = "stream"
    HEAD = "head"
    TOUCH = "touch"


class VerdictAnswer(StrEnum):
    """Result of a check."""

    PASS = "pass"  # noqa: S105
    RETRY = "retry"
    REVIEW = "review"
    REFUSE = "refuse"


class Verdict(Message):
    """Result of one check, with what was measured and required."""

    check: Check
    answer: VerdictAnswer
    code: CodeText
    measured: Annotated[dict[Token, Scalar], Field(max_length=64)]
    required: Annotated[dict[Token, Scalar], Field(max_length=64)]


class Consent(Message):
    """The person's consent to the text that was shown."""

    language: Annotated[str, StringConstraints(max_length=16)]
    text_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    picture: StrictBool  # one sealed picture may come along


class GuardianConsent(Message):
    """Consent of a guardian, for a child under fourteen and to their own part; it has its own text."""

    language: Annotated[str, StringConstraints(max_length=16)]
    text_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PictureConsent(Message):
    """Consent to a picture that is kept for comparisons online, for the credential's life; its own text."""

    language: Annotated[str, StringConstraints(max_length=16)]
    text_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Way(StrEnum):
    """How the person was identified; see resources/protocol/README.md."""

    VOICE = "voice"
    HEAD = "head"
    TOUCH = "touch"
    CLERK = "clerk"


class Purpose(StrEnum):
    """What to do with the person's credential; a person has one."""

    OPEN = "open"
    RENEW = "renew"  # the old one ends, a new serial is issued
    NEW_PASSWORD = "new_password"  # noqa: S105 - the serial stays
    NEW_PHONE = "new_phone"  # the serial and the password stay
    END = "end"
    ERASE = "erase"  # ends it, and erases what central holds of the person

    @property
    def has_password(self) -> bool:
        """Whether the person chooses a password."""
        return self in (Purpose.OPEN, Purpose.RENEW, Purpose.NEW_PASSWORD)

    @property
    def has_phone(self) -> bool:
        """Whether the person gives a mobile number."""
        return self.has_password or self is Purpose.NEW_PHONE


class ReviewSignature(Message):
    """The clerk whose PIN was given; `role` as in the terminal's roster.

    `signature`: base64url, with the clerk's key over what the README defines; without it the request is
    refused.
    """

    clerk: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}$")]
    role: Literal["clerk", "supervisor"]
    at_unix: Unix
    signature: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_-]{86})?$")] = ""


Commitment = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""To a person: see "Signatures of a review" in the README."""


class Review(Message):
    """A clerk's decision at the terminal. `overruled` counts as passed then; empty unless approved.

    `challenge`: the one that the visit held when it was signed. `persons`: whose cards it held then.
    """

    code: CodeText
    challenge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    persons: Annotated[list[Commitment], Field(max_length=2)] = []
    decision: Literal["approve", "again", "refuse"]
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
    overruled: Annotated[list[CodeText], Field(max_length=1)]
    first: ReviewSignature
    second: ReviewSignature | None
    asked_unix: Unix


Reviews = Annotated[list[Review], Field(max_length=5)]


class Sealed(Message):
    """Personal data, encrypted to a key of central."""

    key: Token
    algorithm: Annotated[str, StringConstraints(max_length=64)]
    data: Base64Url


class ActivationRequest(Message):
    """Everything that a visit brings: evidence in the clear, personal data sealed.

    `version`: of the wire. 1, or none: from a terminal that seals the password as it was typed.
    """

    model_config = _example("activation-request")

    id: VisitNumber
    terminal: TerminalId
    at_unix: Unix
    began_unix: Unix
    simulated: StrictBool
    challenge: Token
    consent: Consent
    verdicts: Annotated[list[Verdict], Field(max_length=200)]  # every try of every way, and after reviews
    way: Way = Way.VOICE
    reviews: Reviews = []
    purpose: Purpose = Purpose.OPEN
    guardian: GuardianConsent | None = None  # the person is a child; face and voice are the guardian's
    reference: PictureConsent | None = None  # one picture, sealed, may be kept
    reader: Reader | None = None  # which read the card; None: made before readers were pinned
    versions: Annotated[dict[Token, Text], Field(max_length=64)]
    sealed: Sealed
    version: Literal[1, 2] = 1


class NamedPerson(Message):
    """A person by number and name."""

    # Fifteen digits as before 1999, or a wrong check character: only where two of the staff signed for it.
    number: Annotated[str, StringConstraints(pattern=r"^([0-9]{17}[0-9X]|[0-9]{15}|[A-Z]{3}[0-9]{12})$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    salt: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_-]{22})?$")] = ""

    @property
    def commitment(self) -> str:
        """What clerks signed for this person: see "Signatures of a review" in the README."""
        text = "|".join(("kiosk-person-v1", self.salt, self.number, self.name))
        return sha256(text.encode()).hexdigest()

    @property
    def regular(self) -> bool:
        """Whether the check character is that of GB 11643-1999: ISO 7064 MOD 11-2 over the first 17 digits.

        A foreigner's number of 2017 (three letters, twelve digits) has no check character that is published.
        """
        if self.number[0].isalpha():
            return True
        total = sum(int(digit) * 2 ** (17 - i) for i, digit in enumerate(self.number[:17]))
        return self.number[17:] == "10X98765432"[total % 11]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    __str__ = __repr__


class Guardian(NamedPerson):
    """The adult who applies for a child. `consent` is in the request outside too."""

    consent: GuardianConsent


class Reference(Message):
    """A picture of the person's face, taken in the visit. `consent` is in the request outside too.

    `picture`: base64 (standard alphabet) of a JPEG of 128 KiB at most.
    """

    picture: Annotated[
        str,
        StringConstraints(
            pattern=r"^/9j/([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", max_length=174_764
        ),
    ]
    consent: PictureConsent

    def __repr__(self) -> str:
        return "Reference(…)"

    __str__ = __repr__


PHONE_PATTERN = r"^1[3-9]\d{9}$"
Phone = Annotated[str, StringConstraints(pattern=PHONE_PATTERN)]
"""A mobile number of the mainland."""


class PhoneNumber(Message):
    """The mobile number of a one-time code in the clear; lives in memory only."""

    model_config = _example("phone-number")

    phone: Phone

    def __repr__(self) -> str:
        return "PhoneNumber(…)"

    __str__ = __repr__


class PhoneCodeRequest(Message):
    """Request to send a one-time code to the mobile number of a visit. `sealed`: a `PhoneNumber`."""

    model_config = _example("phone-code-request")

    id: VisitNumber
    language: Annotated[str, StringConstraints(max_length=16)]
    sealed: Sealed


class PhoneCodeStatus(StrEnum):
    """What became of a request for a code."""

    SENT = "sent"
    UNSENT = "unsent"  # the provider did not take it
    TOO_OFTEN = "too_often"
    OFF = "off"  # central sends none


class PhoneCodeReply(Message):
    """Reply to a request for a code."""

    model_config = _example("phone-code-reply")

    status: PhoneCodeStatus
    valid_s: float
    again_s: float | None  # until another may be asked for; null: not in this visit
    required: StrictBool  # whether central refuses activations whose number was not proved


class PhoneProofRequest(Message):
    """What was typed. `sealed`: the same `PhoneNumber` as in the request for the code."""

    model_config = _example("phone-proof-request")

    id: VisitNumber
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    sealed: Sealed


class PhoneProofStatus(StrEnum):
    """Result of the comparison."""

    PROVED = "proved"
    WRONG = "wrong"
    EXPIRED = "expired"  # too old, too many wrong tries, or none was sent to this number


class PhoneProofReply(Message):
    """Reply to what was typed."""

    model_config = _example("phone-proof-reply")

    status: PhoneProofStatus
    tries_left: int


class StretchedPassword(Message):
    """A password that the terminal has stretched with argon2id, so that central need not; see the README."""

    salt: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
    memory_kib: Annotated[int, Field(ge=19_456, le=262_144)]
    passes: Annotated[int, Field(ge=2, le=10)]
    lanes: Annotated[int, Field(ge=1, le=4)]
    hash: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]

    def __repr__(self) -> str:
        return "StretchedPassword(…)"

    __str__ = __repr__


TypedPassword = Annotated[str, StringConstraints(pattern=r"^\d{8}$")]


class Person(NamedPerson):
    """The sealed part in the clear; lives in memory only."""

    model_config = _example("person") | ConfigDict(str_strip_whitespace=False)

    phone: Phone | None = None
    password: StretchedPassword | TypedPassword | None = None  # as typed: version 1 of the wire
    picture: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$")] | None
    way: Way = Way.VOICE  # these four again: changing the request outside does not change them
    reviews: Reviews = []
    purpose: Purpose = Purpose.OPEN
    guardian: Guardian | None = None  # then the picture is of the guardian
    reference: Reference | None = None

    @model_validator(mode="after")
    def _gives_what_the_purpose_needs(self) -> Self:
        """Refuse what is missing, and what is sent without need."""
        given = (self.phone is not None, self.password is not None)
        if given != (self.purpose.has_phone, self.purpose.has_password):
            raise ValueError("number or password")
        return self


class ReceiptStatus(StrEnum):
    """Status of a request."""

    ACTIVATED = "ACTIVATED"
    PENDING = "PENDING"
    REFUSED = "REFUSED"


class ErasureNote(Message):
    """What an erasure took away, and until when the rest stays.

    `receipt`: number of central's signed receipt; `evidence_until_unix`: of the request to erase itself;
    `guard_until_unix`: of the keyed hash that keeps older, late requests from being carried out.
    """

    receipt: int
    credentials: int
    requests: int
    evidence_until_unix: float
    guard_until_unix: float


class Receipt(Message):
    """State of a request."""

    model_config = _example("receipt")

    id: VisitNumber
    status: ReceiptStatus
    code: Code
    credential: str | None  # the serial; None after an erasure if there was none
    recheck_unix: float | None
    at_unix: float
    erasure: ErasureNote | None = None


class VisitStatus(StrEnum):
    """How a visit stands. LOST: its terminal promised it, and does not have it any more."""

    RUNNING = "RUNNING"
    PENDING = "PENDING"
    ACTIVATED = "ACTIVATED"
    REFUSED = "REFUSED"
    LOST = "LOST"


class VisitState(Message):
    """How a visit stands, for the clerk of any terminal; nothing in it says whose it is.

    `purpose`: None where the evidence was erased. `ended`: what became of its credential since then.
    """

    model_config = _example("visit-state")

    id: VisitNumber
    status: VisitStatus
    code: Code
    purpose: Purpose | None = None
    ended: Literal["revoked", "replaced"] | None = None
    recheck_unix: float | None = None


class UsbRequest(Message):
    """A request that travels on a USB stick.

    `body`: base64url of the activation request, byte for byte as it would be sent online; empty: the terminal
    only asks for the receipt. `token`: see the README.
    """

    model_config = _example("usb-request")

    id: VisitNumber
    terminal: TerminalId
    body: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$")]
    token: str


class ReceiptClaims(Message):
    """Claims of a receipt on a USB stick; its header has `typ: receipt+jwt`."""

    model_config = _example("receipt-claims")

    iss: Literal["central"]
    aud: TerminalId
    iat: int
    receipt: Receipt


class RevocationRequest(Message):
    """An owner's request to end a credential."""

    model_config = _example("revocation-request")

    id: VisitNumber
    password: TypedPassword


class RevocationReply(Message):
    """The ended credential, and when it ended."""

    model_config = _example("revocation-reply")

    credential: str
    at_unix: float


class RotationRequest(Message):
    """Signed with the old key; `proof` is the new one's signature over `kiosk-rotate-v1|<terminal>|<key>`."""

    model_config = _example("rotation-request")

    public_key: TerminalKey
    proof: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$")]


class RotationReply(Message):
    """The key that is valid from now on."""

    model_config = _example("rotation-reply")

    public_key: TerminalKey


class ReaderRequest(Message):
    """The card reader that takes the place of the pinned one; an operator of central has permitted it."""

    model_config = _example("reader-request")

    reader: Reader


class ReaderReply(Message):
    """The card reader that is pinned from now on."""

    model_config = _example("reader-reply")

    reader: Reader


class Wants(Message):
    """What a terminal asks to get with the answer to its heartbeat."""

    challenges: Annotated[int, Field(ge=0, le=200)]
    roster: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None  # the version it has; null: send it


class GivenRoster(Message):
    """A roster and its version: a name of its content, for `Wants`."""

    version: str
    token: str


class Given(Message):
    """What comes with the answer to a heartbeat that asked for it."""

    challenges: list[str]
    challenges_code: Code  # ok, or why there are none or fewer
    roster: GivenRoster | None  # null: unchanged


class OutOfService(Message):
    """Why a terminal serves nobody, and since when by its own clock."""

    code: CodeText
    since_unix: Annotated[float, Field(ge=0)]


class DeviceStates(Message):
    """How a terminal is."""

    out_of_service: OutOfService | None  # null: it serves
    # The code of each device that is not ok.
    devices: Annotated[dict[Token, CodeText], Field(max_length=32)]
    free_mb: Annotated[int, Field(ge=0)] | None  # of its disk


class Heartbeat(Message):
    """State of a terminal."""

    model_config = _example("heartbeat")

    versions: Annotated[dict[Token, Text], Field(max_length=64)]
    waiting: Annotated[int, Field(ge=0)]
    oldest_s: Annotated[float, Field(ge=0)] | None  # how long the oldest has waited
    # The suite that the terminal wants to seal with.
    sealing: Literal["HPKE-X25519-SHA256-AES256GCM", "SM2-SM4GCM"]
    # Requests that were promised and are not in its outbox any more.
    lost: Annotated[list[VisitNumber], Field(max_length=100)] = []
    state: DeviceStates | None = None  # null: a terminal of an earlier version
    wants: Wants | None = None  # null: the answer has no `given`


class HeartbeatReply(Message):
    """Central's reply to a heartbeat; a revoked terminal gets 403 instead."""

    model_config = _example("heartbeat-reply")

    status: Literal["ok"]
    simulation: bool
    time_unix: float
    version: str
    versions_known: bool  # whether central takes evidence of these versions
    sealing: SealingKey  # to be used from now on
    audit_rewound: bool  # its audit log went back and that is not accepted yet: it must serve nobody
    held: bool  # an alarm about this terminal is open: it must serve nobody
    given: Given | None = None


class Health(Message):
    """State of central."""

    model_config = _example("health")

    status: Literal["ok"]
    simulation: bool
    time_unix: float
    version: str


class ProblemBody(Message):
    """Body of an error (RFC 9457). `request_id`: the request's lines in central's log carry it."""

    model_config = _example("problem")

    code: Code
    detail: str
    request_id: str = ""
