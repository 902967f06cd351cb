"""The staff panel's pages of lists: today, queue, devices, terminal, report. No page names a customer."""

import time
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.activation.outbox import RequestState, RequestSummary
from kiosk.activation.service import ImportResult
from kiosk.china_time import format_clock
from kiosk.clock import MAX_OFF_S
from kiosk.codes import Code
from kiosk.model import Device, Outcome
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.staff.day_summary import DaySummary
from kiosk.staff.service import SavedReport, StaffService, StatusItem
from kiosk.ui.preview import Preview
from kiosk.ui.staff.background_tasks import BackgroundTasks
from kiosk.ui.staff.paged_list import Tone
from kiosk.ui.staff.staff_page import StaffPage
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Row, TwoPanes, with_stretch
from kiosk.ui.widgets.level_meter import LevelMeter

_OUTCOME_TONES = {
    Outcome.ACTIVATED: Tone.GOOD,
    Outcome.PENDING: Tone.WAITING,
    Outcome.ACCEPTED: Tone.WAITING,
    Outcome.REFUSED: Tone.BAD,
}
"""Others neither succeeded nor failed."""
_STATE_TONES = {
    RequestState.DELIVERED: Tone.GOOD,
    RequestState.WAITING: Tone.WAITING,
    RequestState.PENDING: Tone.WAITING,
    RequestState.WEDGED: Tone.BAD,
}
SETTINGS_LINES = 8
"""Lines of settings in a row: a longer one would not fit on a page."""


class TodayPage(StaffPage):
    """The day's numbers, then each visit by number, time and code."""

    name = "today"
    training_made = Signal(object)

    def __init__(self, service: StaffService, tasks: BackgroundTasks) -> None:
        super().__init__(service, tasks)
        self._train = Button("staff_train", "second")
        self.add_buttons(self._train)
        self._train.clicked.connect(lambda: self.run_task(self.service.begin_training, self._leave))

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._train.set_label(phrases["training.begin"])

    def _leave(self, training: object) -> None:
        """Hand the training over; a customer who is served comes first."""
        if training is None:
            self.show_result(self.phrases["staff.busy"])
        else:
            self.training_made.emit(training)

    def refresh(self) -> None:
        self.run_task(self.service.day, lambda day: self._show(cast(DaySummary, day)))

    def _show(self, day: DaySummary) -> None:
        self.list.clear(keep_page=True)
        add_totals(self, day)
        for row in reversed(day.visits):
            outcome = self.phrases[f"staff.outcome.{row.outcome.value}"]
            way = self.phrases[f"button.way_{row.way}"] if row.way not in ("", "voice") else ""
            below = " · ".join(part for part in (way, self.phrases.clerk(row.code)) if part)
            name, tone = f"{format_clock(row.at_unix)}  {row.visit}", _OUTCOME_TONES.get(row.outcome)
            self.add_row(name, outcome, below, tone=tone)


class QueuePage(StaffPage):
    """Requests that central does not have yet or has refused; USB transfer where there is no network."""

    name = "queue"

    def __init__(self, service: StaffService, tasks: BackgroundTasks) -> None:
        super().__init__(service, tasks)
        self._export, self._import = Button("staff_export", "second"), Button("staff_import", "second")
        self.add_buttons(self._export, self._import)
        self._export.clicked.connect(
            lambda: self.run_task(
                self.service.export,
                lambda n: self.show_result_and_refresh(f"{self.phrases['staff.exported']} {n}"),
            )
        )
        self._import.clicked.connect(
            lambda: self.run_task(
                self.service.import_answers,
                lambda imported: self._show_imported(cast(ImportResult, imported)),
            )
        )

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._export.set_label(phrases["staff.export"])
        self._import.set_label(phrases["staff.import"])

    def refresh(self) -> None:
        for button in (self._export, self._import):
            button.setVisible(self.service.may_use_stick)
        self.run_task(self.service.queue, lambda entries: self._show(cast(list[RequestSummary], entries)))

    def _show(self, entries: list[RequestSummary]) -> None:
        self.list.clear(keep_page=True)
        if all(entry.state is RequestState.DELIVERED for entry in entries):
            self.add_heading(self.phrases["staff.nothing_waits"])
        for entry in entries:
            below = self.phrases.clerk(entry.code if entry.code is not None else Code.OK)
            if entry.state is not RequestState.DELIVERED:
                age = format_age(time.time() - entry.put_unix, self.phrases)
                below = f"{self.phrases['staff.age']} {age}  {below}".strip()
            state = self.phrases[f"staff.state.{entry.state.value}"]
            button = partial(self._action_button, entry)
            self.add_row(entry.id, state, below, tone=_STATE_TONES[entry.state], button=button)

    def _action_button(self, entry: RequestSummary) -> Button | None:
        """Return the button for what can be done about `entry`: a lost request cannot be sent again."""
        if entry.state is not RequestState.WEDGED or entry.code is Code.REQUEST_GIVEN_UP:
            return None
        if entry.code is Code.REQUEST_LOST:
            return self._make_action("give_up", entry.id, self.service.give_up, "staff.given_up")
        return self._make_action("retry", entry.id, self.service.retry, "staff.retried")

    def _make_action(self, name: str, id: str, action: Callable[[str], object], done: str) -> Button:
        button = Button(f"{name}_{id}", "primary", role="small")
        button.set_label(self.phrases[f"staff.{name}"])
        button.clicked.connect(
            lambda: self.run_task(
                lambda: action(id), lambda _: self.show_result_and_refresh(self.phrases[done])
            )
        )
        return button

    def _show_imported(self, imported: ImportResult) -> None:
        if imported.altered:
            self.show_failure(Code.STICK_ALTERED)
            self.refresh()
        else:
            self.show_result_and_refresh(f"{self.phrases['staff.imported']} {imported.receipts}")


