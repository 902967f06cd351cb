"""What can happen: events come into the engine's inbox, orders leave the visit, notices go to a shell.

All are frozen and tagged, so a visit's log is JSON lines of events that can be fed back
(`kiosk.visit.replay`).
"""

from msgspec import Struct

from kiosk.codes import Code
from kiosk.model import (
    CardFacts,
    Challenge,
    Check,
    Clerk,
    Decision,
    Device,
    DigitHeard,
    FaceSeen,
    HeadMove,
    IdCard,
    Outcome,
    Purpose,
    ReviewReason,
    ActivationReceipt,
    Review,
    Role,
    Slip,
    Stage,
    Verdict,
    Way,
)

# ── events: what happened ────────────────────────────────────────────────────────────────────────


class Began(Struct, frozen=True, tag=True):
    """Somebody touched the first screen. `visit` is the number minted for the visit."""

    visit: str
    language: str
    at_unix: float
    unhurried: bool = False
    way: Way = Way.VOICE
    purpose: Purpose = Purpose.OPEN


class WayChosen(Struct, frozen=True, tag=True):
    """Another way, in the middle of a visit."""

    way: Way


class Agreed(Struct, frozen=True, tag=True):
    """Separate, explicit consent, to the text with this hash; `picture`: one sealed picture may be sent.

    The clerk's way has a text of its own, without face recognition.
    """

    language: str
    text_sha256: str
    picture: bool


class Declined(Struct, frozen=True, tag=True):
    """No consent to face recognition."""


class GuardianAgreed(Struct, frozen=True, tag=True):
    """A guardian's consent for the child whose card was read, and to their own part: a text of its own."""

    language: str
    text_sha256: str


class GuardianDeclined(Struct, frozen=True, tag=True):
    pass


class CardRead(Struct, frozen=True, tag=True):
    """`card` is personal and None in logs and replays; `facts` are what the rules use."""

    facts: CardFacts
    card: IdCard | None = None


class CardFailed(Struct, frozen=True, tag=True):
    code: Code


class CardRemoved(Struct, frozen=True, tag=True):
    pass


class Typed(Struct, frozen=True, tag=True):
    """Mobile number and password, both personal; `redacted`: in a log, blank and already checked."""

    phone: str
    password: str
    faults: tuple[Code, ...] = ()
    redacted: bool = False

    def __repr__(self) -> str:
        return "Typed(…)"


class ReferenceReady(Struct, frozen=True, tag=True, omit_defaults=True):
    """There is a face to compare with: the card's portrait, decoded, or `photographed` as it is printed."""

    photographed: bool = False


class CardSeen(Struct, frozen=True, tag=True):
    """What a frame showed while a card is held before the camera; OK: its portrait was taken."""

    at: float
    hint: Code


class ReferenceFailed(Struct, frozen=True, tag=True):
    code: Code


class ChallengeTaken(Struct, frozen=True, tag=True):
    challenge: Challenge


class ChallengeMissing(Struct, frozen=True, tag=True):
    code: Code = Code.CHALLENGE_NONE


class PromptEnded(Struct, frozen=True, tag=True):
    """The spoken prompt is over: the ear may open."""

    prompt: str
    at: float


class DigitShown(Struct, frozen=True, tag=True):
    """Digit `window` of the challenge was painted at `at` (capture clock)."""

    window: int
    at: float


class HeadMoveShown(Struct, frozen=True, tag=True):
    """The arrow of a step of the head challenge was painted at `at` (capture clock)."""

    step: int
    at: float


class DigitsTyped(Struct, frozen=True, tag=True):
    """What was typed when the challenge's digits were shown. Not secret: they stood on the screen."""

    digits: tuple[int, ...]


class ClerkPresent(Struct, frozen=True, tag=True):
    """Answer to `CallClerk`: somebody is signed in. `clerk`: a number."""

    clerk: str
    role: Role
    at_unix: float


class ClerkAbsent(Struct, frozen=True, tag=True):
    """Answer to `CallClerk`: nobody is signed in."""


class Signs(Struct, frozen=True, tag=True):
    """A clerk typed number and PIN under a decision. The PIN is secret: blank in logs."""

    clerk: str
    pin: str

    def __repr__(self) -> str:
        return "Signs(…)"


class Attested(Struct, frozen=True, tag=True):
    """Answer to `Attest`: the PIN is this clerk's."""

    clerk: str
    role: Role
    at_unix: float


class NotAttested(Struct, frozen=True, tag=True):
    """Answer to `Attest`: unknown, locked, or another PIN."""

    code: Code


class Decided(Struct, frozen=True, tag=True):
    """What the clerk who signed first decided."""

    decision: Decision
    reason: ReviewReason


class SlowDown(Struct, frozen=True, tag=True):
    """More time was asked for ("慢一点"): digits stay longer from now on, for the rest of the visit."""


class LightShown(Struct, frozen=True, tag=True):
    """Colour `step` of the light began to be painted at `at` (capture clock)."""

    step: int
    at: float


