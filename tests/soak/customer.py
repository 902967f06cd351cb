"""A customer who follows a script: reads and touches the screen, and is seen and heard."""

import random
from datetime import UTC, datetime

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Decision, FaceSeen, HeadMove, ReviewReason, Stage, StreamSeen, Way, allowed_reasons
from kiosk.phrases import load
from kiosk.visit.rules import light
from kiosk.visit_number import new_visit_number
from tests.soak.clock import Owner
from tests.soak.script import Script, card

LOOKS_S = 0.7
TURNED = {
    HeadMove.LEFT: (22.0, 0.0),
    HeadMove.RIGHT: (-22.0, 0.0),
    HeadMove.UP: (0.0, 17.0),
    HeadMove.DOWN: (0.0, -17.0),
}
LIKENESS = {"grey": 0.41, "mismatch": 0.12}
GAIN = 0.15
"""How much of the screen's light a face reflects, as a share of the shop's light."""
SENSOR = StreamSeen(frames=200, fps=25.0, jitter_ms=1.2, noise=1.8)
INJECTED = StreamSeen(frames=200, repeated=40, fps=25.0, jitter_ms=1.2, noise=1.8)
_ANOTHER = {Way.VOICE: Way.HEAD, Way.HEAD: Way.TOUCH, Way.TOUCH: Way.CLERK}


