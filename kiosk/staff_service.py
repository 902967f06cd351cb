"""What staff can see and do at the terminal: one door, for whatever panel is in front of it.

Nothing here holds or shows a customer's data. Every act needs somebody who is signed in, and is in the audit
log before it is done: without its record it is not done.
"""

import csv
import io
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from kiosk.activation.outbox import Entry, State
from kiosk.activation.service import ActivationService, ImportResult
from kiosk.codes import Code
from kiosk.errors import IdentityError, OutboxError, StaffError
from kiosk.files import write_whole
from kiosk.model import Clerk, DayReport, Device, Language, Outcome, Role, Slip
from kiosk.printing.output_formats import Paper
from kiosk.settings import Settings
from kiosk.staff.actions import ActionLog, StaffAction
from kiosk.staff.daybook import ActionRow, VisitRow
from kiosk.staff.roster import Roster

_SECRET = ("password", "secret", "token", "key", "pin")
_MASK = "••••"
PAGE = Paper("pdf", "80mm", "")
"""How the day is saved for reading."""


class Hands(Struct, frozen=True):
    """What of the terminal the counter may touch; every callable returns at once."""

    desk: Callable[[], ActivationService | None]
    devices: Callable[[], Mapping[Device, Code]]
    look: Callable[[bool], None]  # open camera and microphone, or let go of them
    busy: Callable[[], bool]  # is a customer being served
    say: Callable[[str, str], None]  # prompt, language
    print: Callable[[Slip | DayReport], None]
    versions: Callable[[], Mapping[str, str]]
    microphone_dbfs: Callable[[], float | None] = lambda: None


class Day(Struct, frozen=True):
    """One day at this terminal."""

    day: date
    visits: tuple[VisitRow, ...]
    acts: tuple[ActionRow, ...]
    waiting: int = 0
    wedged: int = 0

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        return Counter(row.outcome for row in self.visits)

    @property
    def codes(self) -> Mapping[tuple[Outcome, Code], int]:
        return Counter((row.outcome, row.code) for row in self.visits)

    @property
    def other_ways(self) -> int:
        """Visits that were not checked by voice."""
        return sum(row.way not in ("", "voice") for row in self.visits)


class Fact(Struct, frozen=True):
    """A line of the terminal's own state. `name`: a key of the phrases; `value` as it is."""

    name: str
    value: str


