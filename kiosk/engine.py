"""One inbox, one clock, one visit: everything that happens is taken here, by one thread.

The visit decides; the engine carries its orders out through plain callables (`Hands`) and tells the shells.
A bug of ours ends the visit, not the engine; three within ten minutes take the terminal out of service.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Slip, Stage
from kiosk.visit.visit import Visit

log = logging.getLogger(__name__)

BUGS_ALLOWED = 3
BUGS_WITHIN_S = 600.0
GLANCE_S = 0.2
"""How soon the thread sees that it is to stop."""
_NOTICES = (
    e.Show,
    e.ShowDigit,
    e.ShowLight,
    e.ShowHeard,
    e.ShowGain,
    e.ShowHeadMove,
    e.ShowDigits,
    e.AskSignature,
    e.ShowCase,
    e.Coach,
    e.Say,
    e.Print,
    e.NotPrinted,
    e.Forget,
    e.Finished,
    e.OutOfService,
)


class Hands(Struct, frozen=True):
    """What the orders do; every callable returns at once (`submit` after the commit, some milliseconds)."""

    attend: Callable[[], None]
    await_card: Callable[[], None]
    ignore_card: Callable[[], None]
    watch: Callable[[bytes | None], None]
    watch_card: Callable[[], None]
    unwatch: Callable[[], None]
    keep_face: Callable[[], None]
    take_challenge: Callable[[], e.Event]
    say: Callable[[str, str], None]  # prompt, language
    listen: Callable[[int], None]
    window: Callable[[e.WindowOpened], None]
    stop_listening: Callable[[], None]
    submit: Callable[[e.Submit], e.Event]
    print: Callable[[Slip], None]
    forget: Callable[[], None]
    record: Callable[[str, float, e.Event], None]  # visit, at, what was fed
    close_record: Callable[[e.Finished], None]
    call_clerk: Callable[[], e.Event] = e.ClerkAbsent
    attest: Callable[[e.Attest], e.Event | None] = lambda _: e.NotAttested(Code.STAFF_REFUSED)


class Engine:
    """See `kiosk.ports.Engine`; `run` is the work of the thread "engine"."""

    def __init__(
        self,
        new_visit: Callable[[], Visit],
        hands: Hands,
        required: frozenset[Device],
        clock: Callable[[], float],
    ) -> None:
        self._new_visit = new_visit
        self._hands = hands
        self._clock = clock
        self._inbox: queue.SimpleQueue[e.Event | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[e.Notice], None]] = []
        self._standing: dict[type, e.Notice] = {}  # what a late listener has to know
        self._telling = threading.RLock()
        self._visit: Visit | None = None
        self._language = ""
        self._required = required
        self._faults: dict[Device, Code] = dict.fromkeys(required, Code.STARTING)
        self._heard: dict[Device, Code] = dict(self._faults)
        self._microphone_dbfs: float | None = None
        self._bugs: deque[float] = deque(maxlen=BUGS_ALLOWED)
        self._doing: dict[type, Callable[[Any], e.Event | None]] = {
            e.Attend: lambda _: hands.attend(),
            e.AwaitCard: lambda _: hands.await_card(),
            e.IgnoreCard: lambda _: hands.ignore_card(),
            e.Watch: lambda order: hands.watch(order.portrait),
            e.WatchCard: lambda _: hands.watch_card(),
            e.Unwatch: lambda _: hands.unwatch(),
            e.KeepFace: lambda _: hands.keep_face(),
            e.TakeChallenge: lambda _: hands.take_challenge(),
            e.Say: lambda order: hands.say(order.prompt, self._language),
            e.Listen: lambda order: hands.listen(order.count),
            e.WindowOpened: hands.window,
            e.StopListening: lambda _: hands.stop_listening(),
            e.CallClerk: lambda _: hands.call_clerk(),
            e.Attest: hands.attest,
            e.Submit: hands.submit,
            e.Print: self._print,
            e.ShowGain: self._note_gain,
            e.Forget: lambda _: hands.forget(),
            e.Finished: hands.close_record,
        }

    # ── for everybody ────────────────────────────────────────────────────────────────────────────

    def post(self, event: e.Event) -> None:
        """Put an event into the inbox; from any thread; never blocks."""
        self._inbox.put(event)

    def subscribe(self, listener: Callable[[e.Notice], None]) -> None:
        """`listener` is called with each notice and must return at once; first with the present screen."""
        with self._telling:
            self._listeners.append(listener)
            for notice in self._standing.values():
                _give(listener, notice)

    @property
    def devices(self) -> dict[Device, Code]:
        """What was last heard of each device, also of those that a visit can do without."""
        return dict(self._heard)

    @property
    def microphone_dbfs(self) -> float | None:
        """How loud the last customer was, if there was anything to say about it."""
        return self._microphone_dbfs

    @property
    def serving(self) -> bool:
        """Is a customer's visit going on."""
        return self._visit is not None

    def worker_died(self, name: str, _: Exception) -> None:
        """A thread of ours is gone; without it nothing can be promised."""
        log.error("out of service: worker %s is gone", name)
        self.post(e.DeviceFailed(Device.MODELS, Code.INTERNAL))

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def run(self, stop: threading.Event) -> None:
        """Take events until `stop` is set (and any event, or 0.2 s, comes)."""
        self._tell_service()
        while not stop.is_set():
            event = self._next(GLANCE_S)
            if event is not None:
                self._take(event)
        if self._visit is not None:
            self._hands.forget()

    def turn(self) -> None:
        """Take what has come by now, and the visit's deadline if it is over: for whoever makes the time."""
        while (event := self._next(0.0)) is not None:
            self._take(event)

    @property
    def deadline(self) -> float | None:
        """When the visit wants to hear that time has passed."""
        return self._visit.deadline if self._visit else None

    def _next(self, patience_s: float) -> e.Event | None:
        """The next event; TimePassed when the visit's deadline came before one."""
        deadline = self.deadline
        wait = patience_s if deadline is None else min(patience_s, max(0.0, deadline - self._clock()))
        try:
            return self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait()
        except queue.Empty:
            due = deadline is not None and self._clock() >= deadline
            return e.TimePassed() if due else None

    def _take(self, event: e.Event) -> None:
        try:
            if isinstance(event, e.DeviceReady | e.DeviceFailed):
                self._note_device(event)
            self._feed(event)
        except Exception:
            log.exception("a bug ended the visit; event %s", type(event).__name__)
            self._after_bug()

    def _feed(self, event: e.Event) -> None:
        """Feed the visit, carry out its orders, and feed what comes back from them."""
        if self._visit is None and not self._begin(event):
            return
        waiting = deque([event])
        while waiting and self._visit is not None:
            fed = waiting.popleft()
            at = self._clock()
            self._note_language(fed)
            self._hands.record(self._visit.number or getattr(fed, "visit", ""), at, fed)
            waiting.extend(self._carry_out(self._visit.feed(fed, at)))

    def _begin(self, event: e.Event) -> bool:
        if not isinstance(event, e.Began) or self._faults:
            return False
        self._visit = self._new_visit()
        self._language = event.language
        return True

    def _note_language(self, event: e.Event) -> None:
        """The language may be changed until the consent is given, and is spoken from then on."""
        if isinstance(event, e.Agreed):
            self._language = event.language

    def _carry_out(self, orders: list[e.Order]) -> list[e.Event]:
        """Do what was ordered; the events that came of it at once."""
        came: list[e.Event] = []
        for order in orders:
            if isinstance(order, _NOTICES):
                self._tell(order)
            do = self._doing.get(type(order))
            event = do(order) if do else None
            if event is not None:
                came.append(event)
        if self._visit is not None and self._visit.over:
            self._visit = None
            self._tell_service()
        return came

    def _print(self, order: e.Print) -> None:
        if order.slip.outcome is not Outcome.ABANDONED:
            self._hands.print(order.slip)

    def _note_gain(self, order: e.ShowGain) -> None:
        """For the device list behind the counter; the microphone stays in service."""
        self._heard[Device.MICROPHONE] = order.code
        self._microphone_dbfs = order.level_dbfs

    # ── in and out of service ────────────────────────────────────────────────────────────────────

    def _note_device(self, event: e.DeviceReady | e.DeviceFailed) -> None:
        self._heard[event.device] = event.code if isinstance(event, e.DeviceFailed) else Code.OK
        if event.device not in self._required:
            return
        before = dict(self._faults)
        if isinstance(event, e.DeviceReady):
            self._faults.pop(event.device, None)
        else:
            self._faults[event.device] = event.code
        if self._faults != before and self._visit is None:
            self._tell_service()

    def _tell_service(self) -> None:
        # What is known to be missing comes before what is only not there yet: the first is told in words.
        faults = sorted(self._faults.items(), key=lambda fault: (fault[1] is Code.STARTING, fault[0]))
        missing = tuple(e.DeviceFailed(d, c) for d, c in faults)
        self._tell(e.OutOfService(missing))
        if missing:
            self._tell(e.Show(Stage.OUT_OF_SERVICE, missing[0].code))
        else:
            self._tell(e.Show(Stage.IDLE))

    def _after_bug(self) -> None:
        now = self._clock()
        self._bugs.append(now)
        if len(self._bugs) == BUGS_ALLOWED and now - self._bugs[0] < BUGS_WITHIN_S:
            self._faults[Device.MODELS] = Code.INTERNAL
        visit = self._visit
        try:
            if visit is not None:
                self._carry_out(visit.fail(now))
        except Exception:
            log.exception("a bug while ending the visit")
            self._visit = None
            self._hands.forget()
            self._tell_service()

    def _tell(self, notice: e.Notice) -> None:
        with self._telling:
            if isinstance(notice, e.Show | e.OutOfService):
                self._standing[type(notice)] = notice
            for listener in self._listeners:
                _give(listener, notice)


def _give(listener: Callable[[e.Notice], None], notice: e.Notice) -> None:
    """A shell that fails stops neither the engine nor the other shells."""
    try:
        listener(notice)
    except Exception:
        log.exception("a shell failed at %s", type(notice).__name__)
