"""One customer's visit: fed with events, it gives orders. No thread, clock, file, network or randomness.

    orders = visit.feed(event, at)      # `at` on the capture clock
    visit.deadline                      # feed TimePassed at this time, if nothing came before; None: never

Everything that it decides depends on the events alone, so feeding a log back replays the visit.
"""

from collections.abc import Callable

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    Answer,
    Check,
    Device,
    DigitHeard,
    FaceSeen,
    Outcome,
    RequestStatus,
    Slip,
    Stage,
    Verdict,
)
from kiosk.settings import VisitSettings
from kiosk.visit import rules
from kiosk.visit.reading import SCREEN_PATIENCE_S, Reading
from kiosk.visit.stages import ANSWERS, MOVES

Orders = list[e.Order]

HINT_FRAMES = 3
"""A hint must be the same in so many looked-at frames before the person is told: no flicker."""

_PROMPTS = {
    Outcome.ACTIVATED: "activated",
    Outcome.PENDING: "pending",
    Outcome.ACCEPTED: "accepted",
    Outcome.REFUSED: "refused",
    Outcome.REFERRED: "referred",
    Outcome.ABANDONED: "goodbye",
}

_FINAL = {
    RequestStatus.ACTIVATED: Outcome.ACTIVATED,
    RequestStatus.PENDING: Outcome.PENDING,
    RequestStatus.REFUSED: Outcome.REFUSED,
}


