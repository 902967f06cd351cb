"""What staff can see and do at the terminal, for the panel in front of it.

Nothing here holds or shows a customer's data. Every action needs a signed-in clerk and is in the audit log
before it is done: without its record it is not done.
"""

import queue
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from kiosk.activation.messages import VisitState
from kiosk.activation.outbox import RequestState, RequestSummary
from kiosk.activation.service import ActivationService, ImportResult
from kiosk.china_time import format_minute, format_second
from kiosk.codes import Code
from kiosk.errors import IdentityError, OutboxError, StaffError
from kiosk.files import make_private, read_regular, write_whole
from kiosk.model import Clerk, DayReport, Device, Outcome, Role, Slip
from kiosk.ports import Engine
from kiosk.printing.a4 import encode_report
from kiosk.printing.file import is_device
from kiosk.settings import Settings, face_thresholds
from kiosk.staff.actions import ActionLog, StaffAction
from kiosk.staff.day_summary import DaySummary, format_csv, summarise_day, to_day_report
from kiosk.staff.languages import ClerkLanguages
from kiosk.staff.roster import Roster
from kiosk.urls import MASK, redacted

_SECRET = ("password", "secret", "token", "key", "pin")
SPEAK_S = 20.0
"""A prompt is over by then, or the loudspeaker hangs."""


PRINT_S = 60.0
"""A report, and what waits before it, takes a slow printer less than this."""


class DeviceStates(Protocol):
    """What the engine knows of devices and visits."""

    @property
    def devices(self) -> Mapping[Device, Code]:
        """The last state of each device."""

    @property
    def microphone_dbfs(self) -> float | None:
        """Level of the last customer's voice, if it was too low or too high."""

    @property
    def serving(self) -> bool:
        """Whether a customer's visit is going on."""


class Training(Protocol):
    """Visits to practise on, which leave nothing behind (`kiosk.training`)."""

    @property
    def engine(self) -> Engine:
        """What a window of the training shows and posts to."""

    def start(self) -> None:
        """Start its threads."""

    def stop(self) -> None:
        """Stop them."""


class StatusItem(Struct, frozen=True):
    """One line about the terminal itself. `name`: a key of the phrases; `of`: which of several it is."""

    name: str
    value: str
    of: str = ""


class SavedReport(Struct, frozen=True):
    """Files `name`.csv and `name`.pdf; on the stick, or else only on the terminal."""

    name: str
    on_stick: bool


