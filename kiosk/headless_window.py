"""A shell without a window: for tests, long runs and machines without Qt.

It paints nothing, but answers like the window: a digit counts as painted at once, and touches (`press`,
`type`) become the events that the window's buttons post. Simulation only: consent needs a screen.
"""

import threading
import time
from collections.abc import Callable
from hashlib import sha256

from kiosk import events as e
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import Language, Stage
from kiosk.ports import Engine
from kiosk.visit.rules import typed_input
from kiosk.visit_number import new_visit_number
from kiosk.worker import Worker

NO_TEXT_SHA256 = sha256(b"no text was shown").hexdigest()
"""The hash of the consent text in simulated visits without a screen."""


class Headless:
    """Subscribes to the engine; `press` and `type` may be called from any thread."""

    def __init__(
        self, engine: Engine, *, simulated: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Subscribe to the engine. Raises SettingsError(SETTINGS_SIMULATION_ONLY)."""
        if not simulated:
            raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, "a terminal without a window")
        self._engine = engine
        self._clock = clock
        self._stage = Stage.OUT_OF_SERVICE
        self._agreed = False
        self._pages: list[str] = []
        self._text = ""
        self._light_sequence = 0  # number of the colour sequence that is shown
        engine.subscribe(self.see)

    def see(self, notice: e.Notice) -> None:
        """React to a notice of the engine."""
        if isinstance(notice, e.Show):
            self._stage, self._agreed = notice.stage, False
            self._pages, self._text = [], ""
            self._light_sequence += 1
        elif isinstance(notice, e.ShowDigit):
            self._engine.post(e.DigitShown(notice.window, self._clock()))
        elif isinstance(notice, e.ShowLight):
            self._show_light(notice.colours, notice.hold_s)

    def _show_light(self, colours: str, hold_s: float) -> None:
        """Post each colour as painted at its time, until another stage comes."""
        self._light_sequence += 1
        mine, began = self._light_sequence, self._clock()

        def play(_: threading.Event) -> None:
            for step in range(len(colours)):
                time.sleep(max(0.0, began + step * hold_s - self._clock()))
                if mine != self._light_sequence:
                    return
                self._engine.post(e.LightShown(step, self._clock()))

        Worker("light", play).start()

    def press(self, name: str) -> bool:
        """Touch a button; return False if the present screen has none of that name."""
        event = self._event_of(name)
        if event is not None:
            self._engine.post(event)
        return event is not None or name in ("agree", "key_next")

    def type(self, text: str) -> None:
        """Type digits on the keypad."""
        self._text += text

    def _event_of(self, name: str) -> e.Event | None:
        if name in ("begin", "begin_unhurried") and self._stage is Stage.IDLE:
            return e.Began(
                visit=new_visit_number(),
                language=Language.ZH_HANS,
                at_unix=time.time(),
                unhurried=name == "begin_unhurried",
            )
        if self._stage is Stage.CONSENT:
            return self._consent(name)
        if self._stage is Stage.GUARDIAN and name == "agree_guardian":
            return e.GuardianAgreed(Language.ZH_HANS, NO_TEXT_SHA256)
        if name == "key_next" and self._stage is Stage.PHONE:
            return self._next_page()
        plain: dict[str, e.Event] = {
            "cancel": e.Cancelled(),
            "help": e.HelpWanted(),
            "dismiss": e.Dismissed(),
        }
        return plain.get(name)

    def _consent(self, name: str) -> e.Event | None:
        if name == "decline":
            return e.Declined()
        if name == "agree":
            self._agreed = True
        if self._agreed and name in ("agree_picture", "decline_picture"):
            return e.Agreed(Language.ZH_HANS, NO_TEXT_SHA256, picture=name == "agree_picture")
        return e.Cancelled() if name == "cancel" else None

    def _next_page(self) -> e.Event | None:
        self._pages.append(self._text)
        self._text = ""
        if len(self._pages) < 3:
            return None
        phone, password, again = self._pages
        self._pages = []
        faults = (
            typed_input.phone_fault(phone),
            typed_input.password_fault(password),
            typed_input.repeat_fault(password, again),
        )
        return e.Typed(phone=phone, password=password, faults=tuple(f for f in faults if f))
