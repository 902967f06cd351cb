"""Take events from one inbox on one thread, feed them to the visit and carry out the visit's orders.

Theory of operation: everything that happens becomes an event in one queue, and one thread takes them out, so
the visit needs no locks and a recorded visit can be replayed. The visit decides; each order goes to the
handler of its type, and an order that is also a notice goes to the shells first. What a handler returns is
fed to the visit before the next event of the inbox. A handler must return at once: slow work belongs to
another thread, which posts its result.

A bug ends the visit, not the engine: the visit fails with the truth about its request. Three bugs within ten
minutes take the terminal out of service.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, FaceSeen, Stage
from kiosk.visit.visit import Visit

log = logging.getLogger(__name__)

BUGS_ALLOWED = 3
BUGS_WITHIN_S = 600.0
NOT_SPOKEN_INTO = frozenset({Stage.DIGITS, Stage.HEAD})
"""Challenges that begin when their prompt has been spoken: nothing else may be said into them."""
STOP_CHECK_S = 0.2
"""How soon the thread notices that it is to stop."""

Handler = Callable[[Any], e.Event | None]
"""Carries out an order of one type on the engine's thread; returns an event for the visit, or None."""


def without_order(function: Callable[[], e.Event | None]) -> Handler:
    """Return a handler for an order that carries nothing."""
    return lambda _: function()


