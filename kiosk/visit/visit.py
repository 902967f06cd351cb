"""One customer's visit: fed with events, it returns orders. No thread, clock, file, network or randomness.

    orders = visit.feed(event, at)      # `at` on the capture clock
    visit.deadline                      # feed TimePassed at this time, if nothing came before; None: never

Everything that it decides depends on the events alone, so feeding a log back replays the visit.
`kiosk.visit.handlers` says which function handles which event; `kiosk.visit.state` holds what is known.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import FaceSeen, Outcome, Stage
from kiosk.visit.handlers import HANDLERS, WAITING
from kiosk.visit.stages import submit, timing
from kiosk.visit.state import Orders, VisitState


class Visit(VisitState):
    """From the first touch to the last screen."""

    def feed(self, event: e.Event, at: float) -> Orders:
        """Return the orders that follow from `event`; none if it does not matter in this stage."""
        self._note(event)
        handlers = HANDLERS[self.stage] if self.help is None else WAITING
        handler = handlers.get(type(event))
        if handler is None or self.over:
            return []
        if isinstance(event, e.TimePassed) and (self.deadline is None or at < self.deadline):
            return []
        self.at = at
        if isinstance(event, e.TimePassed) and self.will_ask:
            return timing.ask(self)
        return self._call_off(handler(self, event))

    def _call_off(self, orders: Orders) -> Orders:
        """Add the end of the clerk's call, once nothing waits for them any more."""
        awaited = self.review_case is not None and not self.review_case.clerk
        awaited |= self.called_at_end and not self.over
        if not self.ringing or self.help is not None or awaited:
            return orders
        self.ringing = False
        return [*orders, e.EndClerkCall()]

    def _note(self, event: e.Event) -> None:
        """Keep what must be known later, whatever the stage: failed devices, ended prompts, the stream."""
        if isinstance(event, e.DeviceFailed):
            self.gone[event.device] = event.code
        elif isinstance(event, e.DeviceReady):
            self.gone.pop(event.device, None)
        elif isinstance(event, e.PromptEnded) and event.prompt.startswith("digits"):
            self.prompts_due = max(0, self.prompts_due - 1)
        elif isinstance(event, e.SlowDown):
            self.slowed = True
        elif isinstance(event, FaceSeen):
            self.stream = event.stream

    def fail(self, at: float) -> Orders:
        """End the visit after a bug of the program, with the true state of the request."""
        self.at = at
        if self.stage in (Stage.IDLE, Stage.OUTCOME) or self.over:
            return submit.dismissed(self, e.Dismissed())
        if self.stored:
            return self._call_off(self.end(Outcome.ACCEPTED, Code.INTERNAL_PROMISED))
        return self._call_off(self.end(Outcome.REFERRED, Code.INTERNAL))
