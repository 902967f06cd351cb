"""Training of staff: visits on the real screens with a made-up person, who passes every check.

Theory of operation: the same `Engine` feeds the same `Visit`, but what carries out the visit's orders is
`MadeUpPerson`. It holds neither outbox nor challenges of central's, neither audit log nor visit logs, keys or
PINs, and this module imports none of them (a contract in pyproject.toml): a request cannot come of it, not
even by mistake. The digits are made up here, so no request about them would be accepted either.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Any

from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.engine import Engine, Handler
from kiosk.model import (
    ActivationReceipt,
    CardFacts,
    Challenge,
    Clerk,
    ClerkCallState,
    DigitHeard,
    FaceSeen,
    HeadMove,
    Outcome,
    PhoneCodeStatus,
    PhoneProofStatus,
    RequestStatus,
    Role,
    Signature,
    Slip,
    StreamSeen,
)
from kiosk.settings import Settings
from kiosk.visit.policy import VisitPolicy, visit_policy
from kiosk.visit.visit import Visit
from kiosk.worker import Worker

FRAME_S = 0.08
CARD_S = 3.0
"""How long the made-up person takes to lay down the card."""
PROMPT_S = 3.0
"""How long a spoken prompt is taken to last."""
VOICE = (0.45, 0.75)
"""A digit is said in this time after it was shown."""
SERIAL = "TRAINING"
"""Where the slip and the last screen show a credential's serial."""
_DIGITS = 6
_CARD = CardFacts(number_valid=True, birth_agrees=True, number_formed=True, days_since_issue=900, age=66)
_SENSOR = StreamSeen(frames=200, fps=25.0, jitter_ms=1.2, noise=1.8)
_TURNED: dict[HeadMove, tuple[float, float]] = {
    HeadMove.LEFT: (25.0, 0.0),
    HeadMove.RIGHT: (-25.0, 0.0),
    HeadMove.UP: (0.0, 20.0),
    HeadMove.DOWN: (0.0, -20.0),
}


