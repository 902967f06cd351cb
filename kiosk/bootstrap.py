"""The only file that joins the adapters to the engine.

What can be missing at start is tried again until it is there, so that a terminal comes into service by
itself; until then the engine is out of service and says why.
"""

import logging
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, get_type_hints

from kiosk import events as e
from kiosk import production, staff_service
from kiosk.activation import identity
from kiosk.activation.http_client import check_url
from kiosk.activation.service import ActivationService
from kiosk.audit import facts as audit_facts
from kiosk.audit.log import AuditLog
from kiosk.audit.log import path_of as audit_path
from kiosk.audit.record import Kind
from kiosk.audit.recorder import AuditRecorder
from kiosk.capture.card_watcher import CardWatcher
from kiosk.capture.feed import CameraFeed, MicrophoneFeed
from kiosk.capture.supervisor import Supervisor
from kiosk.card.facts import china_date
from kiosk.codes import Code
from kiosk.engine import Engine, Hands
from kiosk.errors import DeviceError, KioskError, SettingsError
from kiosk.face.watcher import FaceWatcher
from kiosk.model import AudioBlock, DayReport, Device, Frame, Role, Slip
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Feeds, Image
from kiosk.privacy.erasure import Eraser
from kiosk.readiness import Readiness, Waiting, clock_code, gate_codes
from kiosk.settings import DriverChoice, Settings, driver_class, driver_settings
from kiosk.speech.listener import Listener
from kiosk.speech.prompts import Announcer
from kiosk.staff.actions import ActionLog
from kiosk.staff.daybook import Daybook, VisitRow
from kiosk.staff.roster import Roster, Trust
from kiosk.staff.service import StaffService
from kiosk.visit.visit import Visit
from kiosk.visit_logs import VisitLogs
from kiosk.worker import Worker

log = logging.getLogger(__name__)

REQUIRED = frozenset(
    {
        Device.CAMERA,
        Device.MICROPHONE,
        Device.READER,
        Device.MODELS,
        Device.DISK,
        Device.CLOCK,
        Device.IDENTITY,
        Device.OUTBOX,
        Device.CHALLENGES,
        Device.AUDIT,
        Device.BACKLOG,
        Device.CONTACT,
        Device.SOFTWARE,
        Device.LEDGER,
    }
)
"""What a visit cannot do without. Loudspeaker, printer and the line to central are not among it."""

RETRY_S = 3.0
"""Between two tries to bring up what was missing."""
SILENCE_DBFS = -120.0
ERASE_S = 86_400.0


def context(settings: Settings, world: Any = None, clock: Callable[[], float] = time.monotonic) -> Context:
    """What the drivers are told. `world`: the simulated shop."""
    return Context(
        resources=RESOURCES,
        models=settings.path(settings.models.folder),
        simulation=settings.mode == "simulation",
        clock=clock,
        world=world,
    )


def driver(settings: Settings, port: str, where: Context) -> Any:
    """The adapter that the settings choose for a port.

    Raises SettingsError (unknown driver or key; a simulator outside simulation), ModelError.
    """
    kind, options = _chosen(settings, port)
    return kind(options, where)


def _chosen(settings: Settings, port: str) -> tuple[Any, Any]:
    """Class and checked settings of a port's driver. Raises SettingsError."""
    choice: DriverChoice = getattr(settings, port)
    if choice.driver == "simulated" and settings.mode != "simulation":
        raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, f"{settings.file}: [{port}] driver = 'simulated'")
    kind = driver_class(port, choice, settings.file)
    return kind, driver_settings(port, choice, kind.Settings, settings.file)


def _check_liveness(settings: Settings) -> None:
    """Raises SettingsError where nobody could ever pass."""
    if settings.visit.liveness.required and settings.liveness.driver == "none":
        detail = '[visit] require_liveness with [liveness] driver = "none": nobody could pass'
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{settings.file}: {detail}")


PORTS = tuple(name for name, kind in get_type_hints(Settings).items() if kind is DriverChoice)