class Customer(Owner):
    """Customer of one visit; subscribe `see` to the engine. `over` when the visit is forgotten."""

    def __init__(self, script: Script, shop, simulation) -> None:
        super().__init__()
        self.script = script
        self.visit = new_visit_number()
        self.over = False
        self._terminal, self._simulation, self._agenda = shop, simulation, simulation.agenda
        self._rng = random.Random(script.seed ^ 0x5EED)
        self._page = Owner()  # of actions on the present screen
        self._stage = Stage.IDLE
        self._shown: e.Show | None = None
        self._seq = self._good = self._watches = 0
        self._track = 1
        self._looked_at = 0.0
        self._tries = {"phone": 0, "answer": 0, "card": 0}
        self._digits: dict[int, int] = {}
        self._voices: list[tuple[float, float]] = []
        self._colours: list[tuple[float, str]] = []
        self._turn: tuple[float, HeadMove] | None = None
        self._left = False

    # ── touching ─────────────────────────────────────────────────────────────────────────────────

    def begin(self) -> None:
        s = self.script
        began = e.Began(
            visit=self.visit,
            language=s.language,
            unhurried=s.unhurried,
            way=s.way,
            purpose=s.purpose,
        )
        self._terminal.engine.post(began)

    def see(self, notice: e.Notice) -> None:
        match notice:
            case e.Show():
                self._turn_page(notice)
            case e.ShowDigit():
                self._digits[notice.window] = notice.digit
                self._soon(0.03, lambda: e.DigitShown(notice.window, self._now))
            case e.ShowLight():
                self._light(notice)
            case e.ShowHeadMove() if notice.move is not None:
                self._arrow(notice.step, notice.move)
            case e.ShowDigits():
                self._type(notice.digits)
            case e.AskSignature():
                self._sign(notice)
            case e.ShowCase():
                self._decide(notice)
            case e.ShowHelp() if notice.until is not None:
                self._wait_for_the_clerk()
            case e.HelpOver() if self._shown is not None:
                self._turn_page(self._shown)
            case e.Finished():
                self._end()

    def _end(self) -> None:
        self.over = True
        self.gone = self._page.gone = True
        self._simulation.device_states.lift()

    def _turn_page(self, show: e.Show) -> None:
        self._page.gone = True
        self._page = Owner()
        self._stage, self._shown = show.stage, show
        self._digits, self._colours, self._turn = {}, [], None
        if self._leave(show.stage):
            return
        do = {
            Stage.CONSENT: self._consent,
            Stage.GUARDIAN: self._guardian,
            Stage.CARD: self._card,
            Stage.PHONE: self._phone,
            Stage.CONFIRM: lambda _: self._soon(self._rng.uniform(3, 12), e.Confirmed),
            Stage.OUTCOME: self._outcome,
        }.get(show.stage)
        if do is not None:
            do(show)
        self._maybe_another_way(show.stage)

    def _leave(self, stage: Stage) -> bool:
        if self._left or self.script.leaves is None or self.script.leaves[0] is not stage:
            return False
        self._left = True
        out = e.Cancelled if self.script.leaves[1] == "cancels" else e.HelpWanted
        self._soon(self._rng.uniform(1, 5), out)
        return out is e.Cancelled

    def _wait_for_the_clerk(self) -> None:
        """Go on after a while, give up, or walk away from the question."""
        self._page.gone = True
        self._page = Owner()
        then = self._rng.choice((e.HelpEnded, e.HelpEnded, e.HelpEnded, e.Cancelled, None))
        if then is not None:
            self._soon(self._rng.uniform(3, 60), then)

    def _maybe_another_way(self, stage: Stage) -> None:
        tried = stage in (Stage.DIGITS, Stage.HEAD, Stage.TOUCH)
        if tried and self.script.answer == "another way" and not self._tries["answer"]:
            self._tries["answer"] += 1
            self._soon(2.0, lambda: e.WayChosen(_ANOTHER[self.script.way]))
        elif stage is Stage.DIGITS and self.script.answer == "slow":
            self._soon(4.0, e.SlowDown)
        elif stage is Stage.DIGITS and self.script.answer == "no light":
            self._soon(4.0, e.LightDeclined)

    def _consent(self, show: e.Show) -> None:
        how = self.script.consent
        if how == "goes":
            return
        after = self._rng.uniform(3, 12)
        if how == "cancels":
            self._soon(after, e.Cancelled)
        elif how == "declines all" or (how == "declines" and show.way is not Way.CLERK):
            self._soon(after, e.Declined)
        else:
            asked = show.way is not Way.CLERK and show.purpose.has_password
            picture = self._rng.random() < 0.4 and asked
            text = load(self.script.language)
            by_clerk = show.way is Way.CLERK
            sha256 = (text.clerk_consent_sha256 if by_clerk else text.consent_sha256)(show.purpose)
            self._soon(after, lambda: e.Agreed(text.language, sha256, picture))

    def _guardian(self, show: e.Show) -> None:
        """Let the guardian agree; one in five does not."""
        self._simulation.device_states.lift()
        if self._rng.random() < 0.2:
            self._soon(self._rng.uniform(3, 12), e.GuardianDeclined)
        else:
            text = load(self.script.language)
            agreed = e.GuardianAgreed(text.language, text.guardian_consent_sha256(show.purpose))
            self._soon(self._rng.uniform(3, 12), lambda: agreed)

    def _card(self, show: e.Show) -> None:
        if self.script.card == "none":
            return
        today = datetime.fromtimestamp(self._simulation.clock.true_unix(), UTC).date()
        laid, faults = card(self.script, today, guardian=show.guardian)
        faults = faults if not self._tries["card"] or self.script.card == "unreadable" else []
        self._tries["card"] += 1
        self._simulation.device_states.lift()
        self._agenda.after(
            self._rng.uniform(1.5, 4), self, lambda: self._simulation.device_states.lay(laid, faults)
        )

    def _phone(self, show: e.Show) -> None:
        self._simulation.device_states.lift()
        if self.script.phone == "goes":
            return
        wrong = self.script.phone == "wrong once" and not self._tries["phone"]
        self._tries["phone"] += 1
        password = f"{(self.script.seed * 7919 + 20486173) % 10**8:08d}"
        number = "12" if wrong else f"139{self.script.person % 10**8:08d}"
        password = "20486173" if len(set(password)) < 3 else password
        chosen = password if show.purpose.has_password else None
        self._soon(self._rng.uniform(10, 25), lambda: e.Typed(phone=number, password=chosen))

    def _outcome(self, _: e.Show) -> None:
        if not self.script.lingers:
            self._soon(self._rng.uniform(2, 9), e.Dismissed)

    def _type(self, digits: tuple[int, ...]) -> None:
        wrong = self._answers_wrong()
        typed = (digits[0] + 1, *digits[1:]) if wrong else digits
        if self.script.answer != "silent":
            self._soon(self._rng.uniform(4, 9), lambda: e.DigitsTyped(typed))

    def _answers_wrong(self) -> bool:
        """Use up one try of the script's."""
        self._tries["answer"] += 1
        return self.script.answer == "wrong" or (
            self.script.answer == "wrong once" and self._tries["answer"] == 1
        )

    # ── staff ────────────────────────────────────────────────────────────────────────────────────

    def _sign(self, ask: e.AskSignature) -> None:
        if self.script.clerk == "goes":
            return
        who = self._simulation.staff[ask.role]
        pin = "000000" if self.script.clerk == "wrong PIN" and ask.code is Code.OK else who.pin
        self._soon(self._rng.uniform(2, 8), lambda: e.Signs(who.number, pin))
        self._simulation.signing = True

    def _decide(self, case: e.ShowCase) -> None:
        decision = Decision.APPROVE
        if self.script.clerk == "refuses" or not case.may_approve:
            decision = Decision.REFUSE
        if case.may_retry and (self.script.clerk == "gives a try" or not case.may_approve):
            decision = Decision.AGAIN
        reason: ReviewReason = allowed_reasons(decision, case.code)[0]
        self._soon(self._rng.uniform(4, 15), lambda: e.Decided(decision, reason))

    # ── being seen ───────────────────────────────────────────────────────────────────────────────

    def looked_at(self) -> None:
        """Note that the face watcher starts anew."""
        self._watches += 1
        self._good = 0
        self._looked_at = self._now

    def face(self) -> FaceSeen:
        """Return what the next analysed frame shows."""
        self._seq += 1
        how = self.script.face
        stream = INJECTED if how == "injected" else SENSOR
        waited = self._now - self._looked_at
        once = self._watches == 1 and self._stage in (Stage.DIGITS, Stage.HEAD, Stage.TOUCH)
        gone = how == "goes" and once and 6.0 < waited < 9.0
        if how == "absent" or gone or waited < LOOKS_S:
            return FaceSeen(at=self._now, seq=self._seq, hint=Code.FACE_NONE, stream=stream)
        if how == "changes" and once and waited > 8.0:
            self._track = 2
        self._good = min(self._good + 1, 20)
        likeness = LIKENESS.get(how, 0.66) + self._rng.uniform(-0.02, 0.02)
        yaw, pitch = self._pose()
        return FaceSeen(
            at=self._now,
            seq=self._seq,
            faces=1,
            good=True,
            frames_good=self._good,
            track=self._track,
            likeness=likeness,
            likeness_mean=likeness,
            likeness_first=0.85,
            live=0.03 if how == "not live" else 0.8,
            live_median=0.03 if how == "not live" else 0.8,
            mouth=self._mouth(),
            eyes=0.3,
            light=self._reflection(),
            yaw=yaw,
            pitch=pitch,
            roll=0.5,
            stream=stream,
        )

    def _mouth(self) -> float:
        still = self.script.answer == "lips still"
        speaks = any(began - 0.12 <= self._now <= ended for began, ended in self._voices[-8:])
        return 0.02 + (0.35 if speaks and not still else self._rng.uniform(0, 0.02))

    def _pose(self) -> tuple[float, float]:
        yaw, pitch = self._rng.uniform(-1, 1), self._rng.uniform(-1, 1)
        if self._turn is None:
            return yaw, pitch
        at, move = self._turn
        since = self._now - at
        share = max(0.0, min(1.0, (since - 0.45) / 0.3, (1.5 - since) / 0.3))
        return yaw + TURNED[move][0] * share, pitch + TURNED[move][1] * share

    def _reflection(self) -> tuple[float, float]:
        on = [letter for at, letter in self._colours if at + 0.06 <= self._now]
        red, green, blue = light.LINEAR[on[-1]] if on else (0.5, 0.5, 0.5)
        noise = self._rng.uniform(-0.01, 0.01)
        return GAIN * (red - green) + noise, GAIN * (blue - green) - noise

    # ── answering ────────────────────────────────────────────────────────────────────────────────

    def says(self, window: int, at: float) -> tuple[float, float, tuple[float, ...]] | None:
        """Return onset, end and log scores of what is said to a digit; None: nothing."""
        if self.script.answer == "silent":
            return None
        if window == 0:
            self._wrong = self._answers_wrong()
        began = at + self._rng.uniform(0.35, 0.6)
        ended = began + self._rng.uniform(0.25, 0.4)
        self._voices.append((began, ended))
        digit = (self._digits[window] + 3 * self._wrong) % 10
        sure = self._rng.uniform(4, 8)
        return began, ended, tuple(0.0 if i == digit else -sure for i in range(11))

    def _arrow(self, step: int, move: HeadMove) -> None:
        if step == 0:
            self._wrong = self._answers_wrong()
        other = {
            HeadMove.LEFT: HeadMove.UP,
            HeadMove.UP: HeadMove.LEFT,
            HeadMove.RIGHT: HeadMove.DOWN,
            HeadMove.DOWN: HeadMove.RIGHT,
        }

        def shown() -> e.Event:
            if self.script.answer != "silent":
                self._turn = (self._now, other[move] if self._wrong else move)
            return e.HeadMoveShown(step, self._now)

        self._soon(0.03, shown)

    def _light(self, order: e.ShowLight) -> None:
        def lit(step: int, colour: str):
            def shown() -> e.Event:
                self._colours.append((self._now, colour))
                return e.LightShown(step, self._now)

            return shown

        for step, colour in enumerate(order.colours):
            self._soon(0.03 + step * order.hold_s, lit(step, colour))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    @property
    def _now(self) -> float:
        return self._agenda.clock.monotonic()

    def _soon(self, seconds: float, make) -> None:
        """Post the event that `make` returns, later, if this screen is still shown then."""
        self._agenda.after(seconds, self._page, lambda: self._terminal.engine.post(make()))
