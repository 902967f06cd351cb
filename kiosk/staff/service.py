"""What staff can see and do at the terminal, for the panel in front of it.

Nothing here holds or shows a customer's data. Every action needs a signed-in clerk and is in the audit log
before it is done: without its record it is not done.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from kiosk.activation.outbox import RequestState, RequestSummary
from kiosk.activation.service import ActivationService, ImportResult
from kiosk.codes import Code
from kiosk.errors import IdentityError, OutboxError, StaffError
from kiosk.files import write_whole
from kiosk.model import Clerk, DayReport, Device, Outcome, Role, Slip
from kiosk.printing.output_formats import DocumentEncoder
from kiosk.settings import Settings, face_thresholds
from kiosk.staff.actions import ActionLog, StaffAction
from kiosk.staff.day_summary import DaySummary, format_csv, summarise_day, to_day_report
from kiosk.staff.roster import Roster

_SECRET = ("password", "secret", "token", "key", "pin")
_MASK = "••••"
REPORT_PAPER = DocumentEncoder("pdf", "80mm", "")
"""How the day's report is saved for reading."""


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


class StatusItem(Struct, frozen=True):
    """One line about the terminal itself. `name`: a key of the phrases."""

    name: str
    value: str


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
        say: Callable[[str, str], None],
        print_document: Callable[[Slip | DayReport], None],
    ) -> None:
        """The callables return at once. The devices are camera and microphone; `say` speaks a prompt in a
        language; `versions` are those of program and models, more as the models are loaded.
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
        self._mounted_only = settings.mode != "simulation"

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
            "clock": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
            "clock_off": "–" if off is None else f"{off:+.1f} s",
            "line": _format_minute(self._activation.contact_unix),
            "disk": f"{free:.1f} GB",
            "roster": _format_minute(self.roster.expires_unix()),
        }
        versions = [StatusItem("version", f"{name} {v}") for name, v in sorted(self._versions.items())]
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

    def test_speaker(self, language: str) -> None:
        """Let the loudspeaker speak, unless a customer is served."""
        if not self._engine.serving:
            self._record(StaffAction.TEST)
            self._say("welcome", language)

    def print_test(self) -> None:
        """Print a slip that says itself that it is only a test."""
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
        self._print_document(slip)

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

    def save_report(self) -> Path:
        """Save the day as CSV, and as PDF beside it, and return the path of the CSV.

        It goes to the USB stick if there is one, else to the terminal's storage. Raises
        StaffError(STICK_UNWRITABLE).
        """
        self._record(StaffAction.REPORT)
        day = self.day()
        settings, stick = self._settings, self._stick
        has_stick = stick.is_dir() and (stick.is_mount() or not self._mounted_only)
        folder = stick if has_stick else settings.path(settings.storage.folder) / "reports"
        path = folder / f"{settings.terminal.id or 'kiosk'}-{day.date.isoformat()}.csv"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, format_csv(day).encode("utf-8-sig"))
            write_whole(path.with_suffix(".pdf"), REPORT_PAPER.encode(self._day_report(day)))
        except OSError as error:
            raise StaffError(Code.STICK_UNWRITABLE, error.strerror or "") from None
        return path

    def print_report(self) -> None:
        """Print the day on the receipt printer. Raises StaffError(PRINTER_MISSING) where there is none."""
        if self._settings.printer.driver == "none":
            raise StaffError(Code.PRINTER_MISSING, "no printer is set up")
        self._record(StaffAction.REPORT)
        self._print_document(self._day_report(self.day()))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _day_report(self, day: DaySummary) -> DayReport:
        terminal = self._settings.terminal
        return to_day_report(day, terminal=terminal.id, place=terminal.place, at_unix=time.time())

    def _check_stick_role(self) -> None:
        if not self.may_use_stick:
            raise StaffError(Code.STAFF_ROLE, "USB sticks are for supervisors here")

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


def _format_minute(at_unix: float | None) -> str:
    return "–" if at_unix is None else f"{datetime.fromtimestamp(at_unix):%Y-%m-%d %H:%M}"


def _flatten(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [row for key, below in value.items() for row in _flatten(f"{prefix}.{key}".strip("."), below)]
    name = prefix.rpartition(".")[2]
    secret = isinstance(value, str) and value and any(part in name for part in _SECRET)
    return [(prefix, _MASK if secret else str(value))]
