"""Defines what is exchanged: events enter the engine's inbox, orders leave the visit, notices go to a shell.

All are frozen and tagged, so a visit's log is JSON lines of events that can be fed back
(`kiosk.visit.replay`).
"""

from msgspec import Struct

from kiosk.codes import Code
from kiosk.model import (
    ActivationReceipt,
    CardFacts,
    Challenge,
    Check,
    Clerk,
    ClerkCallState,
    Decision,
    Device,
    DigitHeard,
    FaceSeen,
    HeadMove,
    IdCard,
    Outcome,
    PhoneCodeStatus,
    PhoneProofStatus,
    Purpose,
    ReaderIdentity,
    Review,
    ReviewReason,
    Role,
    Signature,
    Slip,
    Stage,
    Step,
    Verdict,
    Way,
)

# ── events: what happened ────────────────────────────────────────────────────────────────────────


class Began(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody touched the first screen. `visit` is the number minted for the visit."""

    visit: str
    language: str
    at_unix: float = 0.0  # the engine sets it
    unhurried: bool = False
    way: Way = Way.VOICE
    purpose: Purpose = Purpose.OPEN


class WayChosen(Struct, frozen=True, tag=True):
    """The person changed to another way in the middle of a visit."""

    way: Way


class Agreed(Struct, frozen=True, tag=True):
    """Separate, explicit consent, to the text with this hash; `picture`: one sealed picture may be sent.

    The clerk's way has a text of its own, without face recognition. `kept_sha256`: hash of the text to which
    the person agreed that central may keep a picture; "": they were not asked, or declined.
    """

    language: str
    text_sha256: str
    picture: bool
    kept_sha256: str = ""


class Declined(Struct, frozen=True, tag=True):
    """No consent to face recognition."""


class GuardianAgreed(Struct, frozen=True, tag=True):
    """A guardian's consent for the child whose card was read, and to their own part: a text of its own."""

    language: str
    text_sha256: str


class GuardianDeclined(Struct, frozen=True, tag=True):
    """No consent of the guardian."""


class CardRead(Struct, frozen=True, tag=True):
    """`card` is personal and None in logs and replays; `facts` are what the rules use.

    `reader`: which reader read it. `person`: the commitment (kiosk/card/person_commitment.py).
    """

    facts: CardFacts
    card: IdCard | None = None
    reader: ReaderIdentity | None = None
    person: str = ""


class CardFailed(Struct, frozen=True, tag=True):
    """A card lies on the reader and cannot be read."""

    code: Code


class CardRemoved(Struct, frozen=True, tag=True):
    """The card was taken off the reader."""


class Typed(Struct, frozen=True, tag=True, kw_only=True):
    """Mobile number and password, both personal; `redacted`: in a log, blank and already checked.

    `password`: None where only the number was asked for.
    """

    phone: str
    password: str | None
    faults: tuple[Code, ...] = ()
    redacted: bool = False

    def __repr__(self) -> str:
        return "Typed(…)"


class Confirmed(Struct, frozen=True, tag=True):
    """The person confirmed that their credential is to be ended, or their data erased."""


class PhoneCodeAnswered(Struct, frozen=True, tag=True, kw_only=True):
    """Answer to `SendPhoneCode`, which had this number. `again_s`: see `ShowPhoneCode`."""

    request: int
    status: PhoneCodeStatus
    again_s: float | None = None
    required: bool = False  # central refuses what is not proved


class PhoneCodeTyped(Struct, frozen=True, tag=True):
    """The code that was typed, secret; `redacted`: in a log, blank and already checked."""

    code: str
    redacted: bool = False

    def __repr__(self) -> str:
        return "PhoneCodeTyped(…)"


class PhoneProofAnswered(Struct, frozen=True, tag=True, kw_only=True):
    """Answer to `ProvePhone`, which had this number."""

    request: int
    status: PhoneProofStatus
    tries_left: int = 0


class PhoneCodeWanted(Struct, frozen=True, tag=True):
    """The person asks for another code."""


class PhoneCodeSkipped(Struct, frozen=True, tag=True):
    """The person goes on without a code."""


class PhoneChangeWanted(Struct, frozen=True, tag=True):
    """The person wants to type another number."""


class ReferenceReady(Struct, frozen=True, tag=True, omit_defaults=True):
    """The reference is ready: the card's portrait, decoded, or `photographed` as it is printed."""

    photographed: bool = False


class CardSeen(Struct, frozen=True, tag=True):
    """What a frame showed while a card is held before the camera; OK: its portrait was taken."""

    at: float
    hint: Code


class ReferenceFailed(Struct, frozen=True, tag=True):
    """The card's portrait cannot be compared with."""

    code: Code


class ChallengeTaken(Struct, frozen=True, tag=True):
    """Answer to `TakeChallenge`: a challenge from the pool, for this visit alone."""

    challenge: Challenge


class ChallengeMissing(Struct, frozen=True, tag=True):
    """Answer to `TakeChallenge`: the pool is empty."""

    code: Code = Code.CHALLENGE_NONE


READ_ALOUD = "read_aloud"
"""Prompt that has ended when a page was read aloud to its end."""


class PromptEnded(Struct, frozen=True, tag=True):
    """The spoken prompt is over: the listener may begin."""

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
    """What was typed when the challenge's digits were shown. Not secret: they were on the screen."""

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
    """Answer to `Attest`: the PIN is this clerk's. Their key is kept for one `SignReview`."""

    clerk: str
    role: Role
    at_unix: float


class NotAttested(Struct, frozen=True, tag=True):
    """Answer to `Attest`: unknown, locked, or another PIN; to `SignReview`: there is no key any more."""

    code: Code


class ReviewSigned(Struct, frozen=True, tag=True):
    """Answer to `SignReview`. The signature itself is blank in logs."""

    signature: Signature


class Decided(Struct, frozen=True, tag=True):
    """What the clerk who signed first decided."""

    decision: Decision
    reason: ReviewReason


class SlowDown(Struct, frozen=True, tag=True):
    """The person asked for more time ("慢一点"): digits stay longer until the end of the visit."""


class LightShown(Struct, frozen=True, tag=True):
    """Colour `step` of the light began to be painted at `at` (capture clock)."""

    step: int
    at: float


class LightDeclined(Struct, frozen=True, tag=True):
    """The person asked for a screen that keeps its colour."""


class Stored(Struct, frozen=True, tag=True):
    """The request is committed to disk: from now on its delivery can be promised."""

    request: str


class StoreFailed(Struct, frozen=True, tag=True):
    """The request could not be committed to disk."""

    code: Code


class ReceiptArrived(Struct, frozen=True, tag=True):
    """Central answered a request."""

    receipt: ActivationReceipt


class RequestWedged(Struct, frozen=True, tag=True):
    """Central will never take this request; it stays visible to staff."""

    request: str
    code: Code


class Cancelled(Struct, frozen=True, tag=True):
    """The cancel button was pressed."""


class Touched(Struct, frozen=True, tag=True):
    """The screen was touched, anywhere; a shell posts it at most once in some seconds."""


class ReadAloud(Struct, frozen=True, tag=True):
    """A page is to be read aloud: the clips that speak it, and the language that it is shown in.

    This and the two after it are for the loudspeaker: the engine passes them on, and no visit sees them.
    """

    clips: tuple[str, ...]
    language: str


class StopReading(Struct, frozen=True, tag=True):
    """Another page is shown, or the person has heard enough: reading aloud ends."""


class SoundChosen(Struct, frozen=True, tag=True):
    """How loud all is spoken from now on, in steps from the site's own, and in which other spoken language.

    Nothing chosen: as the site has it. A sentence in `language` shows how loud it is; none if that is empty.
    """

    steps: int = 0
    voice: str = ""
    language: str = ""


class HelpWanted(Struct, frozen=True, tag=True):
    """The button that calls the clerk was touched."""


class HelpEnded(Struct, frozen=True, tag=True):
    """The person who called the clerk goes on with the visit."""


class ReviewWanted(Struct, frozen=True, tag=True):
    """The clerk who was called wants to decide on the spot."""


class ClerkCallChanged(Struct, frozen=True, tag=True):
    """Answer to `RingClerk`, and again when the call has gone out or failed.

    `staffed`: a clerk is signed in.
    """

    call: ClerkCallState
    staffed: bool


class Dismissed(Struct, frozen=True, tag=True):
    """The last screen was closed."""


class DeviceReady(Struct, frozen=True, tag=True):
    """A device works, or works again."""

    device: Device


class DeviceFailed(Struct, frozen=True, tag=True):
    """A device is missing, or stopped working."""

    device: Device
    code: Code


class TimePassed(Struct, frozen=True, tag=True):
    """The visit's deadline has passed."""


class SignedIn(Struct, frozen=True, tag=True):
    """A member of staff proved who they are."""

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
    | Confirmed
    | PhoneCodeAnswered
    | PhoneCodeTyped
    | PhoneProofAnswered
    | PhoneCodeWanted
    | PhoneCodeSkipped
    | PhoneChangeWanted
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
    | ReviewSigned
    | Decided
    | SlowDown
    | Stored
    | StoreFailed
    | ReceiptArrived
    | RequestWedged
    | Cancelled
    | Touched
    | ReadAloud
    | StopReading
    | SoundChosen
    | HelpWanted
    | HelpEnded
    | ReviewWanted
    | ClerkCallChanged
    | Dismissed
    | DeviceReady
    | DeviceFailed
    | TimePassed
    | SignedIn
    | SignedOut
)