class DevicesPage(StaffPage):
    """State of each device; a live picture, a level meter, a spoken sentence and a printed slip for tests."""

    name = "devices"

    def __init__(self, service: StaffService, tasks: BackgroundTasks, feeds: Feeds) -> None:
        super().__init__(service, tasks)
        self._testing = False  # camera and microphone are open for a test
        self.preview, level = Preview(feeds.frame), LevelMeter()
        self.preview.polled.connect(lambda: level.show_level(feeds.level_dbfs()))
        self._tests = QWidget()
        tests = QVBoxLayout(self._tests)
        tests.setContentsMargins(0, 0, 0, 0)
        tests.addWidget(with_stretch(self.preview, 1))
        tests.addWidget(level)
        self._tests.hide()
        self.box.insertWidget(1, self._tests, 1)
        self._look = Button("staff_look", "second", role="small")
        self._tone, self._print = Button("staff_tone", role="small"), Button("staff_print", role="small")
        self._stick = Button("staff_stick", role="small")
        self.box.addWidget(TwoPanes(Row(self._look, self._stick), Row(self._tone, self._print)))
        self._look.clicked.connect(lambda: self._switch_tests(not self._testing))
        self._tone.clicked.connect(
            lambda: self.run_task(
                lambda: self.service.test_speaker(self.phrases.language),
                lambda done: self.show_result_and_refresh(
                    self.phrases["staff.played" if done else "staff.busy"]
                ),
            )
        )
        self._stick.clicked.connect(
            lambda: self.run_task(
                self.service.test_stick, lambda _: self.show_result(self.phrases["staff.stick_works"])
            )
        )
        self._print.clicked.connect(
            lambda: self.run_task(
                self.service.print_test,
                lambda reported: self.show_result_and_refresh(printed_text(bool(reported), self.phrases)),
            )
        )

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._tone.set_label(phrases["staff.tone"])
        self._print.set_label(phrases["staff.print_test"])
        self._stick.set_label(phrases["staff.try_stick"])
        self._label_look()

    def refresh(self) -> None:
        devices = self.service.devices()
        self.list.clear(keep_page=True)
        for device in sorted(devices, key=lambda d: (devices[d] is Code.OK, list(Device).index(d))):
            code = devices[device]
            state = self.phrases["staff.good" if code is Code.OK else "staff.bad"]
            level = self.service.device_level(device)
            why = "" if code is Code.OK else f"{self.phrases.clerk(code)}{level} [{code.value}]"
            tone = Tone.GOOD if code is Code.OK else Tone.BAD
            self.add_row(self.phrases[f"device.{device.value}"], state, why, tone=tone)
        self.refreshed.emit()

    def clear(self) -> None:
        if self._testing:
            self._show_tests(False)
            self.tasks.run(lambda: self.service.test_devices(False), lambda _: None, lambda _: None)
        super().clear()

    def _switch_tests(self, wanted: bool) -> None:
        def finish(done: object) -> None:
            if not done:
                self.show_result(self.phrases["staff.busy"])
            self._show_tests(wanted and bool(done) and self.isVisible())

        self.run_task(lambda: self.service.test_devices(wanted), finish)

    def _show_tests(self, visible: bool) -> None:
        self._testing = visible
        self._tests.setVisible(visible)
        self.list.setVisible(not visible)  # while a camera is adjusted its picture gets the room
        self._label_look()

    def _label_look(self) -> None:
        self._look.set_label(self.phrases["staff.look_off" if self._testing else "staff.look_on"])

    def show_failure(self, code: Code) -> None:
        super().show_failure(code)
        self.refresh()