class TrainingSession:
    """Engine of the training's visits, and the threads that it needs."""

    def __init__(
        self,
        settings: Settings,
        clerk: Clerk,
        *,
        say: Callable[[str, str], None],
        spoken_handlers: Mapping[type[e.Order], Handler],
        chime: Callable[[], None],
        print_slip: Callable[[Slip], None],
        open_devices: Callable[[], None],
        close_devices: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The callables return at once. `clerk`: who is trained, and signs in the training's reviews.

        `spoken_handlers`: carry out what the window wants of the loudspeaker.

        The devices are opened for the picture only: nothing that they bring is looked at here.
        """
        self._policy = training_policy(settings)
        self._settings = settings
        self._person = MadeUpPerson(
            clerk,
            say=say,
            chime=chime,
            print_slip=print_slip,
            open_devices=open_devices,
            close_devices=close_devices,
            clock=clock,
        )
        handlers = self._person.handlers()
        handlers.update(spoken_handlers)
        self.engine = Engine(
            self._new_visit,
            handlers,
            required=frozenset(),
            record=lambda _visit, _at, _event: None,
            clock=clock,
            clock_unix=time.time,
        )
        self._person.join(self.engine)
        self._workers: list[Worker] = []

    def start(self) -> None:
        """Start the threads."""
        for name, work in (("training", self.engine.run), ("made-up person", self._person.run)):
            self._workers.append(Worker(name, work).start())

    def stop(self) -> None:
        """Stop them and close the devices; a visit that is under way is forgotten."""
        for worker in reversed(self._workers):
            worker.stop()

    def _new_visit(self) -> Visit:
        terminal = self._settings.terminal
        return Visit(self._policy, terminal=terminal.id, place=terminal.place)


def training_policy(settings: Settings) -> VisitPolicy:
    """Return the terminal's policy, without what a made-up face cannot show."""
    policy = visit_policy(settings)
    limits = policy.limits
    return replace(
        policy,
        limits=replace(
            limits,
            light=replace(limits.light, mode="off" if limits.light.mode == "off" else "evidence"),
            lips=replace(limits.lips, max_chance=1.0),
        ),
    )


class _NoOp(dict[type, Handler]):
    """Handlers by type of order; an order that nothing is said about is carried out by doing nothing."""

    def __missing__(self, _: type) -> Handler:
        return lambda _order: None


class MadeUpPerson:
    """Handlers of the visit's orders: everything is shown, said and signed as it should be."""

    def __init__(
        self,
        clerk: Clerk,
        *,
        say: Callable[[str, str], None],
        chime: Callable[[], None],
        print_slip: Callable[[Slip], None],
        open_devices: Callable[[], None],
        close_devices: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._clerk = clerk
        self._say = say
        self._chime = chime
        self._print_slip = print_slip
        self._open_devices, self._close_devices = open_devices, close_devices
        self._clock = clock
        self._lock = threading.Lock()
        self._order = count()  # of what is due at the same time
        self._seq = count(1)
        self._due: list[tuple[float, int, Callable[[], e.Event]]] = []
        self._watched, self._good = False, 0
        self._digits: tuple[int, ...] = ()
        self._voice = (0.0, 0.0)
        self._turn: tuple[float, HeadMove] | None = None
        self._signer, self._role = "", Role.CLERK

    def join(self, engine: Engine) -> None:
        """Post to this engine, and see what its shells see."""
        self._engine = engine
        engine.subscribe(self._see)

    def handlers(self) -> dict[type[e.Order], Handler]:
        """Return what carries out each order."""
        return _NoOp(
            {
                e.Attend: lambda _: self._open_devices(),
                e.AwaitCard: lambda _: self._later(CARD_S, lambda: e.CardRead(_CARD)),
                e.Watch: self._watch,
                e.WatchCard: self._watch,
                e.Unwatch: self._unwatch,
                e.TakeChallenge: self._take_challenge,
                e.WindowOpened: self._speak,
                e.Say: self._prompt,
                e.SendPhoneCode: self._send_phone_code,
                e.ProvePhone: self._prove_phone,
                e.RingClerk: self._ring,
                e.CallClerk: lambda _: e.ClerkPresent(self._clerk.number, self._clerk.role, time.time()),
                e.Attest: self._attest,
                e.SignReview: self._sign,
                e.Submit: self._submit,
                e.Print: self._print,
                e.Forget: self._forget,
            }
        )

    def run(self, stop: threading.Event) -> None:
        """Show the face and do what is due, until `stop` is set."""
        while not stop.wait(FRAME_S):
            self.act()
        self._close_devices()

    def act(self) -> None:
        """Post the next frame, and what has become due."""
        now = self._clock()
        if self._watched:
            self._engine.post(self._face(now))
        with self._lock:
            ready = []
            while self._due and self._due[0][0] <= now:
                ready.append(heappop(self._due)[2])
        for make in ready:
            self._engine.post(make())

    # ── orders ───────────────────────────────────────────────────────────────────────────────────

    def _watch(self, order: e.Watch | e.WatchCard) -> None:
        photographed = isinstance(order, e.WatchCard)
        self._watched = not photographed
        self._good = 0
        self._later(1.0, lambda: e.ReferenceReady(photographed))

    def _unwatch(self, _: e.Unwatch) -> None:
        self._watched = False

    def _take_challenge(self, _: e.TakeChallenge) -> e.ChallengeTaken:
        rng = random.SystemRandom()
        self._digits = tuple(rng.sample(range(10), _DIGITS))
        challenge = Challenge(
            id="training", digits=self._digits, gaps_s=(1.2,) * _DIGITS, expires_unix=time.time() + 3600
        )
        return e.ChallengeTaken(challenge)

    def _speak(self, order: e.WindowOpened) -> None:
        """Say the digit that is shown."""
        began, ended = order.at + VOICE[0], order.at + VOICE[1]
        self._voice = (began, ended)
        digit = self._digits[order.window]
        heard = DigitHeard(
            at=ended,
            window=order.window,
            scores=tuple(0.0 if i == digit else -9.0 for i in range(11)),
            began=began,
            ended=ended,
            level_dbfs=-25.0,
            snr_db=25.0,
        )
        self._later(ended - self._clock() + 0.1, lambda: heard)

    def _prompt(self, order: e.Say) -> None:
        self._say(order.prompt, self._engine.language)
        self._later(PROMPT_S, lambda: e.PromptEnded(order.prompt, self._clock()))

    def _ring(self, _: e.RingClerk) -> e.ClerkCallChanged:
        """Sound the chime, and call nobody: who is trained is there."""
        self._chime()
        return e.ClerkCallChanged(ClerkCallState.CALLED, staffed=True)

    def _send_phone_code(self, order: e.SendPhoneCode) -> None:
        """Send nothing, and answer as if a message were on its way."""
        sent = e.PhoneCodeAnswered(request=order.request, status=PhoneCodeStatus.SENT, again_s=60.0)
        self._later(1.0, lambda: sent)

    def _prove_phone(self, order: e.ProvePhone) -> None:
        """Take any code."""
        proved = e.PhoneProofAnswered(request=order.request, status=PhoneProofStatus.PROVED)
        self._later(1.0, lambda: proved)

    def _attest(self, order: e.Attest) -> e.Attested | e.NotAttested:
        """Take any PIN; a second signature must be another number's."""
        if order.role is Role.SUPERVISOR and order.clerk == self._signer:
            return e.NotAttested(Code.STAFF_SAME_PERSON)
        self._signer = order.clerk
        self._role = order.role
        return e.Attested(order.clerk, order.role, time.time())

    def _sign(self, _: e.SignReview) -> e.ReviewSigned:
        return e.ReviewSigned(
            Signature(clerk=self._signer, role=self._role, at_unix=time.time(), signature="")
        )

    def _print(self, order: e.Print) -> None:
        if order.slip.outcome is not Outcome.ABANDONED:  # as in a real visit
            self._print_slip(replace(order.slip, training=True))

    def _submit(self, order: e.Submit) -> e.Stored:
        """Answer as if the request were stored and sent; it is dropped here."""
        receipt = ActivationReceipt(
            id=order.visit, status=RequestStatus.ACTIVATED, credential=SERIAL, at_unix=time.time()
        )
        self._later(1.5, lambda: e.ReceiptArrived(receipt))
        return e.Stored(order.visit)

    def _forget(self, _: e.Forget) -> None:
        with self._lock:
            self._due.clear()
        self._watched, self._turn = False, None
        self._signer, self._role = "", Role.CLERK
        self._close_devices()

    # ── being seen ───────────────────────────────────────────────────────────────────────────────

    def _see(self, notice: e.Notice) -> None:
        if isinstance(notice, e.ShowHeadMove) and notice.move is not None:
            self._turn = (self._clock(), notice.move)

    def _face(self, now: float) -> FaceSeen:
        self._good = min(self._good + 1, 20)
        yaw, pitch = self._pose(now)
        speaks = self._voice[0] - 0.1 <= now <= self._voice[1]
        return FaceSeen(
            at=now,
            seq=next(self._seq),
            faces=1,
            good=True,
            frames_good=self._good,
            track=1,
            likeness=0.8,
            likeness_mean=0.8,
            likeness_first=0.9,
            live=0.9,
            live_median=0.9,
            mouth=0.4 if speaks else 0.02,
            eyes=0.3,
            light=(0.0, 0.0),
            yaw=yaw,
            pitch=pitch,
            roll=0.0,
            stream=_SENSOR,
        )

    def _pose(self, now: float) -> tuple[float, float]:
        """Turn after an arrow was shown, and back again."""
        if self._turn is None:
            return 0.0, 0.0
        at, move = self._turn
        share = max(0.0, min(1.0, (now - at - 0.6) / 0.3, (at + 1.8 - now) / 0.3))
        return _TURNED[move][0] * share, _TURNED[move][1] * share

    def _later(self, seconds: float, make: Callable[[], Any]) -> None:
        """Post the event that `make` returns, unless the visit is forgotten before."""
        with self._lock:
            heappush(self._due, (self._clock() + seconds, next(self._order), make))