# ── orders: what the visit wants done ────────────────────────────────────────────────────────────


class Show(Struct, frozen=True, tag=True, kw_only=True):
    """Show this stage. `code` is why it is shown (again); the shell finds the sentences."""

    stage: Stage
    code: Code = Code.OK
    tries_left: int = 0
    until: float | None = None  # deadline of the stage, for the "time left" ring
    way: Way = Way.VOICE
    guardian: bool = False  # a child's guardian acts from now on
    purpose: Purpose = Purpose.OPEN
    has_password: bool = False  # the person has typed one already
    step: Step | None = None  # where the visit is, or ended; None: before its first step
    outcome: Outcome | None = None  # how the visit ended

    @property
    def wants_password(self) -> bool:
        """Whether a password is to be typed beside the mobile number."""
        return self.purpose.has_password and not self.has_password


class ShowDigit(Struct, frozen=True, tag=True):
    """Show digit `window` (from 0) of `count`; the shell answers with `DigitShown`."""

    window: int
    count: int
    digit: int


class ShowLight(Struct, frozen=True, tag=True):
    """Let the screen's background go through `colours` (letters of `visit.rules.light`), each for `hold_s`.

    The shell answers each with `LightShown`, until another stage is shown. No colours: stop.
    """

    colours: str
    hold_s: float