class Engine:
    """See `kiosk.ports.Engine`; `run` is the work of the thread "engine"."""

    def __init__(
        self,
        new_visit: Callable[[], Visit],
        handlers: Mapping[type[e.Order], Handler],
        *,
        required: frozenset[Device],
        record: Callable[[str, float, e.Event], None],
        clock: Callable[[], float],
        clock_unix: Callable[[], float],
    ) -> None:
        """`handlers` must hold every order that is not a notice once all that is `required` is ready.

        No visit begins while something required is missing. `record` gets visit number, time and event before
        the visit is fed. `clock_unix` dates its beginning.
        """
        self._new_visit = new_visit
        self._handlers = handlers
        self._record = record
        self._clock = clock
        self._clock_unix = clock_unix
        self._inbox: queue.SimpleQueue[e.Event | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[e.Notice], None]] = []
        self._standing: dict[type, e.Notice] = {}  # what a late listener has to know
        self._notifying = threading.RLock()
        self._visit: Visit | None = None
        self._language = ""
        self._called = False  # the clerk, since the last visit
        self._required = required
        self._faults: dict[Device, Code] = dict.fromkeys(required, Code.STARTING)
        self._devices: dict[Device, Code] = dict(self._faults)
        self._out: tuple[Code, float] | None = (Code.STARTING, clock_unix())
        self._microphone_dbfs: float | None = None
        self._bugs: deque[float] = deque(maxlen=BUGS_ALLOWED)
        self._last_turn = float("-inf")

    # ── for any thread ───────────────────────────────────────────────────────────────────────────

    def post(self, event: e.Event) -> None:
        """Put an event into the inbox; never blocks."""
        self._inbox.put(event)

    def subscribe(self, listener: Callable[[e.Notice], None]) -> None:
        """Call `listener` with each notice, first with the present screen; it must return at once."""
        with self._notifying:
            self._listeners.append(listener)
            for notice in self._standing.values():
                _notify(listener, notice)

    @property
    def devices(self) -> dict[Device, Code]:
        """The last state of each device, also of those that a visit can do without."""
        return dict(self._devices)

    @property
    def out_of_service(self) -> tuple[Code, float] | None:
        """Why a visit could not begin now, and since when (seconds since 1970); None: one could."""
        return self._out

    @property
    def microphone_dbfs(self) -> float | None:
        """Level of the last customer's voice, if it was too low or too high."""
        return self._microphone_dbfs

    @property
    def serving(self) -> bool:
        """Whether a customer's visit is going on."""
        return self._visit is not None

    @property
    def language(self) -> str:
        """Language of the present visit, in which prompts are spoken."""
        return self._language

    @property
    def unhurried(self) -> bool:
        """Whether the present visit is at the slow pace, in which prompts are spoken more slowly too."""
        return self._visit is not None and self._visit.unhurried

    @property
    def last_turn(self) -> float:
        """When the engine's thread last looked for an event, by its clock; it does so every 0.2 s."""
        return self._last_turn

    def worker_died(self, name: str, _: Exception) -> None:
        """Take the terminal out of service: without one of its threads it can promise nothing."""
        log.error("out of service: worker %s is gone", name)
        self.post(e.DeviceFailed(Device.MODELS, Code.INTERNAL))

    # ── the engine's thread ──────────────────────────────────────────────────────────────────────

    def run(self, stop: threading.Event) -> None:
        """Take events until `stop` is set (and any event, or 0.2 s, comes)."""
        self._notify_service()
        while not stop.is_set():
            self._last_turn = self._clock()
            event = self._next(STOP_CHECK_S)
            if event is not None:
                self._take(event)
        if self._visit is not None:
            self._handlers[e.Forget](e.Forget())

    def process_pending(self) -> None:
        """Take what has come by now, and the visit's deadline if it is over: for simulated time."""
        while (event := self._next(0.0)) is not None:
            self._take(event)

    @property
    def deadline(self) -> float | None:
        """When the visit wants to be fed TimePassed."""
        return self._visit.deadline if self._visit else None

    def _next(self, patience_s: float) -> e.Event | None:
        """Return the next event; TimePassed when the visit's deadline came before one."""
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
            if isinstance(event, FaceSeen):
                self._note_orientation(event)
            if isinstance(event, e.Spoken):
                self._pass_on(event)
            else:
                self._feed(event)
        except Exception:
            log.exception("a bug ended the visit; event %s", type(event).__name__)
            self._after_bug()

    def _feed(self, event: e.Event) -> None:
        """Feed the visit, carry out its orders, and feed the events that come of them."""
        if self._visit is None:
            self._help_without_visit(event)
            if not isinstance(event, e.Began) or self._faults:
                return
            event = replace(event, at_unix=self._clock_unix())
            self._visit = self._new_visit()
            self._called = False
            self._language = event.language
        waiting = deque([event])
        while waiting and self._visit is not None:
            fed = waiting.popleft()
            at = self._clock()
            if isinstance(fed, e.Agreed):  # it may have been changed until the consent was given
                self._language = fed.language
            self._record(self._visit.number or getattr(fed, "visit", ""), at, fed)
            waiting.extend(self._carry_out(self._visit.feed(fed, at)))

    def _pass_on(self, wish: e.Spoken) -> None:
        """Let the loudspeaker do what the shell wants, unless it would speak into a challenge."""
        visit = self._visit
        listens = visit is not None and visit.help is None and visit.stage in NOT_SPOKEN_INTO
        handler = self._handlers.get(type(wish))
        if handler is not None and not (listens and isinstance(wish, e.ReadAloud | e.SoundChosen)):
            handler(wish)

    def _help_without_visit(self, event: e.Event) -> None:
        """Call the clerk while nobody is served, and tell what became of it."""
        if isinstance(event, e.HelpWanted):
            self._called = True
            event = self._handlers[e.RingClerk](e.RingClerk()) or event
        if isinstance(event, e.ClerkCallChanged) and self._called:
            self._notify(e.ShowHelp(call=event.call))

    def _carry_out(self, orders: list[e.Order]) -> list[e.Event]:
        """Return the events that came of the orders at once. Raises KeyError for an order without handler."""
        events = []
        for order in orders:
            if isinstance(order, e.Notice):
                self._notify(order)
                handler = self._handlers.get(type(order))
            else:
                handler = self._handlers[type(order)]
            event = handler(order) if handler else None
            if event is not None:
                events.append(event)
        if self._visit is not None and self._visit.over:
            self._visit = None
            self._notify_service()
        return events

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
            self._handlers[e.Forget](e.Forget())
            self._notify_service()

    # ── in and out of service ────────────────────────────────────────────────────────────────────

    def _note_device(self, event: e.DeviceReady | e.DeviceFailed) -> None:
        code = event.code if isinstance(event, e.DeviceFailed) else Code.OK
        if self._devices.get(event.device) is not code:
            level = logging.INFO if code in (Code.OK, Code.STARTING) else logging.WARNING
            log.log(level, "%s: %s", event.device, code)
        self._devices[event.device] = code
        if event.device not in self._required:
            return
        before = dict(self._faults)
        if isinstance(event, e.DeviceReady):
            self._faults.pop(event.device, None)
        else:
            self._faults[event.device] = event.code
        if self._faults != before and self._visit is None:
            self._notify_service()

    def _note_orientation(self, seen: FaceSeen) -> None:
        """Note for staff that the camera is mounted wrongly; it is not lost, and only a face shows it."""
        before = self._devices.get(Device.CAMERA)
        if seen.hint is Code.CAMERA_TURNED and before is not Code.CAMERA_TURNED:
            log.warning("%s: %s", Device.CAMERA, seen.hint)
            self._devices[Device.CAMERA] = seen.hint
        elif seen.good and before is Code.CAMERA_TURNED:
            self._devices[Device.CAMERA] = Code.OK

    def _notify_service(self) -> None:
        # What is known to be missing comes before what is only not there yet: the first is shown in words.
        faults = sorted(self._faults.items(), key=lambda fault: (fault[1] is Code.STARTING, fault[0]))
        missing = tuple(e.DeviceFailed(device, code) for device, code in faults)
        since_unix = self._out[1] if self._out else self._clock_unix()
        self._out = (missing[0].code, since_unix) if missing else None
        self._notify(e.OutOfService(missing))
        self._notify(
            e.Show(stage=Stage.OUT_OF_SERVICE, code=missing[0].code) if missing else e.Show(stage=Stage.IDLE)
        )

    def _notify(self, notice: e.Notice) -> None:
        if isinstance(notice, e.ShowGain):  # for staff's list of devices; the microphone stays in service
            self._devices[Device.MICROPHONE] = notice.code
            self._microphone_dbfs = notice.level_dbfs
        with self._notifying:
            if isinstance(notice, e.Show | e.OutOfService):
                self._standing[type(notice)] = notice
            for listener in self._listeners:
                _notify(listener, notice)


def _notify(listener: Callable[[e.Notice], None], notice: e.Notice) -> None:
    """Call one listener: a shell that fails stops neither the engine nor the other shells."""
    try:
        listener(notice)
    except Exception:
        log.exception("a shell failed at %s", type(notice).__name__)
