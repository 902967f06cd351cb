"""The terminal as `kiosk.bootstrap` builds it, without its threads.

What has a thread there has entries on the agenda here: supervisors, delivery worker, checks of disk and
clock, printer. Face watcher, listener and announcer are those of `scripted_engines`.
"""

import threading
from importlib.metadata import version

from kiosk import events as e
from kiosk.audit.facts import start_facts
from kiosk.audit.record import RecordKind
from kiosk.bootstrap import Terminal
from kiosk.capture.feed import MicrophoneFeed
from kiosk.capture.supervisor import Supervisor
from kiosk.errors import KioskError
from kiosk.model import Device
from kiosk.settings import Settings
from tests.soak import devices
from tests.soak.clock import Owner
from tests.soak.scripted_engines import ScriptedAnnouncer, ScriptedFaceWatcher, ScriptedListener

CAMERA_S, SOUND_S, LOOK_S, POLL_S = 1.0, 10.0, 20.0, 0.4
"""Seconds between two frames, checks of the microphone, of an unused device, of the card reader."""
READY_S = 20.0
_DRIVERS = {
    "camera": devices.Camera,
    "microphone": devices.Microphone,
    "card_reader": devices.Reader,
    "printer": devices.Printer,
    "speaker": devices.Speaker,
}


class SoakTerminal(Terminal, Owner):
    """`open` switches it on, `close` off."""

    def __init__(self, settings: Settings, simulation) -> None:
        Owner.__init__(self)
        self._simulation = simulation
        self._agenda = simulation.agenda
        self._courier_due: Owner = Owner()
        self._ready_told: list[e.Event] = []
        Terminal.__init__(
            self,
            settings,
            clock=simulation.clock.monotonic,
            clock_unix=simulation.clock.unix,
            clock_boot=simulation.clock.monotonic,
        )

    def _driver(self, port: str):
        made = _DRIVERS.get(port)
        return super()._driver(port) if made is None else made(self._simulation.device_states)

    def _make_devices(self) -> None:
        super()._make_devices()
        post = self.engine.post
        self._announcer = ScriptedAnnouncer(self._agenda, self, post)
        self._card_watcher._poll_s = self._card_watcher._idle_poll_s = 0.0
        self._microphone_feed = MicrophoneFeed(self._driver("microphone"), self._hear, check_s=0.0)
        self._supervisors["microphone"] = Supervisor(Device.MICROPHONE, self._microphone_feed, post)

    def _load_models(self) -> None:
        post = self.engine.post
        self._connect_engines(
            ScriptedFaceWatcher(self._agenda, self, post, self._simulation),
            ScriptedListener(self._agenda, self, post, self._simulation),
        )
        self._versions["script"] = "1"
        self.activation.add_versions(self._versions)
        self._carrying = True

    # ── on and off ───────────────────────────────────────────────────────────────────────────────

    def open(self) -> None:
        self.audit.append(RecordKind.TERMINAL_STARTED, facts=start_facts(self.settings, version("kiosk")))
        self._load_models()
        self.engine.post(e.DeviceReady(Device.MODELS))
        self._looks = self._readiness()
        self._look()
        for name in self._supervisors:
            self._supervise(name)
        self._carry()

    def close(self) -> None:
        """Shut down in order."""
        self.gone = True
        self.stop()
        self.activation._http.close()

    def turn(self) -> None:
        """Process everything that has arrived; what the orders put off goes to the agenda."""
        self.engine.process_pending()
        if self._simulation.signing and self._attesting():
            self.engine.process_pending()
        if self._print_queue.print_pending():
            self.engine.process_pending()
        components = self.activation._components
        if components is not None and components.delivery._woken.is_set():
            components.delivery._woken.clear()
            self._carry_in(0.05)

    def _attesting(self) -> bool:
        """Wait for the thread that verifies PINs."""
        running = [t for t in threading.enumerate() if t.name == "attest"]
        for thread in running:
            thread.join()
        self._simulation.signing = not running
        return bool(running)

    # ── what is done by threads elsewhere ────────────────────────────────────────────────────────

    def _look(self) -> None:
        self._looks.check()
        self._agenda.after(1.0 if self.activation._components is None else READY_S, self, self._look)

    def _supervise(self, name: str) -> None:
        supervisor = self._supervisors[name]
        pause = supervisor.run_once(supervisor.wanted)
        if name == "card":
            pause = max(pause, POLL_S if self._card_watcher._awaited.is_set() else 2.0)
        else:
            used = CAMERA_S if name == "camera" else SOUND_S
            pause = max(pause, used) if supervisor.wanted else LOOK_S
        self._agenda.after(pause, self, lambda: self._supervise(name))

    def _want_devices(self, wanted: bool) -> None:
        super()._want_devices(wanted)
        for name in ("camera", "microphone"):
            supervisor = self._supervisors[name]
            supervisor.run_once(supervisor.wanted)

    def _carry_in(self, seconds: float) -> None:
        self._courier_due.gone = True
        mine = self._courier_due = Owner()
        self._agenda.after(seconds, self, lambda: None if mine.gone else self._carry())

    def _carry(self) -> None:
        """Do one round of what `ActivationService.run` and `DeliveryWorker.run` do in a loop."""
        states = (
            self.activation.ready() if self.activation._components is None or not self._ready_told else None
        )
        for event in states or []:
            if event not in self._ready_told:
                self.engine.post(event)
        self._ready_told = states or self._ready_told
        try:
            rest = self.activation._components.delivery.round() if self.activation._components else 2.0
        except KioskError:
            raise AssertionError("a round never raises") from None
        self._carry_in(max(rest, 0.2))
