"""Defines the values that all packages share.

All are frozen; every `at`, `began`, `ended` is seconds on one monotonic clock (`time.monotonic`), stamped at
capture, unless the name ends in `_unix`.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.codes import Code

SAMPLE_RATE = 16_000
"""Hz. Everything behind the microphone port is mono float32 at this rate, −1…1."""


class Language(StrEnum):
    """A language of the window, the slips and the prompts; the first takes the place of an unknown one.

    Its name, script and spoken form are in the head of `resources/phrases/<language>.toml`.
    """

    ZH_HANS = "zh-Hans"
    ZH_HANT = "zh-Hant"
    EN = "en"


class Stage(StrEnum):
    """Where a visit is; see `kiosk.visit.handlers`."""

    OUT_OF_SERVICE = "out_of_service"
    IDLE = "idle"
    CONSENT = "consent"
    CARD = "card"
    GUARDIAN = "guardian"
    PHONE = "phone"
    CONFIRM = "confirm"
    PHONE_CODE = "phone_code"
    PORTRAIT = "portrait"
    FACE = "face"
    DIGITS = "digits"
    HEAD = "head"
    TOUCH = "touch"
    REVIEW = "review"
    SUBMIT = "submit"
    OUTCOME = "outcome"


class Step(StrEnum):
    """A part of a visit as the person sees it, in this order; see `kiosk.visit.steps`."""

    CARD = "card"
    GUARDIAN = "guardian"
    PHONE = "phone"
    CONFIRM = "confirm"  # where nothing is typed
    FACE = "face"
    CHALLENGE = "challenge"  # digits, head movements or typed digits
    CLERK = "clerk"
    DONE = "done"


class PhoneCodeStatus(StrEnum):
    """What became of the wish to send a one-time code to a mobile number."""

    SENT = "sent"
    UNSENT = "unsent"  # the provider of text messages did not take it
    TOO_OFTEN = "too_often"
    OFF = "off"  # central sends none
    UNREACHABLE = "unreachable"


class PhoneProofStatus(StrEnum):
    """Result of comparing what was typed with the code that was sent."""

    PROVED = "proved"
    WRONG = "wrong"
    EXPIRED = "expired"  # too old, or tried too often
    UNREACHABLE = "unreachable"


class PhoneProof(StrEnum):
    """Whether the mobile number was proved, and why not; evidence."""

    PROVED = "proved"
    SKIPPED = "skipped"  # the person went on without
    OFF = "off"  # central sends no codes
    OFFLINE = "offline"


class Way(StrEnum):
    """How a person proves to be alive and here; chosen on the first screen, or after a try."""

    VOICE = "voice"  # digits read aloud
    HEAD = "head"  # the head turned as arrows say
    TOUCH = "touch"  # digits typed, and a clerk who attests
    CLERK = "clerk"  # no face recognition: a clerk looks at card and person


class Purpose(StrEnum):
    """What is to be done with the person's credential, of which each person has one."""

    OPEN = "open"
    RENEW = "renew"  # the old one ends, a new one is issued
    NEW_PASSWORD = "new_password"  # noqa: S105 - the credential stays
    NEW_PHONE = "new_phone"  # the credential and its password stay
    END = "end"
    ERASE = "erase"  # ends it, and erases what central holds of the person

    @property
    def has_password(self) -> bool:
        """Whether the person chooses a password."""
        return self in (Purpose.OPEN, Purpose.RENEW, Purpose.NEW_PASSWORD)

    @property
    def gives_credential(self) -> bool:
        """Whether a new credential is issued."""
        return self in (Purpose.OPEN, Purpose.RENEW)

    @property
    def has_phone(self) -> bool:
        """Whether the person gives a mobile number; for a purpose without one they confirm what they want."""
        return self.has_password or self is Purpose.NEW_PHONE