class StaffService:
    """Methods raise KioskError with the code to be told; they may touch the disk, so not on Qt's thread."""

    def __init__(self, settings: Settings, roster: Roster, acts: ActionLog, hands: Hands) -> None:
        self.roster = roster
        self.idle_warning_s = settings.staff.idle_warning_s
        self.idle_s = settings.staff.idle_s
        self._settings = settings
        self._acts = acts
        self._hands = hands
        self._mounted_only = settings.mode != "simulation"

    # ── to be seen ───────────────────────────────────────────────────────────────────────────────

    def day(self) -> Day:
        """Today, and what lies in the queue now."""
        book = self._acts.daybook
        rows = book.read()
        visits = tuple(row for row in rows if isinstance(row, VisitRow))
        acts = tuple(row for row in rows if isinstance(row, ActionRow))
        states = Counter(entry.state for entry in self._queue_or_nothing())
        waiting = states[State.WAITING] + states[State.PENDING]
        return Day(book.today(), visits, acts, waiting, states[State.WEDGED])

    def queue(self) -> list[Entry]:
        """Wedged ones first, then the oldest; those delivered last, newest first."""
        rank = {State.WEDGED: 0, State.WAITING: 1, State.PENDING: 1, State.DELIVERED: 2}

        def place(entry: Entry) -> tuple[int, float]:
            age = -entry.put_unix if entry.state is State.DELIVERED else entry.put_unix
            return rank[entry.state], age

        return sorted(self._desk().requests(), key=place)

    def devices(self) -> Mapping[Device, Code]:
        """What was last heard of each device."""
        return dict(self._hands.devices())

    def device_level(self, device: Device) -> str:
        """What was measured with a fault of the microphone's gain; empty for all else."""
        level = self._hands.microphone_dbfs()
        faulty = self._hands.devices().get(device) in (Code.MICROPHONE_TOO_QUIET, Code.MICROPHONE_CLIPPED)
        return f" ({level:.0f} dBFS)" if faulty and level is not None else ""

    def facts(self) -> list[Fact]:
        """Who this terminal is and how it stands: versions, disk, clock, line, roster."""
        s, desk = self._settings, self._hands.desk()
        off = desk.clock_off_s if desk else None
        contact = desk.contact_unix if desk else None
        free = shutil.disk_usage(s.path(s.storage.folder).parent).free / 1e9
        facts = [
            Fact("terminal", s.terminal.id),
            Fact("place", s.terminal.place),
            Fact("clock", f"{datetime.now():%Y-%m-%d %H:%M:%S}"),
            Fact("clock_off", "–" if off is None else f"{off:+.1f} s"),
            Fact("line", _when(contact)),
            Fact("disk", f"{free:.1f} GB"),
            Fact("roster", _when(self.roster.expires_unix())),
        ]
        return facts + [Fact("version", f"{k} {v}") for k, v in sorted(self._hands.versions().items())]

    def settings(self) -> list[tuple[str, str]]:
        """Every setting by its dotted name; what could be a secret is masked."""
        return _flat("", msgspec.to_builtins(self._settings))

    # ── to be done ───────────────────────────────────────────────────────────────────────────────

    def retry(self, request: str) -> bool:
        """Send a wedged request once more."""
        self._note(StaffAction.RETRY, visit=request)
        return self._desk().retry(request)

    def give_up(self, request: str) -> bool:
        """A supervisor takes note that a promised request is lost, and sees to its customer; only then is
        anybody served again.
        """
        if self._clerk().role is not Role.SUPERVISOR:
            raise StaffError(Code.STAFF_ROLE, "only a supervisor answers for a lost request")
        if all(e.id != request or e.code is not Code.REQUEST_LOST for e in self._desk().requests()):
            return False  # no record of what is not so
        self._note(StaffAction.GIVE_UP, visit=request)
        return self._desk().give_up(request)

    def export(self) -> int:
        """Undelivered requests onto the stick; how many."""
        self._check_stick()
        self._note(StaffAction.EXPORT)
        return self._desk().export(self._stick, mounted_only=self._mounted_only)

    def import_answers(self) -> ImportResult:
        """Central's answers from the stick."""
        self._check_stick()
        self._note(StaffAction.IMPORT)
        brought = self._desk().import_answers(self._stick, mounted_only=self._mounted_only)
        if brought.altered:
            self._acts.note(
                StaffAction.IMPORT, self._clerk().number, Code.STICK_ALTERED, altered=brought.altered
            )
        return brought

    def look(self, wanted: bool) -> bool:
        """Open camera and microphone for a test, or let go of them. Not while a customer is served: False."""
        if self._hands.busy():
            return False
        if wanted:
            self._note(StaffAction.TEST)
        self._hands.look(wanted)
        return True

    def tone(self, language: str) -> None:
        """Let the loudspeaker speak; not into a customer's visit."""
        if not self._hands.busy():
            self._note(StaffAction.TEST)
            self._hands.say("welcome", language)

    def print_test(self) -> None:
        """A slip that says itself that it is none."""
        self._note(StaffAction.TEST)
        t = self._settings.terminal
        slip = Slip(
            id="0000-0000-0000-0000", outcome=Outcome.ABANDONED, code=Code.OK, terminal=t.id, place=t.place,
            at_unix=time.time(), simulated=True,
        )  # fmt: skip
        self._hands.print(slip)

    def unlock(self, number: str) -> None:
        """Only a supervisor."""
        self.roster.unlock(number)

    def locked(self) -> Mapping[str, float]:
        """Numbers locked now → seconds left; nobody if that cannot be told."""
        try:
            return self.roster.locked()
        except StaffError:
            return {}

    @property
    def may_unlock(self) -> bool:
        clerk = self.roster.signed_in
        return clerk is not None and clerk.role is Role.SUPERVISOR

    def save_report(self) -> Path:
        """The day as CSV and, to be read, as PDF beside it; onto the stick if one is there, else with the
        terminal's records. The path of the CSV.
        """
        self._note(StaffAction.REPORT)
        day = self.day()
        stick = self._stick
        there = stick.is_dir() and (stick.is_mount() or not self._mounted_only)
        folder = stick if there else self._settings.path(self._settings.storage.folder) / "reports"
        path = folder / f"{self._settings.terminal.id or 'kiosk'}-{day.day.isoformat()}.csv"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, table(day).encode("utf-8-sig"))
            write_whole(path.with_suffix(".pdf"), PAGE.made(self._report(day)))
        except OSError as error:
            raise StaffError(Code.STICK_UNWRITABLE, error.strerror or "") from None
        return path

    def print_report(self) -> None:
        """The day, on the receipt printer. Raises StaffError(PRINTER_MISSING) where there is none."""
        if self._settings.printer.driver == "none":
            raise StaffError(Code.PRINTER_MISSING, "no printer is set up")
        self._note(StaffAction.REPORT)
        self._hands.print(self._report(self.day()))

    def _report(self, day: Day) -> DayReport:
        terminal = self._settings.terminal
        return day_report(day, terminal.id, terminal.place, time.time())

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    @property
    def may_use_stick(self) -> bool:
        """Where the settings say so, only a supervisor."""
        return not self._settings.staff.stick_supervisor or self.may_unlock

    def _check_stick(self) -> None:
        if not self.may_use_stick:
            raise StaffError(Code.STAFF_ROLE, "sticks are for supervisors here")

    @property
    def _stick(self) -> Path:
        return self._settings.path(self._settings.staff.stick)

    def _clerk(self) -> Clerk:
        clerk = self.roster.signed_in
        if clerk is None:
            raise StaffError(Code.STAFF_IDLE, "nobody is signed in")
        return clerk

    def _note(self, act: StaffAction, visit: str | None = None) -> None:
        if not self._acts.note(act, self._clerk().number, visit=visit):
            raise StaffError(Code.AUDIT_UNWRITABLE, "no act without its record")

    def _desk(self) -> ActivationService:
        desk = self._hands.desk()
        if desk is None:
            raise StaffError(Code.STARTING, "the models are not there yet")
        return desk

    def _queue_or_nothing(self) -> list[Entry]:
        try:
            return self._desk().requests()
        except (StaffError, OutboxError, IdentityError):
            return []


