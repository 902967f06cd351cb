"""Visits on every way that go wrong in every manner the code knows, derived from the visit's own tables.

A rule is made to answer what its code can answer, an event comes in every stage that handles it with every
code that it can carry, and the visit is led to its end.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from inspect import isfunction
from types import CodeType, FunctionType, ModuleType
from unittest import mock

from msgspec.structs import replace

from central.codes import Code as CentralCode
from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    ActivationReceipt,
    Check,
    ClerkCallState,
    Decision,
    Device,
    FaceSeen,
    PhoneCodeStatus,
    PhoneProofStatus,
    Purpose,
    RequestStatus,
    ReviewReason,
    Role,
    Stage,
    Verdict,
    VerdictAnswer,
    Way,
    allowed_reasons,
)
from kiosk.visit import head_turns, stages
from kiosk.visit.handlers import HANDLERS
from kiosk.visit.rules import continuity
from kiosk.visit.stages import face, review
from kiosk.visit.state import CARD_CODES
from tests.kiosk.test_codes import named
from tests.kiosk.visit.review_drive import CLERK, StaffedVisitDriver
from tests.kiosk.visit.test_ways import follow
from tests.support.visit_driver import DIGITS, GOOD_CARD, LIMITS, NUMBER, challenge, changed

CHILD = 8
"""Age of a child; a visit for one is led on by its guardian."""
FOR_CLERKS = CARD_CODES | review.AFTER_CHALLENGE
"""No rule asks for another try with these."""
STAGE_MODULES = [module for module in vars(stages).values() if isinstance(module, ModuleType)]
RULES = "kiosk.visit.rules"


# ── what the rules can answer ────────────────────────────────────────────────────────────────────


def _code_objects(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_objects(constant)


def _names(rule: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    """Names of enum members in a rule, in the functions that it calls, and in the tables that these read.

    Another rule that it calls (`judge_…`) only measures for it.
    """
    seen.add(rule)
    names = [name for code in _code_objects(rule.__code__) for name in code.co_names]
    for name in names:
        value = rule.__globals__.get(name)
        of_module = isinstance(value, ModuleType)
        for function in map(vars(value).get, names) if of_module else [value]:
            own = isfunction(function) and function.__module__.startswith("kiosk.visit.")
            if own and function not in seen and not function.__name__.startswith("judge_"):
                yield from _names(function, seen)
        if isinstance(value, tuple | frozenset | dict):
            items = [*value, *value.values()] if isinstance(value, dict) else value
            yield from (item.name for item in items if isinstance(item, Code | VerdictAnswer))
        yield name


def _methods(kind: type) -> Iterator[FunctionType]:
    for value in vars(kind).values():
        function = value.fget if isinstance(value, property) else value
        if isfunction(function):
            yield function


def answers(*rule: FunctionType) -> list[Verdict]:
    """Every combination of the answers and codes that stand in a rule; a pass is none."""
    names = {name for function in rule for name in _names(function, set())}
    codes = [code for code in Code if code.name in names and code is not Code.OK]
    found = [answer for answer in VerdictAnswer if answer.name in names and answer is not VerdictAnswer.PASS]
    check = next((check for check in Check if check.name in names), Check.LIVENESS)
    return [
        Verdict(check=check, answer=answer, code=code)
        for answer in found
        for code in codes
        if answer is VerdictAnswer.REVIEW or code not in FOR_CLERKS
    ]


Places = list[tuple[object, str]]
"""Modules and classes that have a rule, each with its name there."""


def rules() -> Iterator[tuple[Places, list[Verdict]]]:
    """Every rule that a stage asks: where it stands under which name, and what it can answer."""
    places: dict[FunctionType, Places] = {continuity.find_break: [(continuity, "find_break")]}
    for module in STAGE_MODULES:
        for name, value in vars(module).items():
            if isfunction(value) and name.startswith("judge_") and value.__module__.startswith(RULES):
                places.setdefault(value, []).append((module, name))
    yield from ((where, answers(rule)) for rule, where in places.items())
    yield [(head_turns.HeadTurns, "verdict")], answers(*_methods(head_turns.HeadTurns))


@contextmanager
def _answering(places: Places, verdict: Verdict) -> Iterator[None]:
    """Let a rule answer `verdict`, whatever it is asked."""
    with ExitStack() as patches:
        for owner, name in places:
            patches.enter_context(mock.patch.object(owner, name, return_value=verdict))
        yield


# ── leading a visit on ───────────────────────────────────────────────────────────────────────────


class WholeVisit(StaffedVisitDriver):
    """A visit that knows what a willing person does in each stage."""

    def __init__(self, way: Way, purpose: Purpose, *, child: bool = False, staff=CLERK) -> None:
        super().__init__(limits=changed(LIMITS, phone_code={"use": "when_online"}), staff=staff)
        self.child = child
        began = e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0, way=way, purpose=purpose)
        self.feed(began)

    def go_on(self) -> None:
        """Do what finishes the present stage; where that is not enough its time passes."""
        before = len(self.all(e.Show))
        _WILLING[self.visit.stage](self)
        if len(self.all(e.Show)) == before and not self.visit.over:
            self.time_out()

    def lead_to(self, stage: Stage) -> bool:
        """Return whether the visit came to `stage` before it ended."""
        for _ in range(60):
            if self.visit.stage in (stage, Stage.OUTCOME):
                return self.visit.stage is stage
            if stage is Stage.PORTRAIT and self.visit.stage is Stage.FACE:
                self.feed(e.ReferenceFailed(Code.CARD_PORTRAIT_PHOTOGRAPHED))
            else:
                self.go_on()
        self.time_out()  # what is typed may be wrong as often as the time allows
        return self.visit.stage is stage

    def _agree(self) -> None:
        picture = self.visit.way is not Way.CLERK
        self.feed(e.Agreed("zh-Hans", "00" * 32, picture=picture))

    def _place_card(self) -> None:
        young = self.child and self.visit.child is None
        self.feed(e.CardRead(replace(GOOD_CARD, age=CHILD if young else GOOD_CARD.age)))

    def _type(self) -> None:
        password = "31415926" if self.visit.purpose.has_password else None
        self.feed(e.Typed(phone="19900000000", password=password))

    def _prove_phone(self) -> None:
        self.answer_code_request(PhoneCodeStatus.SENT)
        self.answer_typed_code(PhoneProofStatus.PROVED)

    def answer_code_request(self, status: PhoneCodeStatus, *, required: bool = False) -> None:
        """Central's answer to the wish for a code, if one is awaited."""
        if (entry := self.visit.code_entry) is not None:
            answer = e.PhoneCodeAnswered(request=entry.request, status=status, again_s=0.0, required=required)
            self.feed(answer)

    def answer_typed_code(self, status: PhoneProofStatus, tries_left: int = 0) -> None:
        """Type a code and get this answer of central's."""
        self.feed(e.PhoneCodeTyped("204861"))
        if (entry := self.visit.code_entry) is not None:
            self.feed(e.PhoneProofAnswered(request=entry.request, status=status, tries_left=tries_left))

    def _photograph(self) -> None:
        self.feed(e.ReferenceReady(photographed=True))

    def _turn_head(self) -> None:
        self.feed(e.ChallengeTaken(challenge()))
        self.feed(e.PromptEnded("head", self.at))
        follow(self)

    def _tap(self) -> None:
        self.feed(e.ChallengeTaken(challenge()))
        self.see()
        self.feed(e.DigitsTyped(DIGITS))
        while self.visit.stage is Stage.TOUCH and self.visit.typed_right and self.at < self.visit.deadline:
            self.see()  # enough of the light is waited for

    def _be_looked_at_by_a_clerk(self) -> None:
        if self.visit.challenge is None:
            self.feed(e.ChallengeTaken(challenge()))
        reason = allowed_reasons(Decision.APPROVE, self.visit.review_case.code)[0]
        self.sign("7001").decide(reason=reason)
        if self.visit.stage is Stage.REVIEW:
            self.sign("7002", Role.SUPERVISOR)

    def _submit(self) -> None:
        self.feed(e.Stored(NUMBER))