class HeadMove(StrEnum):
    """Movement of the head; left and right are the person's own, and the screen's, which is a mirror."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


class Device(StrEnum):
    """A device or service of the terminal that a visit may need."""

    CAMERA = "camera"
    MICROPHONE = "microphone"
    READER = "reader"
    SPEAKER = "speaker"
    PRINTER = "printer"
    MODELS = "models"
    DISK = "disk"
    CLOCK = "clock"
    IDENTITY = "identity"
    OUTBOX = "outbox"
    CHALLENGES = "challenges"
    CENTRAL = "central"
    AUDIT = "audit"
    BACKLOG = "backlog"
    CONTACT = "contact"
    SOFTWARE = "software"
    LEDGER = "ledger"
    CLERK_CALL = "clerk_call"


class Role(StrEnum):
    """What a member of staff may do; a supervisor may do all that a clerk may."""

    CLERK = "clerk"
    SUPERVISOR = "supervisor"


class Clerk(Struct, frozen=True):
    """A member of staff who signed in. `number`: digits that central issued, not a name."""

    number: str
    role: Role


class ClerkCallState(StrEnum):
    """Whether the clerk was called, as far as the terminal knows."""

    WAVE = "wave"  # nothing at this terminal calls them
    CALLING = "calling"
    CALLED = "called"
    FAILED = "failed"


class ClerkCallFacts(Struct, frozen=True, kw_only=True):
    """What a call of the clerk says; nothing about a person."""

    terminal: str
    place: str
    at_unix: float


class Outcome(StrEnum):
    """How a visit ended, as the screen, the slip and the report say it."""

    ACTIVATED = "activated"
    PENDING = "pending"
    ACCEPTED = "accepted"  # on disk here; will be delivered when the line is back
    REFUSED = "refused"
    REFERRED = "referred"  # to the clerk: grey band, exception, another way
    ABANDONED = "abandoned"  # cancelled, declined, walked off, timed out


_DONE = {
    Purpose.RENEW: "renewed",
    Purpose.NEW_PASSWORD: "password_set",
    Purpose.NEW_PHONE: "phone_set",
    Purpose.END: "ended",
    Purpose.ERASE: "erased",
}
_CHANGE = {Outcome.ACCEPTED: "change_accepted", Outcome.REFUSED: "change_refused"}


def outcome_key(outcome: Outcome, purpose: Purpose) -> str:
    """Return the phrase key of an outcome: for a change it says what became of the existing credential."""
    if purpose is Purpose.OPEN:
        return outcome.value
    return _DONE[purpose] if outcome is Outcome.ACTIVATED else _CHANGE.get(outcome, outcome.value)


class StreamSeen(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Properties of a camera's stream since it was opened (measured by `kiosk.capture.stream_integrity`)."""

    frames: int = 0
    held: int = 0  # the same picture as before: a slow sensor's camera sends it twice
    repeated: int = 0  # the same picture as some time ago, others in between: no sensor does that
    backwards: int = 0  # frames whose time was not later than the one before
    fps: float | None = None
    jitter_ms: float | None = None  # standard deviation of the time between frames
    noise: float | None = None  # temporal, of what does not move; grey levels
    loop_s: float | None = None  # a second of movement came again after so long
    still_s: float = 0.0  # nothing moved in the whole picture for so long


class Frame(Struct, frozen=True, eq=False, kw_only=True):
    """One picture. `image`: (height, width, 3) uint8 BGR, upright, not mirrored.

    `stamp`: the device's own time in seconds, where it tells; `stream`: what is known of the stream so far.
    """

    image: NDArray[np.uint8]
    seq: int
    at: float
    stamp: float | None = None
    stream: StreamSeen | None = None


class AudioBlock(Struct, frozen=True, eq=False, kw_only=True):
    """`samples`: (n,) float32 mono at `SAMPLE_RATE`. `at` is the time of the first sample."""

    samples: NDArray[np.float32]
    seq: int
    at: float
    lost: bool = False  # samples before this block were lost


class IdCard(Struct, frozen=True, kw_only=True):
    """The text of a card, verbatim. Personal data: never logged, forgotten at the end of the visit."""

    number: str
    name: str
    sex: str
    nation: str
    birth: date | None
    address: str
    issuer: str
    valid_from: date | None
    valid_to: date | None  # None: 长期, without end
    portrait: bytes  # as the chip holds it; only a portrait decoder understands it
    kind: str = "resident"  # resident | J | I | Y, the type letter on the chip
    salt: str = ""  # of the commitment that clerks sign (kiosk/card/person_commitment.py)

    def __repr__(self) -> str:
        return "IdCard(…)"