class Visit:
    """From the first touch to the last screen."""

    def __init__(
        self, limits: VisitSettings, *, terminal: str = "", place: str = "", simulated: bool = False
    ) -> None:
        self.stage = Stage.IDLE
        self.deadline: float | None = None
        self.over = False
        self.verdicts: list[Verdict] = []
        self.outcome = Outcome.ABANDONED
        self.code = Code.OK
        self._limits = limits
        self._slip_facts = {"terminal": terminal, "place": place, "simulated": simulated}
        self._at = 0.0
        self._began: e.Began | None = None
        self._consent: e.Agreed | None = None
        self._card: e.CardRead | None = None
        self._typed: e.Typed | None = None
        self._credential: str | None = None
        self._ended_in = Stage.IDLE
        self._tries = {Stage.CARD: 0, Stage.PHONE: 0, Stage.FACE: 0, Stage.DIGITS: 0}
        self._hint = Code.OK
        self._hint_seen = 0
        self._hint_told: Code | None = None
        self._reference = False
        self._track = 0
        self._face_at = 0.0
        self._reading: Reading | None = None
        self._promised = False
        self._gone: dict[Device, Code] = {}
        self._prompts_due = 0  # "digits" prompts that were ordered and are not over

    @property
    def number(self) -> str:
        """The visit's number; empty before it began."""
        return self._began.visit if self._began else ""

    def feed(self, event: e.Event, at: float) -> Orders:
        """What to do about `event`; nothing, if it does not matter in this stage."""
        self._note(event)
        name = ANSWERS[self.stage].get(type(event))
        if name is None or self.over:
            return []
        if isinstance(event, e.TimePassed) and (self.deadline is None or at < self.deadline):
            return []
        self._at = at
        answer: Callable[[e.Event], Orders] = getattr(self, "on_" + name)
        return answer(event)

    def _note(self, event: e.Event) -> None:
        """What must be known later, whatever the stage: devices that are gone, prompts that are over."""
        if isinstance(event, e.DeviceFailed):
            self._gone[event.device] = event.code
        elif isinstance(event, e.DeviceReady):
            self._gone.pop(event.device, None)
        elif isinstance(event, e.PromptEnded) and event.prompt.startswith("digits"):
            self._prompts_due = max(0, self._prompts_due - 1)

    def _gone_sense(self) -> Code | None:
        """Why nobody can be seen or heard, if so."""
        return self._gone.get(Device.CAMERA) or self._gone.get(Device.MICROPHONE)

    # ── moving ───────────────────────────────────────────────────────────────────────────────────

    def _go(self, stage: Stage, limit_s: float, code: Code = Code.OK) -> e.Show:
        if stage not in MOVES[self.stage]:
            raise AssertionError(f"{self.stage} may not be followed by {stage}")
        self.stage = stage
        self.deadline = self._at + limit_s
        return e.Show(stage, code, self._tries_left(stage), self.deadline)

    def _tries_allowed(self, stage: Stage) -> int:
        return {
            Stage.CARD: self._limits.card_tries,
            Stage.FACE: self._limits.face_tries,
            Stage.DIGITS: self._limits.digits_tries,
        }.get(stage, 0)

    def _tries_left(self, stage: Stage) -> int:
        return max(0, self._tries_allowed(stage) - self._tries.get(stage, 0))

    def _spend(self, stage: Stage) -> bool:
        """One try is gone; False if it was the last."""
        self._tries[stage] += 1
        return self._tries_left(stage) > 0

    def _end(self, outcome: Outcome, code: Code) -> Orders:
        self.outcome, self.code = outcome, code
        if self.stage is not Stage.OUTCOME:
            self._ended_in = self.stage
        self._card = self._typed = self._reading = None
        show = self._go(Stage.OUTCOME, self._limits.outcome_s, code)
        quiet: Orders = [e.StopListening(), e.Unwatch(), e.IgnoreCard()]
        return [*quiet, e.Print(self._slip()), show, e.Say(_PROMPTS[outcome])]

    def _slip(self) -> Slip:
        assert self._began is not None
        return Slip(
            id=self.number,
            outcome=self.outcome,
            code=self.code,
            at_unix=self._began.at_unix,
            credential=self._credential,
            terminal=str(self._slip_facts["terminal"]),
            place=str(self._slip_facts["place"]),
            simulated=bool(self._slip_facts["simulated"]),
        )

    def fail(self, at: float) -> Orders:
        """Our own bug met this visit: end it with the truth about the request."""
        self._at = at
        if self.stage in (Stage.IDLE, Stage.OUTCOME) or self.over:
            return self.on_dismissed(e.Dismissed())
        return self._end(Outcome.ACCEPTED if self._promised else Outcome.REFERRED, Code.INTERNAL)

    # ── ways out ─────────────────────────────────────────────────────────────────────────────────

    def on_cancelled(self, _: e.Cancelled) -> Orders:
        return self._end(Outcome.ABANDONED, Code.VISIT_CANCELLED)

    def on_help_wanted(self, _: e.HelpWanted) -> Orders:
        return self._end(Outcome.REFERRED, Code.VISIT_NEEDS_CLERK)

    def on_timed_out(self, _: e.TimePassed) -> Orders:
        if self.stage is Stage.CARD and Device.READER in self._gone:
            return self._end(Outcome.REFERRED, self._gone[Device.READER])
        return self._end(Outcome.ABANDONED, Code.VISIT_TIMEOUT)

    # ── IDLE, CONSENT ────────────────────────────────────────────────────────────────────────────

    def on_began(self, event: e.Began) -> Orders:
        self._began = event
        return [self._go(Stage.CONSENT, self._limits.consent_s), e.Say("consent")]

    def on_agreed(self, event: e.Agreed) -> Orders:
        self._consent = event
        show = self._go(Stage.CARD, self._limits.card_s, self._gone.get(Device.READER, Code.OK))
        return [e.Attend(), show, e.Say("card"), e.AwaitCard()]

    def on_declined(self, _: e.Declined) -> Orders:
        return self._end(Outcome.REFERRED, Code.CONSENT_REFUSED)

    # ── CARD ─────────────────────────────────────────────────────────────────────────────────────

    def on_card_read(self, event: e.CardRead) -> Orders:
        verdict = rules.card(event.facts, self._limits)
        self.verdicts.append(verdict)
        if verdict.answer is Answer.REVIEW:
            return self._end(Outcome.REFERRED, verdict.code)
        if verdict.answer is not Answer.PASS:
            return self._end(Outcome.REFUSED, verdict.code)
        self._card = event
        return [e.IgnoreCard(), self._go(Stage.PHONE, self._limits.phone_s), e.Say("phone")]

    def on_card_failed(self, event: e.CardFailed) -> Orders:
        if not self._spend(Stage.CARD):
            return self._end(Outcome.REFERRED, event.code)
        show = self._go(Stage.CARD, self._limits.card_s, event.code)
        return [show, e.Say("card_retry"), e.AwaitCard()]

    def on_reader_failed(self, event: e.DeviceFailed) -> Orders:
        if event.device is not Device.READER:
            return []
        return [e.Show(Stage.CARD, event.code, self._tries_left(Stage.CARD), self.deadline)]

    # ── PHONE ────────────────────────────────────────────────────────────────────────────────────

    def on_typed(self, event: e.Typed) -> Orders:
        verdict = rules.typed(event)
        if verdict.answer is not Answer.PASS:
            return [self._go(Stage.PHONE, self._limits.phone_s, verdict.code)]
        self.verdicts.append(verdict)
        self._typed = event
        return [*self._watch(self._gone_sense() or Code.OK), e.Say("face")]

    # ── FACE ─────────────────────────────────────────────────────────────────────────────────────

    def _watch(self, code: Code) -> Orders:
        """Look for the face, from the beginning."""
        card = self._card.card if self._card else None
        self._reference = False
        self._hint, self._hint_seen, self._hint_told = Code.OK, 0, None
        self._face_at = self._at
        return [self._go(Stage.FACE, self._limits.face_s, code), e.Watch(card.portrait if card else None)]

    def on_reference_ready(self, _: e.ReferenceReady) -> Orders:
        self._reference = True
        return []

    def on_reference_failed(self, event: e.ReferenceFailed) -> Orders:
        return self._end(Outcome.REFERRED, event.code)

    def on_face_seen(self, seen: FaceSeen) -> Orders:
        if seen.faces:
            self._face_at = seen.at
        if not self._reference:  # without the card's portrait nothing can be matched
            return self._coach(seen)
        face = rules.face(seen, self._limits)
        if face.answer is Answer.RETRY:
            return self._coach(seen)
        live = rules.liveness(seen, self._limits)
        self.verdicts += [face, live]
        unmeasured = live.answer is Answer.REVIEW and not self._limits.require_liveness
        if live.answer is not Answer.PASS and not unmeasured:
            return self._face_failed(live)
        if face.answer is not Answer.PASS:
            return self._face_failed(face)
        self._track, self._face_at = seen.track, seen.at
        return self._challenge(Code.OK)

    def _coach(self, seen: FaceSeen) -> Orders:
        """Tell one hint, once it has been the same for some frames."""
        self._hint_seen = self._hint_seen + 1 if seen.hint is self._hint else 1
        self._hint = seen.hint
        if self._hint_seen < HINT_FRAMES or self._hint is self._hint_told:
            return []
        self._hint_told = self._hint
        return [e.Coach(self._hint)]

    def _face_failed(self, verdict: Verdict) -> Orders:
        """A try is spent; after the last a clear mismatch is refused, all else goes to the clerk."""
        if self._spend(Stage.FACE):
            return [*self._watch(verdict.code), e.Say("face_retry")]
        refused = verdict.check is Check.FACE and verdict.answer is Answer.REFUSE
        return self._end(Outcome.REFUSED if refused else Outcome.REFERRED, verdict.code)

    def on_face_time_passed(self, _: e.TimePassed) -> Orders:
        if (gone := self._gone_sense()) is not None:
            return self._end(Outcome.REFERRED, gone)
        if self._at - self._face_at >= self._limits.face_s / 2:
            return self._end(Outcome.ABANDONED, Code.VISIT_ABANDONED)
        code = self._hint if self._hint is not Code.OK else Code.FACE_TOO_FEW_FRAMES
        return self._start_over(code)

    def on_sense_failed(self, event: e.DeviceFailed) -> Orders:
        """Camera or microphone went away: what was seen and heard does not hang together any more.

        Without the engines (MODELS: a worker of ours died) nothing can be seen or heard at all.
        """
        if event.device is Device.MODELS:
            return self._end(Outcome.REFERRED, event.code)
        if event.device not in (Device.CAMERA, Device.MICROPHONE):
            return []
        return self._start_over(event.code)

    def _start_over(self, code: Code) -> Orders:
        """Back to the face, at the price of a try."""
        self._reading = None
        if not self._spend(Stage.FACE):
            return self._end(Outcome.REFERRED, code)
        return [e.StopListening(), *self._watch(code), e.Say("face_retry")]

    # ── DIGITS ───────────────────────────────────────────────────────────────────────────────────

    def _challenge(self, code: Code) -> Orders:
        """New digits, never seen before."""
        self._reading = None
        show = self._go(Stage.DIGITS, self._limits.digits_s, code)
        return [show, e.TakeChallenge()]

    def on_challenge_taken(self, event: e.ChallengeTaken) -> Orders:
        self._reading = Reading(event.challenge, self._limits, bool(self._began and self._began.unhurried))
        self._prompts_due += 1
        return [e.Say("digits_retry" if self._tries[Stage.DIGITS] else "digits")]

    def on_challenge_missing(self, event: e.ChallengeMissing) -> Orders:
        return self._end(Outcome.REFERRED, event.code)

    def on_prompt_ended(self, event: e.PromptEnded) -> Orders:
        """The prompt is over, so it cannot be heard as the customer: open the ear.

        An earlier reading's prompt that ends only now opens nothing: each prompt ends once, in order.
        """
        if self._reading is None or self._reading.started or not event.prompt.startswith("digits"):
            return []
        if self._prompts_due:
            return []
        self._reading.started = True
        self.deadline = self._at + self._limits.digit_first_s
        return [e.Listen(self._reading.count)]

    def on_digit_shown(self, event: e.DigitShown) -> Orders:
        opened = self._reading.painted(event) if self._reading else None
        if self._reading is None or opened is None:
            return []
        self.deadline = self._reading.deadline()
        return [opened]

    def on_digits_time_passed(self, _: e.TimePassed) -> Orders:
        reading = self._reading
        if reading is None or not reading.started or reading.awaiting_screen:
            return self._start_over(Code.INTERNAL)  # no challenge, no prompt or no screen in time
        digit = reading.next_digit()
        if digit is None:
            return self._judge()
        self.deadline = self._at + SCREEN_PATIENCE_S
        return [digit]

    def on_digit_heard(self, heard: DigitHeard) -> Orders:
        reading = self._reading
        if reading is None or not reading.answered(heard):
            return []
        marks: Orders = [e.ShowHeard(heard.window)] if heard.began is not None else []
        if reading.complete() or reading.hopelessly_silent():
            return marks + self._judge()
        return marks

    def on_face_seen_reading(self, seen: FaceSeen) -> Orders:
        broken = rules.continuity(self._track, seen, self._face_at, self._limits)
        if seen.faces:
            self._face_at = seen.at
        if broken is not None:
            self.verdicts.append(broken)
            return self._start_over(broken.code)
        if self._reading is not None:
            self._reading.seen.append(seen)
        return []

    def _judge(self) -> Orders:
        """All windows are closed: were these digits read, now, by this face?"""
        reading = self._reading
        assert reading is not None
        heard = reading.in_order()
        spoken = rules.digits(reading.challenge, reading.shown, heard, self._limits)
        moved = rules.lips(heard, reading.seen, self._limits)
        self.verdicts += [spoken, moved]
        for verdict in (spoken, moved):
            if verdict.answer not in (Answer.PASS, Answer.REVIEW):
                return self._reading_failed(verdict)
        self.verdicts.append(rules.unbroken(self._track, reading.seen, *reading.span(), self._limits))
        if self.verdicts[-1].answer is not Answer.PASS:
            return self._start_over(self.verdicts[-1].code)
        return self._submit(reading.challenge.id)

    def _reading_failed(self, verdict: Verdict) -> Orders:
        if not self._spend(Stage.DIGITS):
            return self._end(Outcome.REFERRED, verdict.code)
        return [e.StopListening(), *self._challenge(verdict.code)]

    # ── SUBMIT ───────────────────────────────────────────────────────────────────────────────────

    def _submit(self, challenge: str) -> Orders:
        assert self._consent is not None
        assert self._typed is not None
        evidence = e.Evidence(
            card=self._card.card if self._card else None,
            phone=self._typed.phone,
            password=self._typed.password,
            consent=self._consent,
            challenge=challenge,
            verdicts=tuple(self.verdicts),
            began_unix=self._began.at_unix if self._began else 0.0,
        )
        quiet: Orders = [e.StopListening(), e.Unwatch()]
        show = self._go(Stage.SUBMIT, self._limits.submit_s)
        return [*quiet, show, e.Submit(self.number, evidence), e.Say("submit")]

    def on_stored(self, event: e.Stored) -> Orders:
        self._promised = event.request == self.number
        return []

    def on_store_failed(self, event: e.StoreFailed) -> Orders:
        return self._end(Outcome.REFERRED, event.code)

    def on_receipt_arrived(self, event: e.ReceiptArrived) -> Orders:
        if event.receipt.id != self.number:
            return []
        self._credential = event.receipt.credential
        return self._end(_FINAL[event.receipt.status], event.receipt.code)

    def on_request_wedged(self, event: e.RequestWedged) -> Orders:
        if event.request != self.number:
            return []
        return self._end(Outcome.REFERRED, event.code)

    def on_disowned(self, event: e.DeviceFailed) -> Orders:
        """Central does not take this terminal any more: no delivery is promised, and a promise that still
        stands on the screen is taken back.
        """
        open_ = self.stage is Stage.SUBMIT or self.outcome is Outcome.ACCEPTED
        if event.device is not Device.IDENTITY or not open_:
            return []
        return self._end(Outcome.REFERRED, event.code)

    def on_patience_spent(self, _: e.TimePassed) -> Orders:
        """Promise delivery only if the request is on disk."""
        if self._promised:
            return self._end(Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE)
        return self._end(Outcome.REFERRED, Code.INTERNAL)

    # ── OUTCOME ──────────────────────────────────────────────────────────────────────────────────

    def on_late_receipt(self, event: e.ReceiptArrived) -> Orders:
        """The answer came while the last screen still stands: tell the better news."""
        if event.receipt.id != self.number or self.outcome not in (Outcome.ACCEPTED, Outcome.PENDING):
            return []
        return self.on_receipt_arrived(event)

    def on_late_wedge(self, event: e.RequestWedged) -> Orders:
        """It will not be delivered after all: take the promise back."""
        return self.on_request_wedged(event) if self.outcome is Outcome.ACCEPTED else []

    def on_dismissed(self, _: e.Event) -> Orders:
        self.over = True
        self.stage, self.deadline = Stage.IDLE, None
        self._consent = None
        finished = e.Finished(
            self.number, self.outcome, self.code, self._ended_in, tuple(self.verdicts), self._credential
        )
        return [e.Forget(), finished]