_WILLING: dict[Stage, Callable[[WholeVisit], object]] = {
    Stage.CONSENT: WholeVisit._agree,
    Stage.CARD: WholeVisit._place_card,
    Stage.GUARDIAN: lambda visit: visit.feed(e.GuardianAgreed("zh-Hans", "00" * 32)),
    Stage.PHONE: WholeVisit._type,
    Stage.CONFIRM: lambda visit: visit.feed(e.Confirmed()),
    Stage.PHONE_CODE: WholeVisit._prove_phone,
    Stage.PORTRAIT: WholeVisit._photograph,
    Stage.FACE: lambda visit: visit.match(),
    Stage.DIGITS: lambda visit: visit.read(),
    Stage.HEAD: WholeVisit._turn_head,
    Stage.TOUCH: WholeVisit._tap,
    Stage.REVIEW: WholeVisit._be_looked_at_by_a_clerk,
    Stage.SUBMIT: WholeVisit._submit,
}


# ── what can happen ──────────────────────────────────────────────────────────────────────────────


def _of(*beginnings: str) -> list[Code]:
    return [code for code in Code if code.value.startswith(beginnings)]


def _seen_frames(visit: WholeVisit, hint: Code) -> None:
    """Frames with this hint and nothing good in them, until the time of the stage is over."""
    while visit.at < visit.visit.ends - 2.0:
        visit.see(2.0, hint=hint, good=False, frames_good=0, likeness_mean=None)
    visit.time_out()