class ReaderIdentity(Struct, frozen=True):
    """Which card reader this is. `sam`: the number of its security module, as printed on the reader.

    `socket`: the USB socket it hangs on; empty where the reader is not on USB.
    """

    sam: str
    socket: str


class CardFacts(Struct, frozen=True, kw_only=True):
    """Properties of a card that the rules need; nothing in it identifies the person."""

    kind: str = "resident"  # resident | J | I | Y
    number_valid: bool = False  # GB 11643: form, birth date inside, check character
    birth_agrees: bool = False  # the birth date in the number is the one printed
    number_formed: bool = False  # looks like a number of its kind, be it valid or not
    days_valid: int | None = None  # days until the last valid day; negative: expired; None: 长期
    days_since_issue: int = 0  # negative: not valid yet
    age: int = 0  # completed years


class Challenge(Struct, frozen=True, kw_only=True):
    """Digits to be read aloud: issued and signed by central, single use."""

    id: str
    digits: tuple[int, ...]
    gaps_s: tuple[float, ...]  # how long digit i stays before digit i+1 is shown
    issued_unix: float = 0.0
    expires_unix: float


class FaceThresholds(Struct, frozen=True, kw_only=True):
    """Likenesses at which one face engine decides: cosine similarities of its embeddings, 0…1.

    They hold for the engine that they were measured with, and for no other.
    """

    accept: float  # likeness to the portrait: accept at or above
    accept_photographed: float  # the same for a photographed portrait: always to a clerk
    review: float  # between review and accept: a clerk decides; below: refuse
    same_face: float  # between successive faces; below: another person


class FaceMinimums(Struct, frozen=True, kw_only=True):
    """The lowest thresholds that production accepts for one face engine; lower ones are no check any more."""

    accept: float
    review: float
    same_face: float


class FaceBox(Struct, frozen=True, kw_only=True):
    """A face in a picture; all in fractions of the picture's width and height, 0…1."""

    x: float
    y: float
    width: float
    height: float