class ShowHeard(Struct, frozen=True, tag=True):
    """A mark that the person was heard in this window; never whether it was right."""

    window: int


class ShowGain(Struct, frozen=True, tag=True):
    """For the clerk: the microphone is too quiet or distorts, at `level_dbfs`; OK: it no longer does."""

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
    """Band of one check: passed | just_below | below | unmeasured | guardian. Never the threshold."""

    check: Check
    band: str


class AskSignature(Struct, frozen=True, tag=True):
    """Let a member of staff type number and PIN. `clerk`: who is signed in, filled in beforehand."""

    role: Role
    code: Code = Code.OK  # why again
    clerk: str = ""


class ShowCase(Struct, frozen=True, tag=True, kw_only=True):
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
    """Read the card that lies on the reader, or the next that is put there, until `IgnoreCard`.

    Without this order no card is ever read: not before consent, and not twice.
    """


class IgnoreCard(Struct, frozen=True, tag=True):
    """Read no card any more."""


class Watch(Struct, frozen=True, tag=True):
    """Begin to look at faces. With `portrait`, decode it first as the reference."""

    portrait: bytes | None

    def __repr__(self) -> str:
        return "Watch(…)"


class WatchCard(Struct, frozen=True, tag=True):
    """Look for the printed card of this number, as the reference (→ CardSeen, ReferenceReady)."""

    number: str

    def __repr__(self) -> str:
        return "WatchCard(…)"