class TerminalPage(StaffPage):
    """Versions, disk, clock, network, locked staff; then every setting, with secrets masked."""

    name = "terminal"

    def refresh(self) -> None:
        self.run_task(
            lambda: (self.service.status_items(), self.service.locked()),
            lambda found: self._show(*cast(tuple[list[StatusItem], dict[str, float]], found)),
        )

    def _show(self, items: list[StatusItem], locked: dict[str, float]) -> None:
        self.list.clear(keep_page=True)
        if locked:
            self.add_heading(self.phrases["staff.locked"])
        for number, seconds in locked.items():
            minutes = f"{max(1, round(seconds / 60))} {self.phrases['staff.minutes']}"
            self.add_row(number, minutes, tone=Tone.BAD, button=partial(self._unlock_button, number))
        for item in items:
            self.add_row(f"{self.phrases[f'staff.fact.{item.name}']} {item.of}".rstrip(), item.value)
        self.add_heading(self.phrases["staff.settings"])
        for section, rows in groupby(self.service.settings(), key=lambda row: row[0].partition(".")[0]):
            lines = [f"{name} = {value}" for name, value in rows]
            for first in range(0, len(lines), SETTINGS_LINES):
                self.add_row(section, below="\n".join(lines[first : first + SETTINGS_LINES]))

    def _unlock_button(self, number: str) -> Button | None:
        if not self.service.may_unlock:
            return None
        button = Button(f"unlock_{number}", "primary", role="small")
        button.set_label(self.phrases["staff.unlock"])
        button.clicked.connect(
            lambda: self.run_task(lambda: self.service.unlock(number), lambda _: self.refresh())
        )
        return button


class ReportPage(StaffPage):
    """The report of the day: outcomes and codes, the queue, what staff did; also as a file or on paper."""

    name = "report"

    def __init__(self, service: StaffService, tasks: BackgroundTasks) -> None:
        super().__init__(service, tasks)
        self._save, self._print = Button("staff_save", "second"), Button("staff_print_report", "second")
        self.add_buttons(self._save, self._print)
        self._save.clicked.connect(
            lambda: self.run_task(
                self.service.save_report,
                lambda saved: self._show_saved(cast(SavedReport, saved)),
            )
        )
        self._print.clicked.connect(
            lambda: self.run_task(
                self.service.print_report,
                lambda reported: self.show_result(printed_text(bool(reported), self.phrases)),
            )
        )

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._save.set_label(phrases["staff.save"])
        self._print.set_label(phrases["staff.print_report"])

    def refresh(self) -> None:
        self.run_task(self.service.day, lambda day: self._show(cast(DaySummary, day)))

    def _show_saved(self, saved: SavedReport) -> None:
        """Say where the files are: those on the terminal's own disk reach nobody."""
        if saved.on_stick:
            self.show_result(f"{self.phrases['staff.saved']}  {saved.name}.pdf, {saved.name}.csv")
        else:
            self.show_warning(self.phrases["staff.saved_here"])
        self.refresh()

    def _show(self, day: DaySummary) -> None:
        self.list.clear(keep_page=True)
        add_totals(self, day)
        for (outcome, code), count in sorted(day.codes.items(), key=lambda item: -item[1]):
            name = self.phrases[f"staff.outcome.{outcome.value}"]
            self.add_row(name, str(count), self.phrases.clerk(code), tone=_OUTCOME_TONES.get(outcome))
        self.add_heading(self.phrases["staff.acts"])
        for act in reversed(day.actions):
            name = self.phrases[f"staff.act.{act.act}"]
            who, tone = f"{format_clock(act.at_unix)}  {act.clerk}", None if act.code is Code.OK else Tone.BAD
            self.add_row(who, name, self.phrases.clerk(act.code), tone=tone)


def printed_text(reported: bool, phrases: Phrases) -> str:
    """Return what came of printing. `reported`: a printer said so; else it went to a file."""
    return phrases["staff.printed" if reported else "staff.printed_to_file"]


def format_age(seconds: float, phrases: Phrases) -> str:
    """Return an age in its largest whole unit: days, hours or minutes; a dash for one that cannot be."""
    if seconds < -MAX_OFF_S:
        return "–"
    minutes = max(0, int(seconds)) // 60
    for size, unit in ((1440, "days"), (60, "hours")):
        if minutes >= size:
            return f"{minutes // size} {phrases['staff.' + unit]}"
    return f"{minutes} {phrases['staff.minutes']}"


def add_totals(page: StaffPage, day: DaySummary) -> None:
    """Add the numbers of the day to `page`: visits by outcome, other ways, other purposes, the queue."""
    phrases = page.phrases
    if not day.visits:
        page.add_heading(phrases["staff.nobody_yet"])
    outcomes = [f"{phrases[f'staff.outcome.{name.value}']} {count}" for name, count in day.outcomes.items()]
    visits = f"{day.date.isoformat()}  {phrases['staff.visits']}"
    page.add_row(visits, str(len(day.visits)), " · ".join(outcomes))
    if day.other_ways:
        page.add_row(phrases["staff.other_ways"], str(day.other_ways))
    if matters := sorted(day.other_matters.items()):
        named = [f"{phrases[f'button.{purpose.value}']} {count}" for purpose, count in matters]
        page.add_row(phrases["button.other_matter"], str(day.other_matters.total()), " · ".join(named))
    waiting = f"{phrases['staff.state.waiting']} {day.waiting}"
    wedged = f"{phrases['staff.state.wedged']} {day.wedged}"
    page.add_row(phrases["staff.queue"], str(day.waiting + day.wedged), f"{waiting} · {wedged}")
