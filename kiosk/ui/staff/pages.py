"""The five pages: today, the queue, devices, the terminal, the report. No page names a customer."""

import time
from itertools import groupby
from typing import cast

from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.activation.outbox import RequestSummary, RequestState
from kiosk.activation.service import ImportResult
from kiosk.codes import Code
from kiosk.model import Device
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.staff.service import DaySummary, StatusItem, StaffService, clock
from kiosk.ui.preview import Preview
from kiosk.ui.screens.base import stretched
from kiosk.ui.staff.background_tasks import BackgroundTasks
from kiosk.ui.staff.page import Page
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.level import Level

SHOWN = 60
"""Rows of a list; the file of the report has all."""


class TodayPage(Page):
    """How many came and how it ended, then each visit by number, time and code."""

    name = "today"

    def show_now(self) -> None:
        self.do(self.counter.day, lambda day: self._write(cast(DaySummary, day)))

    def _write(self, day: DaySummary) -> None:
        self.list.clear()
        counts(self, day)
        for row in reversed(day.visits[-SHOWN:]):
            left = f"{format_time(row.at_unix)}  {row.visit}"
            word = self.phrases[f"staff.outcome.{row.outcome.value}"]
            way = self.phrases[f"button.way_{row.way}"] if row.way not in ("", "voice") else ""
            below = " · ".join(part for part in (way, self.phrases.clerk(row.code)) if part)
            self.line(left, word, below)


class QueuePage(Page):
    """What central does not have yet, or did not take; sticks for a terminal without a line."""

    name = "queue"

    def __init__(self, counter: StaffService, errands: BackgroundTasks) -> None:
        super().__init__(counter, errands)
        self._out, self._in = Button("staff_export", "second"), Button("staff_import", "second")
        self.add_buttons(self._out, self._in)
        self._out.clicked.connect(self._export)
        self._in.clicked.connect(self._import)

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._out.say(phrases["staff.export"])
        self._in.say(phrases["staff.import"])

    def show_now(self) -> None:
        for button in (self._out, self._in):
            button.setVisible(self.counter.may_use_stick)
        self.do(self.counter.queue, lambda entries: self._write(cast(list[RequestSummary], entries)))

    def _write(self, entries: list[RequestSummary]) -> None:
        self.list.clear()
        open_ = [entry for entry in entries if entry.state is not RequestState.DELIVERED]
        if not open_:
            self.heading(self.phrases["staff.nothing_waits"])
        for entry in entries[:SHOWN]:
            self._add(entry)

    def _add(self, entry: RequestSummary) -> None:
        state = self.phrases[f"staff.state.{entry.state.value}"]
        code = entry.code if entry.code is not None else Code.OK
        below = self.phrases.clerk(code)
        if entry.state is not RequestState.DELIVERED:
            below = f"{self.phrases['staff.age']} {self._age(entry)}  {below}".strip()
        self.line(entry.id, state, below, button=self._act(entry))

    def _act(self, entry: RequestSummary) -> Button | None:
        """What can be done about it: of a lost request there is nothing to send again."""
        if entry.state is not RequestState.WEDGED or entry.code is Code.REQUEST_GIVEN_UP:
            return None
        lost = entry.code is Code.REQUEST_LOST
        act, done = ("give_up", self._give_up) if lost else ("retry", self._retry)
        button = Button(f"{act}_{entry.id}", "primary", role="small")
        button.say(self.phrases[f"staff.{act}"])
        button.clicked.connect(lambda: done(entry.id))
        return button

    def _age(self, entry: RequestSummary) -> str:
        minutes = max(0, int(time.time() - entry.put_unix)) // 60
        for size, unit in ((1440, "days"), (60, "hours")):
            if minutes >= size:
                return f"{minutes // size} {self.phrases['staff.' + unit]}"
        return f"{minutes} {self.phrases['staff.minutes']}"

    def _retry(self, request: str) -> None:
        self.do(lambda: self.counter.retry(request), lambda _: self._after(self.phrases["staff.retried"]))

    def _give_up(self, request: str) -> None:
        self.do(lambda: self.counter.give_up(request), lambda _: self._after(self.phrases["staff.given_up"]))

    def _export(self) -> None:
        self.do(self.counter.export, lambda n: self._after(f"{self.phrases['staff.exported']} {n}"))

    def _import(self) -> None:
        self.do(self.counter.import_answers, lambda brought: self._imported(cast(ImportResult, brought)))

    def _imported(self, brought: ImportResult) -> None:
        if brought.altered:
            self.fail(Code.STICK_ALTERED)
        else:
            self.tell(f"{self.phrases['staff.imported']} {brought.receipts}")
        self.show_now()

    def _after(self, text: str) -> None:
        self.tell(text)
        self.show_now()