class Unwatch(Struct, frozen=True, tag=True):
    """Stop looking at faces; what is known of them is kept until `Forget`."""


class ExpectChallenge(Struct, frozen=True, tag=True):
    """Have a fresh challenge ready, if central can be reached: one will be taken soon."""


class TakeChallenge(Struct, frozen=True, tag=True):
    """Take a challenge from the pool (→ `ChallengeTaken` or `ChallengeMissing`)."""


class Listen(Struct, frozen=True, tag=True):
    """Listen for `count` digits; `WindowOpened` says when each of them is shown."""

    count: int


class WindowOpened(Struct, frozen=True, tag=True):
    """Digit `window` is on the screen since `at`: what begins now belongs to it, until the next opens.

    `closes` is when the window ends at the latest.
    """

    window: int
    at: float
    closes: float


class StopListening(Struct, frozen=True, tag=True):
    """Stop listening."""


class KeepFace(Struct, frozen=True, tag=True):
    """Keep the face that was seen last, about which a clerk is asked. Faces that are seen from now on are
    compared with it (`FaceSeen.likeness_reviewed`), until `Forget`.
    """


class SendPhoneCode(Struct, frozen=True, tag=True):
    """Have central send a code to this number (→ `PhoneCodeAnswered`)."""

    visit: str
    phone: str
    request: int

    def __repr__(self) -> str:
        return "SendPhoneCode(…)"


class ProvePhone(Struct, frozen=True, tag=True):
    """Have central compare what was typed (→ `PhoneProofAnswered`)."""

    visit: str
    phone: str
    request: int
    code: str = ""

    def __repr__(self) -> str:
        return "ProvePhone(…)"


class ShowPhoneCode(Struct, frozen=True, tag=True):
    """Let the code be typed that was sent to the number with these last digits.

    `again_at`: when another may be asked for, on the capture clock; None: not any more. `may_skip`: the
    person may go on without.
    """

    phone_end: str
    again_at: float | None
    may_skip: bool

    def __repr__(self) -> str:
        return "ShowPhoneCode(…)"


class CallClerk(Struct, frozen=True, tag=True):
    """Ask whether a clerk is signed in (→ `ClerkPresent` or `ClerkAbsent`)."""


class RingClerk(Struct, frozen=True, tag=True):
    """Call the clerk to the terminal, with a chime (→ `ClerkCallChanged`, at once and when it is known more).

    Nothing happens if they were called a moment ago.
    """


class EndClerkCall(Struct, frozen=True, tag=True):
    """The clerk need not come any more."""


class ShowHelp(Struct, frozen=True, tag=True, kw_only=True):
    """Show what became of the call.

    `until`: the visit waits until then; None: it does not wait, or there is none. `review`: a clerk who is
    signed in may decide on the spot.
    """

    call: ClerkCallState
    until: float | None = None
    review: bool = False


class HelpOver(Struct, frozen=True, tag=True):
    """The visit goes on where it was."""


class TimeLeft(Struct, frozen=True, tag=True):
    """The present stage has another deadline now."""

    until: float | None


class AskTime(Struct, frozen=True, tag=True):
    """Ask whether more time is needed: the stage ends at `until`. `TimeLeft` or `Show` ends the question.

    `code`: why nothing went on so far, if that is known.
    """

    until: float
    code: Code = Code.OK