def _seen_card(visit: WholeVisit, hint: Code) -> None:
    for _ in range(3):
        visit.feed(e.CardSeen(visit.at, hint))
    visit.time_out()


def _no_face(visit: WholeVisit) -> None:
    visit.see(faces=0, hint=Code.FACE_NONE, likeness_mean=None, frames_good=0)
    visit.time_out()


def _refused_by_clerk(visit: WholeVisit) -> None:
    visit.sign("7001").decide(Decision.REFUSE, ReviewReason.OTHER_PERSON)


def _mistyped(visit: WholeVisit, status: PhoneProofStatus) -> None:
    visit.answer_code_request(PhoneCodeStatus.SENT)
    visit.answer_typed_code(status, tries_left=3)
    if visit.visit.stage is Stage.PHONE_CODE:
        visit.time_out()


Happening = Callable[[WholeVisit], object]
CENTRAL = sorted(
    Code(CentralCode[name])
    for name in named("central/activation") | named("central/credentials")
    if name not in ("OK", "PASSWORD_MISMATCH")
)
"""What central answers a request with; a password it asks for only on its own page."""
ENGINE_FAULTS = sorted(Code[name] for name in named("kiosk/face") if name.endswith("_ENGINE_FAILED"))
"""Of the face engine, while it prepares the card's portrait and while it looks at frames."""
CARD_FAULTS = [Code.CLOCK_OFF]  # of a card that is dated in a doubtful time
CARD_FAULTS += sorted(
    Code[name]
    for name in named("kiosk/card") | named("kiosk/capture")
    if name.startswith("CARD_") and not name.startswith("CARD_PORTRAIT")
)
DEVICES = {
    Device.CAMERA: _of("camera."),
    Device.MICROPHONE: sorted(set(_of("microphone.")) - {Code.MICROPHONE_TOO_QUIET, Code.MICROPHONE_CLIPPED}),
    Device.READER: _of("reader."),
    Device.MODELS: [Code.INTERNAL],
    Device.IDENTITY: _of("central.untrusted", "terminal."),
    Device.PRINTER: _of("printer."),
}


def _feeds(*events: e.Event) -> Happening:
    return lambda visit: [visit.feed(event) for event in events]


def _feeds_and_waits(event: e.Event) -> Happening:
    """It is not mended in time."""

    def happen(visit: WholeVisit) -> None:
        visit.feed(event)
        if visit.visit.stage is not Stage.OUTCOME:
            visit.time_out()

    return happen