class StaffService:
    """The methods raise KioskError with the code to be shown; they may use the disk: not on Qt's thread."""

    def __init__(
        self,
        settings: Settings,
        roster: Roster,
        action_log: ActionLog,
        *,
        activation: ActivationService,
        engine: DeviceStates,
        versions: Mapping[str, str],
        open_devices: Callable[[], None],
        close_devices: Callable[[], None],
        say: Callable[[str, str, Callable[[Code], None]], None],
        print_document: Callable[[Slip | DayReport, Callable[[Code], None]], None],
        make_training: Callable[[Clerk], Training],
    ) -> None:
        """The callables return at once. The devices are camera and microphone; `say` speaks a prompt in a
        language; it and `print_document` say later what came of it; `versions` are those of program and
        models, more as the models are loaded.
        """
        self.roster = roster
        self.idle_warning_s = settings.staff.idle_warning_s
        self.idle_s = settings.staff.idle_s
        self._settings = settings
        self._action_log = action_log
        self._activation = activation
        self._engine = engine
        self._versions = versions
        self._open_devices = open_devices
        self._close_devices = close_devices
        self._say = say
        self._print_document = print_document
        self._make_training = make_training
        self._mounted_only = settings.mode != "simulation"
        self.languages = ClerkLanguages(settings.path(settings.storage.folder) / "staff")

    # ── to be seen ───────────────────────────────────────────────────────────────────────────────

    def day(self) -> DaySummary:
        """Return today's summary; a queue that cannot be read counts as empty."""
        try:
            states = Counter(entry.state for entry in self._activation.requests())
        except (OutboxError, IdentityError):
            states = Counter()
        waiting = states[RequestState.WAITING] + states[RequestState.PENDING]
        return summarise_day(self._action_log.daybook, waiting=waiting, wedged=states[RequestState.WEDGED])

    def queue(self) -> list[RequestSummary]:
        """Return wedged requests first, then the oldest; delivered ones last, newest first."""
        rank = {
            RequestState.WEDGED: 0,
            RequestState.WAITING: 1,
            RequestState.PENDING: 1,
            RequestState.DELIVERED: 2,
        }

        def place(entry: RequestSummary) -> tuple[int, float]:
            age = -entry.put_unix if entry.state is RequestState.DELIVERED else entry.put_unix
            return rank[entry.state], age

        return sorted(self._activation.requests(), key=place)

    def devices(self) -> Mapping[Device, Code]:
        """Return the last state of each device."""
        return self._engine.devices

    def device_level(self, device: Device) -> str:
        """Return the level measured with a fault of the microphone's gain; empty for every other device."""
        level = self._engine.microphone_dbfs
        faulty = self._engine.devices.get(device) in (Code.MICROPHONE_TOO_QUIET, Code.MICROPHONE_CLIPPED)
        return f" ({level:.0f} dBFS)" if faulty and level is not None else ""

    def status_items(self) -> list[StatusItem]:
        """Return identity, place, clock, last contact, free disk, roster's end and versions."""
        settings, off = self._settings, self._activation.clock_off_s
        free = shutil.disk_usage(settings.path(settings.storage.folder).parent).free / 1e9
        facts = {
            "terminal": settings.terminal.id,
            "place": settings.terminal.place,
            "clock": format_second(time.time()),
            "clock_off": "–" if off is None else f"{off:+.1f} s",
            "line": format_minute(self._activation.contact_unix),
            "disk": f"{free:.1f} GB",
            "roster": format_minute(self.roster.expires_unix()),
        }
        present = sorted((name, v) for name, v in self._versions.items() if name != "none")
        versions = [StatusItem("version", v, name) for name, v in present]
        return [StatusItem(name, value) for name, value in facts.items()] + versions

    def settings(self) -> list[tuple[str, str]]:
        """Return every setting by its dotted name; what could be a secret is masked."""
        tables = msgspec.to_builtins(self._settings)
        tables["face_engine"]["limits"] = msgspec.to_builtins(face_thresholds(self._settings))  # as in force
        return _flatten("", tables)

    # ── to be done ───────────────────────────────────────────────────────────────────────────────

    def retry(self, request: str) -> bool:
        """Send a wedged request once more; return False if it is not wedged."""
        self._record(StaffAction.RETRY, visit=request)
        return self._activation.retry(request)

    def give_up(self, request: str) -> bool:
        """Record that a supervisor knows of a lost request and sees to its customer; False if it is not lost.

        Only then are customers served again. Raises StaffError(STAFF_ROLE).
        """
        if self._clerk().role is not Role.SUPERVISOR:
            raise StaffError(Code.STAFF_ROLE, "only a supervisor answers for a lost request")
        lost = (entry.id for entry in self._activation.requests() if entry.code is Code.REQUEST_LOST)
        if request not in lost:
            return False  # no record of what is not so
        self._record(StaffAction.GIVE_UP, visit=request)
        return self._activation.give_up(request)

    @property
    def slips_have_codes(self) -> bool:
        """Whether a phone can look a visit up from its slip."""
        return bool(self._settings.central.public_url)

    def find(self, number: str) -> RequestSummary | VisitState | None:
        """Return how a visit stands: as this terminal knows if it still waits here, else as central says.

        None: central has never had it. Raises CentralError where the terminal cannot ask.
        """
        self._record(StaffAction.FIND, visit=number)
        for entry in self._activation.requests():
            if entry.id == number and entry.state in (RequestState.WAITING, RequestState.WEDGED):
                return entry
        return self._activation.find(number)

    def export(self) -> int:
        """Copy the undelivered requests to the USB stick and return how many there were."""
        self._check_stick_role()
        self._record(StaffAction.EXPORT)
        return self._activation.export(self._stick, mounted_only=self._mounted_only)

    def import_answers(self) -> ImportResult:
        """Take central's answers from the USB stick."""
        self._check_stick_role()
        self._record(StaffAction.IMPORT)
        result = self._activation.import_answers(self._stick, mounted_only=self._mounted_only)
        if result.altered:
            self._action_log.record(
                StaffAction.IMPORT, self._clerk().number, Code.STICK_ALTERED, altered=result.altered
            )
        return result

    def test_devices(self, wanted: bool) -> bool:
        """Open camera and microphone for a test, or close them; False while a customer is served."""
        if self._engine.serving:
            return False
        if wanted:
            self._record(StaffAction.TEST)
            self._open_devices()
        else:
            self._close_devices()
        return True

    def test_speaker(self, language: str) -> bool:
        """Let the loudspeaker speak; False while a customer is served.

        Raises StaffError with the code of a loudspeaker that did not take it.
        """
        if self._engine.serving:
            return False
        self._record(StaffAction.TEST)
        _wait_for(lambda done: self._say("welcome", language, done), SPEAK_S, Code.SPEAKER_MISSING)
        return True

    def test_stick(self) -> int:
        """Write a file to the USB stick, read it back, delete it, and return how many bytes it had.

        Raises StaffError(STICK_MISSING, STICK_UNWRITABLE, STAFF_ROLE).
        """
        self._check_stick_role()
        self._record(StaffAction.TEST)
        if not self._has_stick():
            raise StaffError(Code.STICK_MISSING, "nothing is mounted there")
        path, data = self._stick / f"kiosk-test-{self._settings.terminal.id}.txt", secrets.token_bytes(4096)
        try:
            write_whole(path, data)
            same = read_regular(path, len(data)) == data
            path.unlink()
        except OSError as error:
            raise StaffError(Code.STICK_UNWRITABLE, error.strerror or "") from None
        if not same:
            raise StaffError(Code.STICK_UNWRITABLE, "what was read is not what was written")
        return len(data)

    def print_test(self) -> bool:
        """Print a slip that says itself that it is only a test. Returns and raises as `print_report`."""
        self._record(StaffAction.TEST)
        terminal = self._settings.terminal
        slip = Slip(
            id="0000-0000-0000-0000",
            outcome=Outcome.ABANDONED,
            code=Code.OK,
            terminal=terminal.id,
            place=terminal.place,
            at_unix=time.time(),
            simulated=True,
        )
        return self._print(slip)

    def begin_training(self) -> Training | None:
        """Return a training for who is signed in, not started yet; None while a customer is served."""
        if self._engine.serving:
            return None
        self._record(StaffAction.TRAIN)
        return self._make_training(self._clerk())

    def unlock(self, number: str) -> None:
        """Forgive a number's failures. Raises StaffError(STAFF_ROLE) unless a supervisor is signed in."""
        self.roster.unlock(number)

    def locked(self) -> Mapping[str, float]:
        """Return the numbers that are locked now and the seconds left; empty if that cannot be read."""
        try:
            return self.roster.locked()
        except StaffError:
            return {}

    @property
    def may_unlock(self) -> bool:
        """Whether a supervisor is signed in."""
        clerk = self.roster.signed_in
        return clerk is not None and clerk.role is Role.SUPERVISOR

    @property
    def may_use_stick(self) -> bool:
        """Whether the signed-in clerk may use USB sticks; the settings may reserve them for supervisors."""
        return not self._settings.staff.stick_supervisor or self.may_unlock

    def save_report(self) -> SavedReport:
        """Save the day as CSV, and as A4 pages beside it.

        They go to the USB stick if there is one, else to the terminal's storage, where no clerk reaches them.
        Raises StaffError(STICK_UNWRITABLE).
        """
        self._record(StaffAction.REPORT)
        day = self.day()
        settings, has_stick = self._settings, self._has_stick()
        folder = self._stick if has_stick else settings.path(settings.storage.folder) / "reports"
        path = folder / f"{settings.terminal.id or 'kiosk'}-{day.date.isoformat()}.csv"
        try:
            if not has_stick:
                make_private(folder)
            write_whole(path, format_csv(day).encode("utf-8-sig"))
            write_whole(path.with_suffix(".pdf"), encode_report(self._day_report(day)))
        except OSError as error:
            raise StaffError(Code.STICK_UNWRITABLE, error.strerror or "") from None
        return SavedReport(path.stem, has_stick)

    def print_report(self) -> bool:
        """Print the day on the receipt printer and return once that is done.

        Returns whether a printer reported it: False for a file, where there is none to report.

        Raises StaffError(PRINTER_…): there is none, it failed, or does not say what it did.
        """
        self._record(StaffAction.REPORT)
        return self._print(self._day_report(self.day()))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _print(self, document: Slip | DayReport) -> bool:
        printer = self._settings.printer
        if printer.driver == "none":
            raise StaffError(Code.PRINTER_MISSING, "no printer is set up")
        _wait_for(lambda done: self._print_document(document, done), PRINT_S, Code.PRINTER_UNKNOWN)
        return printer.driver != "file" or is_device(Path(printer.options["path"]))

    def _day_report(self, day: DaySummary) -> DayReport:
        terminal = self._settings.terminal
        language = self.languages.get(self._clerk().number) or self._settings.screen.language
        return to_day_report(
            day, terminal=terminal.id, place=terminal.place, at_unix=time.time(), language=language
        )

    def _check_stick_role(self) -> None:
        if not self.may_use_stick:
            raise StaffError(Code.STAFF_ROLE, "USB sticks are for supervisors here")

    def _has_stick(self) -> bool:
        return self._stick.is_dir() and (self._stick.is_mount() or not self._mounted_only)

    @property
    def _stick(self) -> Path:
        return self._settings.path(self._settings.staff.stick)

    def _clerk(self) -> Clerk:
        clerk = self.roster.signed_in
        if clerk is None:
            raise StaffError(Code.STAFF_IDLE, "no clerk is signed in")
        return clerk

    def _record(self, action: StaffAction, visit: str | None = None) -> None:
        if not self._action_log.record(action, self._clerk().number, visit=visit):
            raise StaffError(Code.AUDIT_UNWRITABLE, "no action without its record")


def _wait_for(begin: Callable[[Callable[[Code], None]], None], seconds: float, silence: Code) -> None:
    """Begin something that answers with a code, and raise StaffError for any but OK; `silence`: no answer."""
    results = queue.SimpleQueue[Code]()
    begin(results.put)
    try:
        code = results.get(timeout=seconds)
    except queue.Empty:
        code = silence
    if code is not Code.OK:
        raise StaffError(code)


def _flatten(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [row for key, below in value.items() for row in _flatten(f"{prefix}.{key}".strip("."), below)]
    name = prefix.rpartition(".")[2]
    secret = isinstance(value, str) and value and any(part in name for part in _SECRET)
    return [(prefix, MASK if secret else redacted(str(value)))]
