"""A shell without a window: for tests, long runs and machines without Qt.

It paints nothing, but answers like the window: a digit counts as painted at once, and touches (`press`,
`type`) become the events that the window's buttons post. Simulation only: consent needs a screen.
"""

import threading
import time
from collections.abc import Callable

from kiosk import events as e
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import Language, Purpose, Stage
from kiosk.phrases import load
from kiosk.ports import Engine
from kiosk.visit.rules import typed_input
from kiosk.visit_number import new_visit_number
from kiosk.worker import Worker

PHRASES = load(Language.ZH_HANS)
"""Who touches this window agrees to the text that the other one shows."""


class Headless:
    """Subscribes to the engine; `press` and `type` may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        *,
        simulated: bool,
        keep_picture: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Subscribe to the engine. `keep_picture`: ask whether one may be kept.

        Raises SettingsError(SETTINGS_SIMULATION_ONLY).
        """
        if not simulated:
            raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, "a terminal without a window")
        self._engine = engine
        self._clock = clock
        self._stage = Stage.OUT_OF_SERVICE
        self._keep_picture = keep_picture
        self._agreed, self._purpose, self._wants_password = False, Purpose.OPEN, True
        self._sends: bool | None = None  # the answer about the picture that is sent
        self._pages: list[str] = []
        self._text = ""
        self._light_sequence = 0  # number of the colour sequence that is shown
        engine.subscribe(self.see)

    def see(self, notice: e.Notice) -> None:
        """React to a notice of the engine."""
        if isinstance(notice, e.Show):
            self._stage, self._agreed, self._purpose = notice.stage, False, notice.purpose
            self._wants_password, self._sends = notice.wants_password, None
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
        is_answer = self._sends is not None and name in ("agree_picture", "decline_picture")
        return event is not None or is_answer or name in ("agree", "key_next", "other_matter")

    def type(self, text: str) -> None:
        """Type digits on the keypad."""
        self._text += text

    def _event_of(self, name: str) -> e.Event | None:
        if name in ("begin", "begin_unhurried") and self._stage is Stage.IDLE:
            return e.Began(
                visit=new_visit_number(),
                language=PHRASES.language,
                unhurried=name == "begin_unhurried",
            )
        if name.startswith("matter_") and self._stage is Stage.IDLE:
            return e.Began(
                visit=new_visit_number(),
                language=PHRASES.language,
                at_unix=time.time(),
                purpose=Purpose(name.removeprefix("matter_")),
            )
        if self._stage is Stage.CONSENT:
            return self._consent(name)
        if self._stage is Stage.GUARDIAN and name == "agree_guardian":
            return e.GuardianAgreed(PHRASES.language, PHRASES.guardian_consent_sha256(self._purpose))
        if name == "key_next" and self._stage is Stage.PHONE:
            return self._next_page()
        if name == "confirm" and self._stage is Stage.CONFIRM:
            return e.Confirmed()
        if name == "key_next" and self._stage is Stage.PHONE_CODE:
            typed, self._text = self._text, ""
            return e.PhoneCodeTyped(typed)
        plain: dict[str, e.Event] = {
            "cancel": e.Cancelled(),
            "help": e.HelpWanted(),
            "help_go_on": e.HelpEnded(),
            "help_leave": e.Cancelled(),
            "dismiss": e.Dismissed(),
            "phone_code_again": e.PhoneCodeWanted(),
            "phone_code_change": e.PhoneChangeWanted(),
            "phone_code_skip": e.PhoneCodeSkipped(),
        }
        return plain.get(name)

    def _consent(self, name: str) -> e.Event | None:
        if name == "decline":
            return e.Declined()
        if name == "agree_clerk":
            return e.Agreed(PHRASES.language, PHRASES.clerk_consent_sha256(self._purpose), picture=False)
        if name == "agree" and not self._purpose.has_password:
            return e.Agreed(PHRASES.language, PHRASES.consent_sha256(self._purpose), picture=False)
        if name == "agree":
            self._agreed = True
        if self._agreed and name in ("agree_picture", "decline_picture"):
            self._sends = name == "agree_picture"
            is_last = not (self._keep_picture and self._purpose.gives_credential)
            return e.Agreed(PHRASES.language, PHRASES.consent_sha256(), self._sends) if is_last else None
        if self._sends is not None and name in ("agree_keep", "decline_keep"):
            kept = PHRASES.keep_consent_sha256() if name == "agree_keep" else ""
            return e.Agreed(PHRASES.language, PHRASES.consent_sha256(), self._sends, kept)
        return e.Cancelled() if name == "cancel" else None

    def _next_page(self) -> e.Event | None:
        self._pages.append(self._text)
        self._text = ""
        if not self._wants_password:
            phone = self._pages.pop()
            fault = typed_input.phone_fault(phone)
            return e.Typed(phone=phone, password=None, faults=(fault,) if fault else ())
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