def day_report(
    day: Day, terminal: str, place: str, now_unix: float, language: str = Language.ZH_HANS
) -> DayReport:
    """The day as it is printed."""
    return DayReport(
        id=f"{terminal or 'kiosk'}-{day.day.isoformat()}",
        day=day.day,
        terminal=terminal,
        place=place,
        at_unix=now_unix,
        outcomes=tuple((outcome, code, count) for (outcome, code), count in sorted(day.codes.items())),
        other_ways=day.other_ways,
        waiting=day.waiting,
        wedged=day.wedged,
        acts=tuple((act.at_unix, act.clerk, act.act, act.code) for act in day.acts),
        language=language,
    )


def table(day: Day) -> str:
    """The day as CSV: what, code, how many; then each act of staff."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["section", "what", "code", "count_or_time"])
    rows.writerow(["day", day.day.isoformat(), "", len(day.visits)])
    for (outcome, code), count in sorted(day.codes.items()):
        rows.writerow(["visits", outcome.value, code.value, count])
    for name, count in (("other_ways", day.other_ways), ("waiting", day.waiting), ("wedged", day.wedged)):
        rows.writerow(["counts", name, "", count])
    for act in day.acts:
        rows.writerow(["clerk " + act.clerk, act.act, act.code.value, clock(act.at_unix)])
    return text.getvalue()


def clock(at_unix: float) -> str:
    """Hours, minutes and seconds, local time."""
    return f"{datetime.fromtimestamp(at_unix):%H:%M:%S}"


def _when(at_unix: float | None) -> str:
    return "–" if at_unix is None else f"{datetime.fromtimestamp(at_unix):%Y-%m-%d %H:%M}"


def _flat(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [row for key, inner in value.items() for row in _flat(f"{prefix}.{key}".strip("."), inner)]
    name = prefix.rpartition(".")[2]
    secret = isinstance(value, str) and value and any(part in name for part in _SECRET)
    return [(prefix, _MASK if secret else str(value))]