class Terminal:
    """All rooms, joined. `start` returns at once; the engine tells when it is ready."""

    def __init__(
        self,
        settings: Settings,
        world: Any = None,
        clock: Callable[[], float] = time.monotonic,
        clock_unix: Callable[[], float] = time.time,
    ) -> None:
        """`world`: the simulated shop; other clocks where time is made, not awaited. Raises SettingsError."""
        self.settings = settings
        self.clock, self.clock_unix = clock, clock_unix
        self.simulated = settings.mode == "simulation"
        check_url(settings.central.url, settings.file)
        for port in PORTS:
            _chosen(settings, port)
        production.check(settings)
        _check_liveness(settings)
        self._context = context(settings, world, clock)
        self._storage = settings.path(settings.storage.folder)
        self._workers: list[Worker] = []
        self._eyes: FaceWatcher | None = None
        self._ears: Listener | None = None
        self._records = VisitLogs(self._storage, settings.visit, settings.review)
        self.audit = AuditLog(audit_path(settings), clock_unix)
        self._erase_at = 0.0
        self._witness = AuditRecorder(self.audit)
        self.engine = Engine(self._new_visit, self._hands(), REQUIRED, clock)
        self.engine.subscribe(self._witness.told)
        folder = self._storage / "staff"
        self.acts = ActionLog(self.audit, Daybook(folder, clock_unix))
        self.roster = Roster(
            folder, settings.staff, self._trust, self.engine.post, self.acts.note, clock_unix
        )
        self._versions: dict[str, str] = {"kiosk": version("kiosk")}
        self._desk = ActivationService(
            settings,
            self._versions,
            self._post_settled,
            clock_unix,
            take_roster=self._take_roster,
            audit=self.audit,
            clock=clock,
        )
        """Staff see the queue also while the models are not there; it carries nothing before."""
        self._join_devices()
        self.counter = self._counter()
        """What staff can see and do."""

    # ── for a shell ──────────────────────────────────────────────────────────────────────────────

    @property
    def feeds(self) -> Feeds:
        """What a shell pulls: the newest frame, how loud it is, the two pictures of a review."""
        return Feeds(self._camera_feed.newest, self._level_dbfs, self._pair)

    def start(self) -> None:
        """Start all threads."""
        self.audit.append(Kind.TERMINAL_STARTED, facts=audit_facts.start(self.settings, version("kiosk")))
        self._work("engine", self.engine.run)
        self._work("readiness", self._readiness().run)
        self._work("models", self._until_there(Device.MODELS, self._join_models))
        for name, supervisor in self._supervisors.items():
            self._work(name, supervisor.run)
        self._work("announcer", self._announcer.run)
        self._work("printer", self._printer_work)

    def stop(self) -> bool:
        """Stop all threads, the last started first; False if one did not stop."""
        stopped = [worker.stop() for worker in reversed(self._workers)]
        self._desk.close()
        self.audit.append(Kind.TERMINAL_STOPPED)
        return all(stopped)

    # ── devices ──────────────────────────────────────────────────────────────────────────────────

    def _driver(self, port: str) -> Any:
        return driver(self.settings, port, self._context)

    def _join_devices(self) -> None:
        post = self.engine.post
        self._camera_feed = CameraFeed(self._driver("camera"))
        self._card_watcher = CardWatcher(
            self._driver("card_reader"), post, lambda: china_date(self.clock_unix())
        )
        self._microphone_feed = MicrophoneFeed(self._driver("microphone"), self._hear)
        self._announcer = Announcer(self._driver("speaker"), post, self.settings.speech, self.clock)
        self._printer = self._driver("printer")
        self._slips: list[Slip | DayReport] = []
        self._slip_waits = threading.Event()
        self._supervisors = {
            "camera": Supervisor(Device.CAMERA, self._camera_feed, post),
            "microphone": Supervisor(Device.MICROPHONE, self._microphone_feed, post),
            "card": Supervisor(Device.READER, self._card_watcher, post, wanted=True),
        }

    def _hear(self, block: AudioBlock) -> None:
        if self._ears is not None:
            self._ears.hear(block)

    def _clock_off_s(self) -> float | None:
        return self._desk.clock_off_s

    def _level_dbfs(self) -> float:
        return self._ears.level_dbfs() if self._ears else SILENCE_DBFS

    def _printer_work(self, stop: threading.Event) -> None:
        """Paper out or printer gone never stops a visit: the slip is on the screen."""
        while not stop.is_set():
            if not self._slip_waits.wait(0.2):
                continue
            self._slip_waits.clear()
            while self._slips:
                self._print_one(self._slips.pop(0))

    def _print_one(self, slip: Slip | DayReport) -> None:
        try:
            self._printer.open()
            self._printer.print(slip)
        except DeviceError as error:
            log.warning("slip not printed: %s", error)
            self.engine.post(e.DeviceFailed(Device.PRINTER, error.code))
        else:
            self.engine.post(e.DeviceReady(Device.PRINTER))
        finally:
            self._printer.close()

    # ── what may come later ──────────────────────────────────────────────────────────────────────

    def _until_there(self, device: Device, join: Callable[[], None]) -> Callable[[threading.Event], None]:
        """Work that tries `join` until it succeeds, telling each new reason why it does not."""

        def work(stop: threading.Event) -> None:
            told: Code | None = None
            while not stop.is_set():
                try:
                    join()
                except KioskError as error:
                    if error.code is not told:
                        log.warning("%s not ready: %s", device, error)
                        told = error.code
                        self.engine.post(e.DeviceFailed(device, error.code))
                    stop.wait(RETRY_S)
                else:
                    self.engine.post(e.DeviceReady(device))
                    return

        return work

    def _join_models(self) -> None:
        """Load and test all weights, then look, listen, and send. Raises ModelError."""
        recogniser = self._driver("recogniser")
        face = self._driver("face_engine"), self._driver("face_landmarks"), self._driver("liveness")
        decoder = self._driver("portrait_decoder")
        ears = Listener(recogniser, self.settings.speech, self.engine.post, self.clock)
        eyes = FaceWatcher(
            *face,
            decoder=decoder,
            settings=self.settings.face,
            newest=self._newest(),
            post=self.engine.post,
        )
        versions = {d.name: d.version for d in (recogniser, *face)} | {"kiosk": version("kiosk")}
        self._versions = versions
        self.audit.append(Kind.MODELS_VERIFIED, facts=audit_facts.models(self._context.models, versions))
        self._desk.add_versions(versions)
        self._ears, self._eyes = ears, eyes
        self._work("speech", ears.run)
        self._work("face", eyes.run)
        self._work("courier", self._desk.run)

    def _newest(self) -> Callable[[float], Frame | None]:
        """Frames of the camera, each once, waiting at most so long."""
        last = -1

        def newer(timeout_s: float) -> Frame | None:
            nonlocal last
            frame = self._camera_feed.wait_newer(last, timeout_s)
            last = frame.seq if frame is not None else last
            return frame

        return newer

    def _readiness(self) -> Readiness:
        least = self.settings.storage.min_free_mb
        return Readiness(
            self._storage,
            least,
            self.engine.post,
            self.clock_unix,
            clock_off_s=self._clock_off_s,
            look_further=self._gates,
        )

    def _gates(self) -> dict[Device, Code]:
        """The log is tried too: a record that could not be written is written as soon as that is possible."""
        self.audit.flush()
        self._erase_if_due()
        backlog = self._desk.backlog()
        waiting = Waiting(backlog.waiting, backlog.oldest_s, backlog.silent_s) if backlog else None
        known = self._desk.versions_known
        gates = gate_codes(waiting, known, self.clock_unix(), self.settings.gates)
        return {Device.AUDIT: self._audit_code(), Device.LEDGER: self._ledger_code()} | gates

    def _audit_code(self) -> Code:
        """Our own word on the log; else central's, which keeps its heads."""
        rewound = self._desk.audit_rewound
        return Code.AUDIT_REWOUND if rewound and self.audit.fault is Code.OK else self.audit.fault

    def _ledger_code(self) -> Code:
        return self._desk.reconciliation_code() if self._ears is not None else Code.STARTING

    def _erase_if_due(self) -> None:
        """Once a day, while nobody is served: what its term has ended for goes, and that is written down.

        By a wrong clock nothing would be due, or everything.
        """
        now = self.clock()
        if now < self._erase_at or self.engine.serving:
            return
        if {clock_code(self.clock_unix(), self._clock_off_s()), self.audit.fault} != {Code.OK}:
            return
        self._erase_at = now + ERASE_S
        try:
            Eraser(self.settings, self.audit, self.clock_unix).run()
        except OSError as error:
            log.warning("nothing erased: %s", error.strerror)

    def _post_settled(self, event: e.Event) -> None:
        self._witness.settled(event)
        self.engine.post(event)

    # ── the engine's hands ───────────────────────────────────────────────────────────────────────

    def _hands(self) -> Hands:
        return Hands(
            attend=lambda: self._attend(True),
            await_card=lambda: self._card_watcher.await_card(),
            ignore_card=lambda: self._card_watcher.ignore_card(),
            watch=lambda portrait: self._eye().watch(portrait),
            watch_card=lambda: self._eye().watch_card(),
            unwatch=lambda: self._eye().unwatch(),
            keep_face=lambda: self._eye().keep_face(),
            take_challenge=self._take_challenge,
            say=lambda prompt, language: self._announcer.say(prompt, language),
            listen=lambda count: self._ear().listen(count),
            window=lambda opened: self._ear().window(opened),
            stop_listening=lambda: self._ear().stop(),
            submit=self._submit,
            print=self._print,
            forget=self._forget,
            record=self._record,
            close_record=self._close_record,
            call_clerk=self._call_clerk,
            attest=self._attest,
        )

    def _call_clerk(self) -> e.Event:
        clerk = self.roster.signed_in
        return e.ClerkPresent(clerk.number, clerk.role, self.clock_unix()) if clerk else e.ClerkAbsent()

    def _attest(self, order: e.Attest) -> None:
        """Checking a PIN takes a while on purpose: not on the engine's thread."""
        Worker("attest", lambda _: self.engine.post(self._attested(order))).start()

    def _attested(self, order: e.Attest) -> e.Event:
        """The first signature is the sign-in of whoever came; the second is somebody else's."""
        try:
            if order.role is Role.SUPERVISOR:
                clerk = self.roster.attest(order.clerk, order.pin, order.role)
            else:
                clerk = self.roster.sign_in(order.clerk, order.pin)
        except KioskError as error:
            return e.NotAttested(error.code)
        return e.Attested(clerk.number, clerk.role, self.clock_unix())

    def _record(self, number: str, at: float, event: e.Event) -> None:
        self._records.record(number, at, event)
        self._witness.fed(number, event)

    def _close_record(self, finished: e.Finished) -> None:
        self._records.close(finished)
        row = VisitRow(0.0, finished.visit, finished.outcome, finished.code, finished.stage, finished.way)
        self.acts.daybook.write(row)
        self._witness.finished(finished)

    def _pair(self) -> tuple[Image | None, Image | None]:
        return self._eyes.pair() if self._eyes else (None, None)

    def _eye(self) -> FaceWatcher:
        assert self._eyes is not None  # the engine begins no visit before the models are there
        return self._eyes

    def _ear(self) -> Listener:
        assert self._ears is not None
        return self._ears

    def _attend(self, wanted: bool) -> None:
        for name in ("camera", "microphone"):
            self._supervisors[name].want(wanted)

    def _take_challenge(self) -> e.Event:
        return self._desk.take_challenge()

    def _submit(self, order: e.Submit) -> e.Event:
        return self._desk.submit(order, self._eye().picture())

    def _print(self, slip: Slip | DayReport) -> None:
        self._slips.append(slip)
        self._slip_waits.set()

    def _forget(self) -> None:
        self._attend(False)
        if self._eyes is not None:
            self._eyes.forget()
        if self._ears is not None:
            self._ears.forget()

    def _counter(self) -> StaffService:
        hands = staff_service.Hands(
            desk=lambda: self._desk,
            devices=lambda: self.engine.devices,
            look=lambda wanted: self._attend(True) if wanted else self._forget(),
            busy=lambda: self.engine.serving,
            say=self._announcer.say,
            print=self._print,
            versions=lambda: self._versions,
            microphone_dbfs=lambda: self.engine.microphone_dbfs,
        )
        return StaffService(self.settings, self.roster, self.acts, hands)

    # ── staff ────────────────────────────────────────────────────────────────────────────────────

    def _trust(self) -> Trust:
        """Raises IdentityError."""
        who = identity.load(
            self.settings.path(self.settings.terminal.identity), identity.make_key_store(self.settings)
        )
        return Trust(who.challenge_key, who.terminal)

    def _take_roster(self, token: str) -> None:
        self.roster.accept(token)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _new_visit(self) -> Visit:
        s = self.settings
        return Visit(
            s.visit,
            s.review,
            terminal=s.terminal.id,
            place=s.terminal.place,
            simulated=self.simulated,
            look_up=s.central.look_up,
            keep_days=s.retention.longest_days,
        )

    def _work(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self._workers.append(Worker(name, work, self.engine.worker_died).start())