class LightDeclined(Struct, frozen=True, tag=True):
    """The person asked for a screen that keeps its colour."""


class Stored(Struct, frozen=True, tag=True):
    """The request is committed to disk: from here on it can be promised."""

    request: str


class StoreFailed(Struct, frozen=True, tag=True):
    code: Code


class ReceiptArrived(Struct, frozen=True, tag=True):
    receipt: ActivationReceipt


class RequestWedged(Struct, frozen=True, tag=True):
    """Central will never take this request; it stays visible to staff."""

    request: str
    code: Code


class Cancelled(Struct, frozen=True, tag=True):
    """The way out was pressed."""


class HelpWanted(Struct, frozen=True, tag=True):
    """The clerk was called."""


class Dismissed(Struct, frozen=True, tag=True):
    """The last screen was closed."""


class DeviceReady(Struct, frozen=True, tag=True):
    device: Device


class DeviceFailed(Struct, frozen=True, tag=True):
    device: Device
    code: Code


class TimePassed(Struct, frozen=True, tag=True):
    """The visit's deadline came."""


class SignedIn(Struct, frozen=True, tag=True):
    """Somebody behind the counter proved who they are."""

    clerk: Clerk


class SignedOut(Struct, frozen=True, tag=True):
    """`code`: OK if it was wanted, STAFF_IDLE if the shift was over, STAFF_REFUSED: central said so."""

    clerk: Clerk
    code: Code = Code.OK


Event = (
    Began
    | WayChosen
    | Agreed
    | Declined
    | GuardianAgreed
    | GuardianDeclined
    | CardRead
    | CardFailed
    | CardRemoved
    | Typed
    | ReferenceReady
    | ReferenceFailed
    | CardSeen
    | FaceSeen
    | ChallengeTaken
    | ChallengeMissing
    | PromptEnded
    | DigitShown
    | DigitHeard
    | LightShown
    | LightDeclined
    | HeadMoveShown
    | DigitsTyped
    | ClerkPresent
    | ClerkAbsent
    | Signs
    | Attested
    | NotAttested
    | Decided
    | SlowDown
    | Stored
    | StoreFailed
    | ReceiptArrived
    | RequestWedged
    | Cancelled
    | HelpWanted
    | Dismissed
    | DeviceReady
    | DeviceFailed
    | TimePassed
    | SignedIn
    | SignedOut
)


# ── orders: what the visit wants done ────────────────────────────────────────────────────────────


class Show(Struct, frozen=True, tag=True):
    """Show this stage. `code` is why we are (again) here; the shell finds the sentences."""

    stage: Stage
    code: Code = Code.OK
    tries_left: int = 0
    until: float | None = None  # deadline of the stage, for the "time left" ring
    way: Way = Way.VOICE
    guardian: bool = False  # a child's guardian is who acts from here on


class ShowDigit(Struct, frozen=True, tag=True):
    """Show digit `window` (from 0) of `count`; the shell answers with `DigitShown`."""

    window: int
    count: int
    digit: int


class ShowLight(Struct, frozen=True, tag=True):
    """Let the screen's ground go through `colours` (letters of `visit.rules.light`), each for `hold_s`.

    The shell answers each with `LightShown`, until another stage is shown. No colours: stop.
    """

    colours: str
    hold_s: float


class ShowHeard(Struct, frozen=True, tag=True):
    """A mark that the person was heard in this window; never whether it was right."""

    window: int


class ShowGain(Struct, frozen=True, tag=True):
    """For the clerk: the microphone is too quiet or distorts, at `level_dbfs`; OK: no more."""

    code: Code
    level_dbfs: float


class ShowHeadMove(Struct, frozen=True, tag=True):
    """Show the arrow of step `step` (from 0) of `count`; the shell answers with `HeadMoveShown`.

    None: look straight ahead, `step` of them are done.
    """

    step: int
    count: int
    move: HeadMove | None


class ShowDigits(Struct, frozen=True, tag=True):
    """Show these digits, to be typed."""

    digits: tuple[int, ...]


class Finding(Struct, frozen=True):
    """One check in words, passed | just_below | below | unmeasured | guardian. Never the threshold."""

    check: Check
    band: str


class AskSignature(Struct, frozen=True, tag=True):
    """Let a member of staff type number and PIN. `clerk`: who is signed in, filled in beforehand."""

    role: Role
    code: Code = Code.OK  # why again
    clerk: str = ""


class ShowCase(Struct, frozen=True, tag=True):
    """The first signature is there: show the clerk what there is to decide."""

    code: Code
    way: Way
    findings: tuple[Finding, ...]
    may_approve: bool
    may_retry: bool
    second: bool  # approval needs a supervisor's signature too
    pictures: bool  # portrait and live picture may be shown


class Coach(Struct, frozen=True, tag=True):
    """One hint about the face, stable over some frames; OK: well placed."""

    code: Code


class Say(Struct, frozen=True, tag=True):
    """Play a spoken prompt; `PromptEnded` follows, also if there is no sound."""

    prompt: str