def _events(kind: type) -> Iterator[Happening]:
    """What an event of this kind can be, with every code that it can carry."""
    codes: dict[type, list[Code]] = {
        e.CardFailed: CARD_FAULTS,
        e.ReferenceFailed: [*_of("card.portrait"), *ENGINE_FAULTS],
        e.ChallengeMissing: [Code.CHALLENGE_NONE],
        e.StoreFailed: _of("outbox.", "disk."),
    }
    if kind in codes:
        yield from (_feeds(kind(code)) for code in codes[kind])
    elif kind is e.DeviceFailed:
        for failed in (kind(device, code) for device, found in DEVICES.items() for code in found):
            yield _feeds(failed)
            yield _feeds_and_waits(failed)
    elif kind is e.RequestWedged:
        yield from (_feeds(kind(NUMBER, code)) for code in CENTRAL)
    elif kind is e.ReceiptArrived:
        for status in (RequestStatus.REFUSED, RequestStatus.PENDING):
            yield from (
                _feeds(kind(ActivationReceipt(id=NUMBER, status=status, code=code))) for code in CENTRAL
            )
        yield _feeds(kind(ActivationReceipt(id=NUMBER, status=RequestStatus.ACTIVATED)))
    elif kind is FaceSeen:
        yield from (
            lambda visit, hint=hint: _seen_frames(visit, hint)
            for hint in Code
            if (hint.value.startswith("face.") and hint in face.SPOKEN) or hint in ENGINE_FAULTS
        )
        yield _no_face
    elif kind is e.CardSeen:
        yield from (lambda visit, hint=hint: _seen_card(visit, hint) for hint in _of("card_picture."))
    elif kind is e.TimePassed:
        yield lambda visit: visit.time_out()
    elif kind is e.PhoneCodeAnswered:
        for status in PhoneCodeStatus:
            for required in (False, True):
                yield lambda visit, status=status, required=required: visit.answer_code_request(
                    status, required=required
                )
    elif kind is e.PhoneProofAnswered:
        for status in PhoneProofStatus:
            yield lambda visit, status=status: _mistyped(visit, status)
    elif kind is e.Decided:
        yield _refused_by_clerk
    elif kind is e.HelpWanted:
        yield _feeds(kind())
        yield _feeds(kind(), e.HelpEnded())
        yield _feeds(kind(), e.ClerkCallChanged(ClerkCallState.CALLED, staffed=True), e.ReviewWanted())
    elif kind in (e.Cancelled, e.Declined, e.GuardianDeclined, e.LightDeclined):
        yield _feeds(kind())
    elif kind is e.WayChosen:
        yield from (_feeds(kind(way)) for way in Way)


def _kinds() -> Iterator[tuple[Stage, type]]:
    return ((stage, kind) for stage in _WILLING for kind in HANDLERS[stage])


MOST = 8
"""Happenings after which every try is spent."""


def _led_to_its_end(visit: WholeVisit, stage: Stage, happening: Happening) -> WholeVisit:
    """The same thing happens whenever the visit is in `stage`."""
    for _ in range(MOST):
        if not visit.lead_to(stage):
            break
        happening(visit)
    visit.lead_to(Stage.OUTCOME)
    return visit


def failed_by_rules(way: Way, purpose: Purpose, *, child: bool = False) -> Iterator[WholeVisit]:
    """Visits in which one rule always answers the same, with and without a clerk who could be asked."""
    for staff in (CLERK, None):
        yield _led(WholeVisit(way, purpose, child=child, staff=staff))
        for places, found in rules():
            for verdict in found:
                with _answering(places, verdict):
                    yield _led(WholeVisit(way, purpose, child=child, staff=staff))


def _led(visit: WholeVisit) -> WholeVisit:
    visit.lead_to(Stage.OUTCOME)
    return visit


def failed_by_events(way: Way, purpose: Purpose, *, child: bool = False) -> Iterator[WholeVisit]:
    """Visits in which the same thing happens over and over in one stage."""
    for stage, kind in _kinds():
        for happening in _events(kind):
            yield _led_to_its_end(WholeVisit(way, purpose, child=child), stage, happening)
