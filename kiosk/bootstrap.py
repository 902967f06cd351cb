"""Connect the adapters to the engine; the only module that knows them all.

What can be missing at start is tried again until it is there, so that a terminal comes into service by
itself; until then the engine is out of service and says why.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from typing import Any

from kiosk import events as e
from kiosk import production, release
from kiosk.activation.http_client import check_url
from kiosk.activation.messages import OutOfService, TerminalState
from kiosk.activation.service import ActivationService
from kiosk.audit.facts import model_facts, start_facts
from kiosk.audit.log import AuditLog, audit_log_path, newest_unix
from kiosk.audit.record import RecordKind
from kiosk.audit.recorder import AuditRecorder
from kiosk.capture.card_watcher import CardWatcher
from kiosk.capture.feed import CameraFeed, MicrophoneFeed
from kiosk.capture.supervisor import Supervisor
from kiosk.china_time import china_date
from kiosk.clerk_call.caller import ClerkCaller
from kiosk.clock import CLOCK_FILE, TerminalClock, boot_time
from kiosk.codes import Code
from kiosk.drivers import chosen_driver, driver_context, make_driver
from kiosk.engine import Engine, Handler, without_order
from kiosk.errors import CardError, SettingsError
from kiosk.face.watcher import FaceWatcher
from kiosk.heap import return_freed_memory, share_arenas
from kiosk.model import AudioBlock, Clerk, Device
from kiosk.ports import Feeds, Image
from kiosk.printing.print_queue import PrintQueue
from kiosk.privacy.erasure_schedule import ErasureSchedule
from kiosk.readiness import REQUIRED, Codes, Readiness, retry_until_ready, service_codes
from kiosk.settings import PORTS, Settings
from kiosk.speech.listener import SILENCE_DBFS, Listener
from kiosk.speech.prompts import Announcer
from kiosk.staff.actions import ActionLog
from kiosk.staff.attestation import Attestation
from kiosk.staff.daybook import Daybook, VisitRow
from kiosk.staff.roster import Roster, enrolled_issuer
from kiosk.staff.roster_memory import RosterMemory
from kiosk.staff.service import StaffService
from kiosk.training import TrainingSession
from kiosk.visit.policy import visit_policy
from kiosk.visit.visit import Visit
from kiosk.visit_logs import VisitLogs
from kiosk.worker import Worker

log = logging.getLogger(__name__)


def check_settings(settings: Settings) -> None:
    """Check what is known before any device is touched. Raises SettingsError."""
    check_url(settings.central.url, settings.file)
    for port in PORTS:
        chosen_driver(settings, port)
    production.check(settings)
    production.require_operator(settings)
    for warning in production.warnings(settings):
        log.warning("%s", warning)
    if settings.visit.liveness.required and settings.liveness.driver == "none":
        detail = '[visit.liveness] required with [liveness] driver = "none": nobody could pass'
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{settings.file}: {detail}")


class Terminal:
    """All parts of the terminal. `start` returns at once; the engine tells the shells when it is ready."""

    def __init__(
        self,
        settings: Settings,
        world: Any = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        clock_unix: Callable[[], float] = time.time,
        clock_boot: Callable[[], float] = boot_time,
    ) -> None:
        """`world`: the simulated shop. The clocks are replaced in simulated time. Raises SettingsError."""
        check_settings(settings)
        self.settings = settings
        self.clock = clock
        self.simulated = settings.mode == "simulation"
        self._context = driver_context(settings, world, clock)
        self._storage = settings.path(settings.storage.folder)
        self.terminal_clock = TerminalClock(
            self._storage / CLOCK_FILE,
            newest_record=partial(newest_unix, audit_log_path(settings)),
            wall=clock_unix,
            boot=clock_boot,
        )
        self.clock_unix = self.terminal_clock.unix
        self._versions = {"kiosk": version("kiosk")}
        self._workers: list[Worker] = []
        self._face_watcher: FaceWatcher | None = None
        self._listener: Listener | None = None
        self._policy = visit_policy(settings)
        self._visit_logs = VisitLogs(
            self._storage, self._policy, measures=settings.retention.measures_days > 0
        )
        self.audit = AuditLog(audit_log_path(settings), self.clock_unix)
        self._recorder = AuditRecorder(self.audit)
        self._erasure = ErasureSchedule(settings, self.audit, clock=clock, clock_unix=self.clock_unix)
        self._handlers: dict[type[e.Order], Handler] = {}
        self.engine = Engine(
            self._new_visit,
            self._handlers,
            required=REQUIRED,
            record=self._record,
            clock=clock,
            clock_unix=self.clock_unix,
        )
        self.engine.subscribe(self._recorder.record_service)
        self._make_roster()
        self.activation = ActivationService(
            settings,
            versions=self._versions,
            post=self._post_settled,
            terminal_clock=self.terminal_clock,
            take_roster=self.roster.accept,
            audit=self.audit,
            describe=self._describe,
            clock=clock,
        )
        self._make_devices()
        self._handlers.update(self._order_handlers())
        self.staff = StaffService(
            settings,
            self.roster,
            self.action_log,
            activation=self.activation,
            engine=self.engine,
            versions=self._versions,
            open_devices=partial(self._want_devices, True),
            close_devices=self._forget,
            say=self._announcer.say,
            print_document=self._print_queue.print,
            make_training=self._make_training,
        )

    # ── for a shell ──────────────────────────────────────────────────────────────────────────────

    @property
    def feeds(self) -> Feeds:
        """What a shell pulls: the newest frame, the sound level, the two pictures of a review."""
        return Feeds(self._camera_feed.newest, self._level_dbfs, self._review_pictures)

    def start(self) -> None:
        """Start all threads."""
        share_arenas()
        facts = start_facts(self.settings, version("kiosk"))
        self.audit.append(RecordKind.TERMINAL_STARTED, facts=facts)
        self._run_worker("engine", self.engine.run)
        self._run_worker("readiness", self._readiness().run)
        self._run_worker("models", retry_until_ready(Device.MODELS, self._load_models, self.engine.post))
        for name, supervisor in self._supervisors.items():
            self._run_worker(name, supervisor.run)
        self._run_worker("announcer", self._announcer.run)
        if self.settings.visit.phone_code.use != "off":
            self._run_worker("phone codes", self.activation.run_phone_codes)
        self._run_worker("printer", self._print_queue.run)
        self._run_worker("clerk_call", self._clerk_caller.run)

    def stop(self) -> bool:
        """Stop all threads, the last started first; return False if one did not stop."""
        stopped = [worker.stop() for worker in reversed(self._workers)]
        self.activation.close()
        self.terminal_clock.keep()
        self.audit.append(RecordKind.TERMINAL_STOPPED)
        return all(stopped)

    # ── the parts ────────────────────────────────────────────────────────────────────────────────

    def _make_roster(self) -> None:
        folder, post = self._storage / "staff", self.engine.post
        self.action_log = ActionLog(self.audit, Daybook(folder, self.clock_unix))
        self.roster = Roster(
            folder,
            self.settings.staff,
            partial(enrolled_issuer, self.settings),
            RosterMemory(self.audit),
            post=post,
            record=self.action_log.record,
            clock_unix=self.clock_unix,
        )
        self._attestation = Attestation(self.roster, post, self.clock_unix)

    def _make_devices(self) -> None:
        post = self.engine.post
        self._camera_feed = CameraFeed(self._driver("camera"))
        self._card_watcher = CardWatcher(
            self._driver("card_reader"),
            post,
            self._china_today,
            require_pinned=self.activation.require_pinned,
        )
        self._microphone_feed = MicrophoneFeed(self._driver("microphone"), self._hear)
        self._announcer = Announcer(
            self._driver("speaker"), post=post, settings=self.settings.speech, clock=self.clock
        )
        self._print_queue = PrintQueue(self._driver("printer"), post)
        self._clerk_caller = ClerkCaller(
            self._driver("clerk_call"),
            terminal=self.settings.terminal.id,
            place=self.settings.terminal.place,
            second_screen=self.settings.screen.staff_window,
            chime=self._announcer.ring,
            staffed=lambda: self.roster.signed_in is not None,
            post=post,
            clock=self.clock,
            clock_unix=self.clock_unix,
        )
        self._supervisors = {
            "camera": Supervisor(Device.CAMERA, self._camera_feed, post),
            "microphone": Supervisor(Device.MICROPHONE, self._microphone_feed, post),
            "card": Supervisor(Device.READER, self._card_watcher, post, wanted=True),
        }

    def _china_today(self) -> date:
        """Return the date by which cards are judged. Raises CardError(CLOCK_OFF) while it is in doubt."""
        if self.terminal_clock.code() is not Code.OK:
            raise CardError(Code.CLOCK_OFF)
        return china_date(self.clock_unix())

    def _driver(self, port: str) -> Any:
        return make_driver(self.settings, port, self._context)

    def _load_models(self) -> None:
        """Load and test all weights, then start face, speech and delivery. Raises ModelError."""
        recogniser = self._driver("recogniser")
        face = self._driver("face_engine"), self._driver("face_landmarks"), self._driver("liveness")
        decoder, post = self._driver("portrait_decoder"), self.engine.post
        listener = Listener(recogniser, self.settings.speech, post=post, clock=self.clock)
        watcher = FaceWatcher(
            *face,
            decoder=decoder,
            settings=self.settings.face,
            newest=self._camera_feed.successive_frames(),
            post=post,
            same_face=self._policy.thresholds.same_face,
        )
        self._versions["release"] = release.digest()
        self._versions.update({driver.name: driver.version for driver in (recogniser, *face)})
        facts = model_facts(self._context.models, self._versions)
        self.audit.append(RecordKind.MODELS_VERIFIED, facts=facts)
        self.activation.add_versions(self._versions)
        self._connect_engines(watcher, listener)
        self._run_worker("speech", listener.run)
        self._run_worker("face", watcher.run)
        self._run_worker("delivery", self.activation.run)

    def _readiness(self) -> Readiness:
        return Readiness(
            self._storage,
            self.settings.storage.min_free_mb,
            self.engine.post,
            check_clock=self._check_clock,
            further_codes=self._further_codes,
        )

    def _check_clock(self) -> Code:
        """Judge the time; ask central's while it is in doubt."""
        code = self.terminal_clock.check(serving=self.engine.serving)
        if code is not Code.OK:
            self.activation.contact_now()
        return code

    def _further_codes(self) -> Codes:
        """Erase what is due, free memory, return what else is required. Without models nothing is sent."""
        now, delivering = self.clock_unix(), self._listener is not None
        if not self.engine.serving:
            return_freed_memory()
        self._erasure.run_if_due(serving=self.engine.serving, clock_code=self.terminal_clock.code())
        return service_codes(
            self.audit, self.activation, self.settings.gates, now_unix=now, delivering=delivering
        )

    def _describe(self) -> TerminalState:
        """Return what goes to central with each heartbeat."""
        out = self.engine.out_of_service
        try:
            free_mb = shutil.disk_usage(self._storage).free // 1_000_000
        except OSError:
            free_mb = None
        return TerminalState(
            out_of_service=None if out is None else OutOfService(*out),
            devices={d.value: code.value for d, code in self.engine.devices.items() if code is not Code.OK},
            free_mb=free_mb,
        )

    def _make_training(self, clerk: Clerk) -> TrainingSession:
        return TrainingSession(
            self.settings,
            clerk,
            say=self._announcer.say,
            spoken_handlers=self._spoken_handlers(),
            chime=self._announcer.ring,
            print_slip=self._print_queue.print,
            open_devices=partial(self._want_devices, True),
            close_devices=partial(self._want_devices, False),
        )

    def _run_worker(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self._workers.append(Worker(name, work, self.engine.worker_died).start())

    # ── what the engine calls ────────────────────────────────────────────────────────────────────

    def _order_handlers(self) -> dict[type[e.Order], Handler]:
        return {
            e.Attend: without_order(partial(self._want_devices, True)),
            e.AwaitCard: without_order(self._card_watcher.await_card),
            e.IgnoreCard: without_order(self._card_watcher.ignore_card),
            e.ExpectChallenge: without_order(self.activation.expect_challenge),
            e.TakeChallenge: without_order(self.activation.take_challenge),
            e.Say: self._say,
            e.SendPhoneCode: lambda order: self.activation.phone_codes.send(order, self.engine.language),
            e.ProvePhone: self.activation.phone_codes.prove,
            e.StretchPassword: self.activation.passwords.begin,
            e.CallClerk: self._attestation.call_clerk,
            e.RingClerk: without_order(self._clerk_caller.ring),
            e.EndClerkCall: without_order(self._clerk_caller.end),
            e.Attest: self._attestation.attest,
            e.SignReview: self._attestation.sign,
            e.DropKey: without_order(self._attestation.drop_key),
            e.Print: self._print_queue.print_slip,
            e.Forget: without_order(self._forget),
            e.Finished: self._record_finished,
            **self._spoken_handlers(),
        }

    def _spoken_handlers(self) -> dict[type[e.Order], Handler]:
        """Return what a shell may have of the loudspeaker, also in a training."""
        say = self._announcer
        return {
            e.ReadAloud: lambda page: say.read(page.clips, page.language, unhurried=self.engine.unhurried),
            e.StopReading: without_order(say.stop_reading),
            e.SoundChosen: lambda sound: say.choose_sound(sound.steps, sound.voice, sound.language),
        }

    def _connect_engines(self, watcher: FaceWatcher, listener: Listener) -> None:
        """Add the handlers that need models: no visit begins before."""
        self._face_watcher, self._listener = watcher, listener
        self._handlers.update(
            {
                e.Watch: lambda order: watcher.watch(order.portrait),
                e.WatchCard: lambda order: watcher.watch_card(order.number),
                e.Unwatch: without_order(watcher.unwatch),
                e.KeepFace: without_order(watcher.keep_face),
                e.Listen: lambda order: listener.listen(order.count),
                e.WindowOpened: listener.open_window,
                e.StopListening: without_order(listener.stop),
                e.Submit: lambda order: self.activation.submit(order, watcher.picture()),
            }
        )

    def _say(self, order: e.Say) -> None:
        self._announcer.say(order.prompt, self.engine.language, unhurried=self.engine.unhurried)

    def _new_visit(self) -> Visit:
        settings = self.settings
        return Visit(
            self._policy,
            terminal=settings.terminal.id,
            place=settings.terminal.place,
            operator=f"{settings.operator.name} {settings.operator.contact}".strip(),
            simulated=self.simulated,
            look_up=settings.central.look_up,
            keep_days=settings.retention.longest_days,
        )

    def _record(self, visit: str, at: float, event: e.Event) -> None:
        self._visit_logs.record(visit, at, event)
        self._recorder.record_event(visit, event)

    def _record_finished(self, finished: e.Finished) -> None:
        self._visit_logs.close(finished)
        self.action_log.daybook.write(VisitRow.of(finished))
        self._recorder.record_finished(finished)

    def _want_devices(self, wanted: bool) -> None:
        for name in ("camera", "microphone"):
            self._supervisors[name].want(wanted)

    def _forget(self) -> None:
        self._want_devices(False)
        self._announcer.choose_sound(0, "")
        self._attestation.drop_key()
        self.activation.passwords.forget()
        for part in (self._face_watcher, self._listener):
            if part is not None:
                part.forget()

    def _hear(self, block: AudioBlock) -> None:
        if self._listener is not None:
            self._listener.feed(block)

    def _level_dbfs(self) -> float:
        return self._listener.level_dbfs() if self._listener else SILENCE_DBFS

    def _review_pictures(self) -> tuple[Image | None, Image | None]:
        return self._face_watcher.pair() if self._face_watcher else (None, None)

    def _post_settled(self, event: e.Event) -> None:
        self._recorder.record_settled(event)
        self.engine.post(event)