class DevicesPage(Page):
    """Each device in words; a live picture, a level meter, a spoken sentence and a printed slip to try."""

    name = "devices"

    def __init__(self, counter: StaffService, errands: BackgroundTasks, feeds: Feeds) -> None:
        super().__init__(counter, errands)
        self._looking = False
        self.preview, self._level = Preview(feeds.frame), Level()
        self.preview.looked.connect(lambda: self._level.show_level(feeds.level_dbfs()))
        self._tests = QWidget()
        tests = QVBoxLayout(self._tests)
        tests.setContentsMargins(0, 0, 0, 0)
        tests.addWidget(stretched(self.preview, 1))
        tests.addWidget(self._level)
        self._tests.hide()
        self.box.insertWidget(1, self._tests, 1)
        self._look = Button("staff_look", "second", role="small")
        self._tone, self._print = Button("staff_tone", role="small"), Button("staff_print", role="small")
        self.box.addWidget(self._look)
        self.add_buttons(self._tone, self._print)
        self._look.clicked.connect(self._turn)
        self._tone.clicked.connect(lambda: self._try(lambda: self.counter.test_speaker(self.phrases.language)))
        self._print.clicked.connect(lambda: self._try(self.counter.print_test))

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._tone.say(phrases["staff.tone"])
        self._print.say(phrases["staff.print_test"])
        self._say_look()

    def show_now(self) -> None:
        devices = self.counter.devices()
        self.list.clear()
        for device in sorted(devices, key=lambda d: (devices[d] is Code.OK, list(Device).index(d))):
            code = devices[device]
            word = self.phrases["staff.good" if code is Code.OK else "staff.bad"]
            level = self.counter.device_level(device)
            why = "" if code is Code.OK else f"{self.phrases.clerk(code)}{level} [{code.value}]"
            self.line(self.phrases[f"device.{device.value}"], word, why)
        self.written.emit()

    def leave(self) -> None:
        if self._looking:
            self._show_tests(False)
            self.errands.run(lambda: self.counter.test_devices(False), lambda _: None, lambda _: None)
        super().leave()

    def _turn(self) -> None:
        wanted = not self._looking
        self.do(lambda: self.counter.test_devices(wanted), lambda done: self._turned(wanted, bool(done)))

    def _turned(self, wanted: bool, done: bool) -> None:
        if not done:
            self.tell(self.phrases["staff.busy"])
        self._show_tests(wanted and done and self.isVisible())

    def _show_tests(self, seen: bool) -> None:
        self._looking = seen
        self._tests.setVisible(seen)
        self.list.setVisible(not seen or self.look.portrait)  # on a wide screen there is room for one
        self._say_look()

    def _say_look(self) -> None:
        self._look.say(self.phrases["staff.look_off" if self._looking else "staff.look_on"])

    def _try(self, work: object) -> None:
        self.do(work, lambda _: self.show_now())  # type: ignore[arg-type]


class TerminalPage(Page):
    """Versions, disk, clock, line, who is locked; then every setting, secrets masked."""

    name = "terminal"

    def show_now(self) -> None:
        self.do(self._ask, lambda found: self._write(*cast(tuple[list[StatusItem], dict[str, float]], found)))

    def _ask(self) -> object:
        return self.counter.status_items(), self.counter.locked()

    def _write(self, facts: list[StatusItem], locked: dict[str, float]) -> None:
        self.list.clear()
        if locked:
            self.heading(self.phrases["staff.locked"])
        for number, seconds in locked.items():
            self.line(number, f"{max(1, round(seconds / 60))} {self.phrases['staff.minutes']}",
                      button=self._unlock(number))  # fmt: skip
        for fact in facts:
            self.line(self.phrases[f"staff.fact.{fact.name}"], fact.value)
        self.heading(self.phrases["staff.settings"])
        for section, rows in groupby(self.counter.settings(), key=lambda row: row[0].partition(".")[0]):
            self.line(section, below="\n".join(f"{name} = {value}" for name, value in rows))

    def _unlock(self, number: str) -> Button | None:
        if not self.counter.may_unlock:
            return None
        button = Button(f"unlock_{number}", "primary", role="small")
        button.say(self.phrases["staff.unlock"])
        button.clicked.connect(
            lambda: self.do(lambda: self.counter.unlock(number), lambda _: self.show_now())
        )
        return button


class ReportPage(Page):
    """The end of the day: outcomes and codes, what waits, what staff did; also as a file."""

    name = "report"

    def __init__(self, counter: StaffService, errands: BackgroundTasks) -> None:
        super().__init__(counter, errands)
        self._save, self._print = Button("staff_save", "second"), Button("staff_print_report", "second")
        self.add_buttons(self._save, self._print)
        self._save.clicked.connect(self._store)
        self._print.clicked.connect(self._put_on_paper)

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._save.say(phrases["staff.save"])
        self._print.say(phrases["staff.print_report"])

    def show_now(self) -> None:
        self.do(self.counter.day, lambda day: self._write(cast(DaySummary, day)))

    def _store(self) -> None:
        self.do(self.counter.save_report, lambda path: self._saved(str(path)))

    def _put_on_paper(self) -> None:
        self.do(self.counter.print_report, lambda _: self.tell(self.phrases["staff.sent_to_printer"]))

    def _saved(self, path: str) -> None:
        self.tell(f"{self.phrases['staff.saved']}  {path}")
        self.show_now()

    def _write(self, day: DaySummary) -> None:
        self.list.clear()
        counts(self, day)
        for (outcome, code), count in sorted(day.codes.items(), key=lambda item: -item[1]):
            word = self.phrases[f"staff.outcome.{outcome.value}"]
            self.line(word, str(count), self.phrases.clerk(code))
        self.heading(self.phrases["staff.acts"])
        for act in reversed(day.actions[-SHOWN:]):
            word = self.phrases[f"staff.act.{act.act}"]
            self.line(f"{format_time(act.at_unix)}  {act.clerk}", word, self.phrases.clerk(act.code))


def counts(page: Page, day: DaySummary) -> None:
    """The numbers of the day, first of all."""
    words = page.phrases
    if not day.visits:
        page.heading(words["staff.nobody_yet"])
    outcomes = [
        f"{words[f'staff.outcome.{outcome.value}']} {count}" for outcome, count in day.outcomes.items()
    ]
    page.line(f"{day.date.isoformat()}  {words['staff.visits']}", str(len(day.visits)), " · ".join(outcomes))
    if day.other_ways:
        page.line(words["staff.other_ways"], str(day.other_ways))
    queue = [
        f"{words[f'staff.state.{name}']} {n}"
        for name, n in (("waiting", day.waiting), ("wedged", day.wedged))
    ]
    page.line(words["staff.queue"], str(day.waiting + day.wedged), " · ".join(queue))