class FaceSeen(Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """What one looked-at frame showed.

    `likeness` and `likeness_mean` are cosine similarities to the card's portrait: of this frame, and of the
    mean embedding of those that differ most, of `frames_good` good frames so far. `likeness_first` compares
    with the face that this track began with, `likeness_reviewed` (of the mean) with the face that a clerk was
    asked about last in this visit. `mouth` is the inner-lip distance over the mouth's width; `eyes` the
    height of their darkness above the corners (`kiosk.face.eyes`), below 0 closed; angles in degrees; `live`
    is 0…1, None where no anti-spoof model is installed. `light`: ln of red to green and of blue to green in
    the face against the background, less that of the first frame.
    """

    at: float
    seq: int
    hint: Code = Code.OK  # the one hint for the person now
    box: FaceBox | None = None
    faces: int = 0
    good: bool = False  # good enough to be matched
    frames_good: int = 0
    track: int = 0  # grows each time the face is lost, doubled or exchanged for another
    likeness: float | None = None
    likeness_mean: float | None = None
    likeness_first: float | None = None
    likeness_reviewed: float | None = None
    live: float | None = None
    live_median: float | None = None
    mouth: float | None = None
    eyes: float | None = None
    light: tuple[float, float] | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    stream: StreamSeen | None = None


class DigitHeard(Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """What was heard in the window of one shown digit.

    `scores`: natural-log posteriors over digits 0–9 and "other", 11 numbers, empty if there was no voice.
    """

    at: float
    window: int  # which digit of the challenge, from 0
    scores: tuple[float, ...] = ()
    began: float | None = None  # onset of the voice
    ended: float | None = None
    level_dbfs: float = -120.0  # RMS of the voiced part
    snr_db: float = 0.0
    clipped: float = 0.0  # share of samples at full scale
    extra: int = 0  # further voiced segments in the same window
    pitch_hz: float | None = None  # median pitch of the voice; None: none was found
    floor_dbfs: float | None = None  # of the shop's noise, 240–4000 Hz; None: not known yet
    audio_lost: bool = False
    fault: Code | None = None  # the engine failed
    by: str = ""  # the recogniser that answered


class Check(StrEnum):
    """What is checked in a visit."""

    CARD = "card"
    GUARDIAN = "guardian"
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
    """What a rule decides."""

    PASS = "pass"  # noqa: S105
    RETRY = "retry"
    REVIEW = "review"
    REFUSE = "refuse"


Measures = Mapping[str, float | int | str | bool | None]
"""Named numbers; never personal."""


class Verdict(Struct, frozen=True, kw_only=True):
    """One rule's answer, with what was measured and what was required: kept as evidence."""

    check: Check
    answer: VerdictAnswer
    code: Code = Code.OK
    measured: Measures = {}
    required: Measures = {}


class Decision(StrEnum):
    """Outcome of a clerk's review."""

    APPROVE = "approve"
    AGAIN = "again"  # another try
    REFUSE = "refuse"


class ReviewReason(StrEnum):
    """Why a clerk decided so."""

    SAME_PERSON = "same_person"
    LOOKS_CHANGED = "looks_changed"  # age, illness, glasses, hair
    LIGHT = "light"  # light or camera disturbed
    CANNOT_SPEAK = "cannot_speak"  # voice, hearing, language
    OWN_WISH = "own_wish"  # wants no face recognition
    GUARDIAN = "guardian"  # a guardian stands beside a young person, and agrees
    HOUSEHOLD_REGISTER = "household_register"  # shows who is the child's guardian; so do …
    BIRTH_CERTIFICATE = "birth_certificate"
    GUARDIANSHIP_PAPER = "guardianship_paper"  # of a court, a notary, a residents' committee
    CARD_AND_PAPER = "card_and_paper"  # the card is genuine, and another paper shows the same number
    NO_PROOF = "no_proof"  # nothing shows it
    NOT_READY = "not_ready"  # mask, phone call, distraction: another try
    OTHER_PERSON = "other_person"
    NOT_IN_PERSON = "not_in_person"  # a photo, a screen, a mask
    CARD_DOUBTFUL = "card_doubtful"
    UNDER_PRESSURE = "under_pressure"  # seems led by somebody else


REVIEW_REASONS: Mapping[Decision, tuple[ReviewReason, ...]] = {
    Decision.APPROVE: (
        ReviewReason.SAME_PERSON,
        ReviewReason.LOOKS_CHANGED,
        ReviewReason.LIGHT,
        ReviewReason.CANNOT_SPEAK,
        ReviewReason.OWN_WISH,
    ),
    Decision.AGAIN: (ReviewReason.NOT_READY, ReviewReason.LIGHT),
    Decision.REFUSE: (
        ReviewReason.OTHER_PERSON,
        ReviewReason.NOT_IN_PERSON,
        ReviewReason.CARD_DOUBTFUL,
        ReviewReason.UNDER_PRESSURE,
    ),
}
"""Which reasons a decision may have."""


_REASONS_FOR_CODE: Mapping[tuple[Decision, Code], tuple[ReviewReason, ...]] = {
    (Decision.APPROVE, Code.CARD_UNDER_AGE): (ReviewReason.GUARDIAN,),
    (Decision.APPROVE, Code.CARD_CHILD): (
        ReviewReason.HOUSEHOLD_REGISTER,
        ReviewReason.BIRTH_CERTIFICATE,
        ReviewReason.GUARDIANSHIP_PAPER,
    ),
    (Decision.APPROVE, Code.CARD_NUMBER_IRREGULAR): (ReviewReason.CARD_AND_PAPER,),
    (Decision.REFUSE, Code.CARD_CHILD): (ReviewReason.NO_PROOF, *REVIEW_REASONS[Decision.REFUSE]),
}


def allowed_reasons(decision: Decision, code: Code) -> tuple[ReviewReason, ...]:
    """Return the reasons for a decision on `code`; a card is approved for what its papers show only."""
    return _REASONS_FOR_CODE.get((decision, code), REVIEW_REASONS[decision])


class Signature(Struct, frozen=True, kw_only=True):
    """Signature of a member of staff under a decision. `clerk`: a number.

    `signature`: with the key that their PIN unwraps, base64url; blank in logs.
    """

    clerk: str
    role: Role
    at_unix: float
    signature: str


class Review(Struct, frozen=True, kw_only=True):
    """A clerk's decision on the spot: evidence of its own, beside the verdicts."""

    code: Code  # why the clerk was asked
    challenge: str | None  # which the visit held when it was decided
    persons: tuple[str, ...]  # commitments to those whose cards the visit held then
    decision: Decision
    reason: ReviewReason
    overruled: tuple[Code, ...]  # what counts as passed from then on; empty unless approved
    first: Signature
    second: Signature | None
    asked_unix: float


class RequestStatus(StrEnum):
    """Central's decision on an activation request."""

    ACTIVATED = "ACTIVATED"
    PENDING = "PENDING"
    REFUSED = "REFUSED"


class ErasureNote(Struct, frozen=True, kw_only=True):
    """What central erased of a person, and until when the rest stays.

    `receipt`: number of central's signed receipt; `evidence_until_unix`: of the request to erase;
    `guard_until_unix`: of the code for the ID number that keeps older, late requests from being carried out.
    """

    receipt: int
    credentials: int
    requests: int
    evidence_until_unix: float
    guard_until_unix: float


class ActivationReceipt(Struct, frozen=True, kw_only=True):
    """Central's answer to an activation request."""

    id: str
    status: RequestStatus
    code: Code = Code.OK
    credential: str | None = None  # the credential's public serial, not a secret
    recheck_unix: float | None = None  # PENDING: when central looks again
    at_unix: float = 0.0
    erasure: ErasureNote | None = None


class StoredAmount(Struct, frozen=True, kw_only=True):
    """So many things of one kind, and when the first and the last of them came; wall-clock seconds."""

    count: int = 0
    bytes: int = 0
    first_unix: float | None = None
    last_unix: float | None = None


class DayReport(Struct, frozen=True, kw_only=True):
    """A day at this terminal, to be printed for staff. Numbers of clerks and codes; no personal data."""

    id: str  # terminal and day: a name for a file
    day: date
    terminal: str
    place: str
    at_unix: float  # when it was made
    outcomes: tuple[tuple[Outcome, Code, int], ...]
    other_ways: int
    other_matters: tuple[tuple[Purpose, int], ...] = ()
    waiting: int
    wedged: int
    acts: tuple[tuple[float, str, str, Code], ...]  # when, clerk, act, code
    language: str = Language.ZH_HANS


class Slip(Struct, frozen=True, kw_only=True):
    """What is printed and shown at the end. Holds no personal data."""

    id: str
    outcome: Outcome
    code: Code
    terminal: str
    place: str
    at_unix: float
    credential: str | None = None
    simulated: bool = False
    language: str = Language.ZH_HANS
    look_up: str = ""  # address at which a phone finds how it stands; empty: none is set
    keep_days: int = 0  # so long the terminal keeps a record without anything personal
    purpose: Purpose = Purpose.OPEN
    operator: str = ""  # name and contact of who runs the acceptance point
    erasure: ErasureNote | None = None
    training: bool = False  # of a made-up visit that staff practised on
    stored: bool = False  # the sealed request is still on this terminal's disk …
    picture: bool = False  # … with the picture that the person agreed to send, if they did

    @property
    def kept(self) -> bool:
        """Whether central has the request or will have it: it can be looked up and revoked."""
        return self.outcome in (Outcome.ACTIVATED, Outcome.PENDING, Outcome.ACCEPTED)

    @property
    def qr_content(self) -> str:
        """The address for a QR code; empty where it would lead nowhere."""
        return self.look_up if self.kept else ""


class Wants(Struct, frozen=True):
    """What the terminal asks central for with a heartbeat.

    `challenges`: how many it lacks; `roster`: the version of the one it has, None to get it whole.
    """

    challenges: int
    roster: str | None


class GivenRoster(Struct, frozen=True):
    """A roster's signed token, still unverified, and the name that central gives to its content."""

    version: str
    token: str


class Given(Struct, frozen=True, kw_only=True):
    """What central sends with the answer to a heartbeat: tokens, still unverified.

    `challenges_code`: why there are fewer than asked for. `roster`: None if it is unchanged.
    """

    challenges: tuple[str, ...]
    challenges_code: str
    roster: GivenRoster | None
