"""Messages between terminal and central, version 1; `resources/protocol` has their schemas."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, field_validator

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


class EnrolmentRequest(Message):
    """A terminal's one-time code and public key."""

    model_config = _example("enrolment-request")

    terminal: TerminalId
    code: Token
    public_key: PublicKey


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


class RosterMember(Message):
    """A clerk who may sign in at the terminal. `pin`: an argon2id hash in PHC form."""

    number: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,7}$")]
    role: Literal["clerk", "supervisor"]
    pin: Annotated[str, StringConstraints(pattern=r"^\$argon2id\$", max_length=200)]
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


class ReviewSignature(Message):
    """The clerk whose PIN was given; `role` as in the terminal's roster."""

    clerk: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}$")]
    role: Literal["clerk", "supervisor"]
    at_unix: Unix


class Review(Message):
    """A clerk's decision at the terminal. `overruled` counts as passed then; empty unless approved."""

    code: CodeText
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
    """Everything that a visit brings: evidence in the clear, personal data sealed."""

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
    versions: Annotated[dict[Token, Text], Field(max_length=64)]
    sealed: Sealed


class NamedPerson(Message):
    """A person by number and name."""

    number: Annotated[str, StringConstraints(pattern=r"^([0-9]{17}[0-9X]|[A-Z]{3}[0-9]{12})$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]

    @field_validator("number")
    @classmethod
    def _check_character(cls, number: str) -> str:
        """GB 11643-1999: ISO 7064 MOD 11-2 over the first 17 digits.

        A foreigner's number of 2017 (three letters, twelve digits) has no check character that is published.
        """
        if number[0].isalpha():
            return number
        total = sum(int(digit) * 2 ** (17 - i) for i, digit in enumerate(number[:17]))
        if number[17] != "10X98765432"[total % 11]:
            raise ValueError("check character")
        return number

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    __str__ = __repr__


class Guardian(NamedPerson):
    """The adult who applies for a child. `consent` is in the request outside too."""

    consent: GuardianConsent


class Person(NamedPerson):
    """The sealed part in the clear; lives in memory only."""

    model_config = _example("person") | ConfigDict(str_strip_whitespace=False)

    phone: Annotated[str, StringConstraints(pattern=r"^1[3-9]\d{9}$")]
    password: Annotated[str, StringConstraints(pattern=r"^\d{8}$")]
    picture: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$")] | None
    way: Way = Way.VOICE  # these four again: changing the request outside does not change them
    reviews: Reviews = []
    purpose: Purpose = Purpose.OPEN
    guardian: Guardian | None = None  # then the picture is of the guardian


class ReceiptStatus(StrEnum):
    """Status of a request."""

    ACTIVATED = "ACTIVATED"
    PENDING = "PENDING"
    REFUSED = "REFUSED"


class Receipt(Message):
    """State of a request."""

    model_config = _example("receipt")

    id: VisitNumber
    status: ReceiptStatus
    code: Code
    credential: str | None
    recheck_unix: float | None
    at_unix: float


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
    password: Annotated[str, StringConstraints(pattern=r"^\d{8}$")]


class RevocationReply(Message):
    """The ended credential, and when it ended."""

    model_config = _example("revocation-reply")

    credential: str
    at_unix: float


class RotationRequest(Message):
    """Signed with the old key; `proof` is the new one's signature over `kiosk-rotate-v1|<terminal>|<x>`."""

    model_config = _example("rotation-request")

    public_key: PublicKey
    proof: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$")]


class RotationReply(Message):
    """The key that is valid from now on."""

    model_config = _example("rotation-reply")

    public_key: PublicKey


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


class Health(Message):
    """State of central."""

    model_config = _example("health")

    status: Literal["ok"]
    simulation: bool
    time_unix: float
    version: str


class ProblemBody(Message):
    """Body of an error (RFC 9457)."""

    model_config = _example("problem")

    code: Code
    detail: str