class Attend(Struct, frozen=True, tag=True):
    """There is consent: open camera and microphone. `Forget` closes them."""


class AwaitCard(Struct, frozen=True, tag=True):
    """Read the card that lies on the reader, or the next that is put there, until told otherwise.

    Without this order no card is ever read: not before consent, and not twice.
    """


class IgnoreCard(Struct, frozen=True, tag=True):
    pass


class Watch(Struct, frozen=True, tag=True):
    """Begin to look at faces. With `portrait`, decode it first as the reference."""

    portrait: bytes | None

    def __repr__(self) -> str:
        return "Watch(…)"


class WatchCard(Struct, frozen=True, tag=True):
    """Look for the printed card before the camera, as the reference (→ CardSeen, ReferenceReady)."""


class Unwatch(Struct, frozen=True, tag=True):
    pass


class TakeChallenge(Struct, frozen=True, tag=True):
    pass


class Listen(Struct, frozen=True, tag=True):
    """Open the ear for `count` digits; windows are told by `WindowOpened`."""

    count: int


class WindowOpened(Struct, frozen=True, tag=True):
    """Digit `window` is on the screen since `at`: what begins now belongs to it, until the next opens.

    `closes` is when the window ends at the latest.
    """

    window: int
    at: float
    closes: float


class StopListening(Struct, frozen=True, tag=True):
    pass


class KeepFace(Struct, frozen=True, tag=True):
    """A clerk is asked about the face that was seen last: whoever is watched from now on is compared with it
    (`FaceSeen.likeness_reviewed`), until `Forget`.
    """


class CallClerk(Struct, frozen=True, tag=True):
    """Is a clerk signed in? → `ClerkPresent` or `ClerkAbsent`."""


class Attest(Struct, frozen=True, tag=True):
    """Is this PIN that clerk's? → `Attested` or `NotAttested`, a moment later.

    `role` SUPERVISOR: a second signature, by somebody else than who is signed in.
    """

    clerk: str
    pin: str
    role: Role

    def __repr__(self) -> str:
        return "Attest(…)"


class Submit(Struct, frozen=True, tag=True):
    """Put the request on disk (→ `Stored` or `StoreFailed`) and let the courier send it."""

    visit: str
    evidence: "Evidence"


class Print(Struct, frozen=True, tag=True):
    """How the visit ended; comes before `Show(OUTCOME)`. Printed unless the visit was abandoned."""

    slip: Slip


class NotPrinted(Struct, frozen=True, tag=True):
    """There is no slip on paper: the last screen asks to note the number."""

    code: Code


class Forget(Struct, frozen=True, tag=True):
    """Drop everything personal, everywhere."""


class Finished(Struct, frozen=True, tag=True):
    """The visit is over; the summary goes to the shell and to the records. No personal data."""

    visit: str
    outcome: Outcome
    code: Code
    stage: Stage  # where it ended
    verdicts: tuple[Verdict, ...]
    credential: str | None = None
    way: Way = Way.VOICE
    reviews: tuple[Review, ...] = ()
    purpose: Purpose = Purpose.OPEN


class OutOfService(Struct, frozen=True, tag=True):
    """What is missing; empty when the terminal is in service again."""

    missing: tuple[DeviceFailed, ...]


Order = (
    Show
    | ShowDigit
    | ShowLight
    | ShowHeard
    | ShowGain
    | ShowHeadMove
    | ShowDigits
    | AskSignature
    | ShowCase
    | Coach
    | Say
    | CallClerk
    | Attest
    | Attend
    | AwaitCard
    | IgnoreCard
    | Watch
    | WatchCard
    | Unwatch
    | KeepFace
    | TakeChallenge
    | Listen
    | WindowOpened
    | StopListening
    | Submit
    | Print
    | NotPrinted
    | Forget
    | Finished
)

Notice = (
    Show
    | ShowLight
    | ShowDigit
    | ShowHeard
    | ShowGain
    | ShowHeadMove
    | ShowDigits
    | AskSignature
    | ShowCase
    | Coach
    | Say
    | Print
    | NotPrinted
    | Forget
    | Finished
    | OutOfService
)
"""What a shell may see."""


class Guardian(Struct, frozen=True):
    """Who applies for a child: an adult with a card of their own, and what they agreed to."""

    card: IdCard | None
    consent: GuardianAgreed


class Evidence(Struct, frozen=True):
    """All that a request is made of. The personal part is sealed before it touches the disk.

    `card` is whose credential it is. With a `guardian` face, voice and digits are the guardian's.
    """

    card: IdCard | None
    phone: str
    password: str
    consent: Agreed
    challenge: str
    verdicts: tuple[Verdict, ...]
    began_unix: float
    way: Way = Way.VOICE
    reviews: tuple[Review, ...] = ()
    purpose: Purpose = Purpose.OPEN
    guardian: Guardian | None = None

    def __repr__(self) -> str:
        return "Evidence(…)"