class Attest(Struct, frozen=True, tag=True):
    """Check whether this PIN is that clerk's (→ `Attested` or `NotAttested`, a moment later).

    `role` SUPERVISOR: for a second signature, by another person than the one who is signed in.
    """

    clerk: str
    pin: str
    role: Role

    def __repr__(self) -> str:
        return "Attest(…)"


class SignReview(Struct, frozen=True, tag=True, kw_only=True):
    """Sign this decision with the key of who was attested last (→ `ReviewSigned` or `NotAttested`)."""

    visit: str
    challenge: str | None
    persons: tuple[str, ...]
    code: Code
    decision: Decision
    reason: ReviewReason
    overruled: tuple[Code, ...]
    second: bool


class DropKey(Struct, frozen=True, tag=True):
    """Forget the key of who was attested last; nothing is to be signed with it."""


class StretchPassword(Struct, frozen=True, tag=True):
    """Stretch the password that was chosen, beside the visit; `Submit` seals the result."""

    visit: str
    password: str

    def __repr__(self) -> str:
        return "StretchPassword(…)"


class Submit(Struct, frozen=True, tag=True):
    """Put the request on disk (→ `Stored` or `StoreFailed`) and let the delivery worker send it."""

    visit: str
    evidence: "Evidence"


class Print(Struct, frozen=True, tag=True):
    """Print how the visit ended, unless it was abandoned; comes before `Show(OUTCOME)`."""

    slip: Slip


class NotPrinted(Struct, frozen=True, tag=True):
    """There is no slip on paper: the last screen asks to note the number."""

    code: Code


class Forget(Struct, frozen=True, tag=True):
    """Drop everything personal, everywhere."""


class Finished(Struct, frozen=True, tag=True, kw_only=True):
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


Spoken = ReadAloud | StopReading | SoundChosen
"""What a shell wants of the loudspeaker."""

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
    | SendPhoneCode
    | ProvePhone
    | ShowPhoneCode
    | CallClerk
    | RingClerk
    | EndClerkCall
    | ShowHelp
    | HelpOver
    | TimeLeft
    | AskTime
    | Attest
    | SignReview
    | DropKey
    | Attend
    | AwaitCard
    | IgnoreCard
    | Watch
    | WatchCard
    | Unwatch
    | KeepFace
    | ExpectChallenge
    | TakeChallenge
    | Listen
    | WindowOpened
    | StopListening
    | StretchPassword
    | Submit
    | Print
    | NotPrinted
    | Forget
    | Finished
    | Spoken
)

Notice = (
    Show
    | ShowLight
    | ShowPhoneCode
    | ShowDigit
    | ShowHeard
    | ShowGain
    | ShowHeadMove
    | ShowDigits
    | AskSignature
    | ShowCase
    | Coach
    | ShowHelp
    | HelpOver
    | TimeLeft
    | AskTime
    | Say
    | Print
    | NotPrinted
    | Forget
    | Finished
    | OutOfService
)
"""What a shell may see."""


class Guardian(Struct, frozen=True):
    """The adult who applies for a child: their card, and what they agreed to."""

    card: IdCard | None
    consent: GuardianAgreed


class Evidence(Struct, frozen=True, kw_only=True):
    """Everything that a request contains but the password, which `StretchPassword` has taken away.

    The personal part is sealed before it is written to disk.
    `card` is whose credential it is. With a `guardian` face, voice and digits are the guardian's.
    """

    card: IdCard | None
    phone: str | None
    consent: Agreed
    challenge: str
    verdicts: tuple[Verdict, ...]
    began_unix: float
    way: Way = Way.VOICE
    reviews: tuple[Review, ...] = ()
    purpose: Purpose = Purpose.OPEN
    guardian: Guardian | None = None
    reader: ReaderIdentity | None = None

    def __repr__(self) -> str:
        return "Evidence(…)"
