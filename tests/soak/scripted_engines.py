"""Face watcher, listener and announcer without pictures and sound: they report what the script says.

They have the methods of `FaceWatcher`, `Listener` and `Announcer`, and the times of real engines: mouths open
with voices, faces follow the light, heads follow arrows.
"""

from kiosk import events as e
from kiosk.model import DigitHeard

FRAME_S = 0.14
PROMPT_S = 1.5
DECODED_S = 0.4
HEARD_S = 0.2
"""Seconds from the end of an utterance until it is recognised."""


class ScriptedFaceWatcher:
    def __init__(self, agenda, owner, post, simulation) -> None:
        self._agenda, self._owner, self._post, self._simulation = agenda, owner, post, simulation
        self._watching = 0  # which watch is on; 0: none
        self._watches = 0

    def watch(self, portrait: bytes | None) -> None:
        self._watches += 1
        mine = self._watching = self._watches
        customer = self._simulation.customer
        customer.looked_at()
        if portrait is not None:
            self._agenda.after(DECODED_S, self._owner, lambda: self._decoded(mine))
        self._agenda.after(FRAME_S, self._owner, lambda: self._frame(mine))

    def watch_card(self, number: str) -> None:
        raise AssertionError("portraits are decoded here")

    def unwatch(self) -> None:
        self._watching = 0

    def forget(self) -> None:
        self.unwatch()

    def keep_face(self) -> None:
        pass

    def picture(self) -> bytes:
        return b"\xff\xd8" + bytes(9000) + b"\xff\xd9"

    def pair(self):
        return None, None

    def _decoded(self, mine: int) -> None:
        if mine == self._watching:
            self._post(e.ReferenceReady())

    def _frame(self, mine: int) -> None:
        if mine != self._watching:
            return
        if not self._simulation.device_states.broken & {"camera"}:
            self._post(self._simulation.customer.face())
        self._agenda.after(FRAME_S, self._owner, lambda: self._frame(mine))


class ScriptedListener:
    def __init__(self, agenda, owner, post, simulation) -> None:
        self._agenda, self._owner, self._post, self._simulation = agenda, owner, post, simulation
        self._listening = 0
        self._listens = 0

    def listen(self, count: int) -> None:
        self._listens += 1
        self._listening = self._listens

    def open_window(self, opened: e.WindowOpened) -> None:
        mine = self._listening
        said = self._simulation.customer.says(opened.window, opened.at)
        now = self._agenda.clock.monotonic()
        if said is None:
            heard = DigitHeard(at=max(now, opened.closes), window=opened.window)
            self._agenda.at(heard.at, self._owner, lambda: self._tell(mine, heard))
            return
        began, ended, scores = said
        heard = DigitHeard(
            at=ended + HEARD_S,
            window=opened.window,
            scores=scores,
            began=began,
            ended=ended,
            level_dbfs=-24.0,
            snr_db=24.0,
            pitch_hz=150.0,
            floor_dbfs=-60.0,
        )
        self._agenda.at(heard.at, self._owner, lambda: self._tell(mine, heard))

    def stop(self) -> None:
        self._listening = 0

    def forget(self) -> None:
        self.stop()

    def feed(self, block) -> None:
        pass

    def level_dbfs(self) -> float:
        return -60.0

    def _tell(self, mine: int, heard: DigitHeard) -> None:
        if mine == self._listening and "microphone" not in self._simulation.device_states.broken:
            self._post(heard)


class ScriptedAnnouncer:
    """Speaks one prompt after the other, like the real announcer."""

    def __init__(self, agenda, owner, post) -> None:
        self._agenda, self._owner, self._post = agenda, owner, post
        self._free_at = 0.0

    def say(self, prompt: str, language: str, *, unhurried: bool = False) -> None:
        self._free_at = max(self._free_at, self._agenda.clock.monotonic()) + PROMPT_S
        ends = self._free_at
        self._agenda.at(ends, self._owner, lambda: self._post(e.PromptEnded(prompt, ends)))

    def read(self, clips, language: str, *, unhurried: bool = False) -> None:
        """Read no page: nobody listens."""

    def stop_reading(self) -> None:
        """Do nothing."""

    def choose_sound(self, steps: int, voice: str, language: str = "") -> None:
        """Do nothing."""
