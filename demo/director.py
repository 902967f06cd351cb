"""Plays the scenarios: sends customers, breaks the line, cuts the power, and compares the results."""

import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from demo.clerk import PAGES
from demo.environment import Environment
from demo.pipe_messages import ANSWERED, StaffVisitEnded, TerminalMessage
from demo.running_terminal import RunningTerminal
from demo.scenarios import Scenario
from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Outcome, Purpose, Verdict

# Limits after which something is reported as failed. They say nothing about how long it takes: a machine
# that does other work at the same time may need ten times as long as a quiet one.
VISIT_S = 300.0
START_S = 300.0
DELIVERY_S = 180.0

PROMISED = frozenset({Outcome.ACTIVATED, Outcome.ACCEPTED, Outcome.PENDING})
"""Outcomes after which a credential may still come."""
STAFF_AFTER = 5
"""Number of customers before staff look at the panel, so that its pages have something to show."""


class VisitResult(Struct, frozen=True, kw_only=True):
    """What came of one scenario; a row of report.json."""

    scenario: str
    title: str
    expected: str
    outcome: str
    expected_code: str
    code: str
    expected_credentials: int
    credentials: int
    as_expected: bool
    seconds: float
    slip: str = ""
    verdicts: tuple[Verdict, ...] = ()
    note: str = ""


class Director:
    """Plays scenarios one after the other at one terminal, which is started anew after a power cut."""

    def __init__(self, environment: Environment, screens: Path, report: Callable[[str], None]) -> None:
        """`screens`: folder for a picture of each screen. `report` prints a line of progress."""
        self._environment = environment
        self._screens = screens
        self._report = report
        self._process: RunningTerminal | None = None
        self.start_s = 0.0
        """Seconds from the first start of the terminal until it was in service."""
        self.window_s = 0.0
        """Seconds from that start until the window was on the screen."""
        self.pages: tuple[str, ...] = ()
        """Pages of the staff panel that were seen."""

    def start_terminal(self) -> None:
        """Start the terminal. Its window appears by itself; it comes into service once it is enrolled."""
        self._process = RunningTerminal(self._environment, self._screens)

    def play(self, scenarios: tuple[Scenario, ...], *, with_staff: bool) -> list[VisitResult]:
        """Play them all; `with_staff`: a supervisor looks at every page of the panel in between."""
        shown = self._terminal.wait_for_window(START_S)
        if shown is None:
            raise RuntimeError(f"no window; see {self._environment.folder}/terminal.log")
        self.window_s = shown - self._terminal.started
        self._report(f"the window was shown after {self.window_s:.1f} s")
        self.start_s = self._await_service()
        results: list[VisitResult] = []
        for number, scenario in enumerate(scenarios):
            if with_staff and number == min(STAFF_AFTER, len(scenarios) - 1):
                self._show_staff_pages()
            self._report(f"\n▶ {scenario.title}")
            result = self._play(scenario)
            results.append(result)
            mark = "✓" if result.as_expected else "✗"
            self._report(f"  {mark} {result.outcome} {result.code} ({result.seconds:.1f} s) {result.note}")
        return results

    def close(self) -> None:
        """End the terminal, if it was started."""
        if self._process is not None:
            self._process.quit()

    @property
    def _terminal(self) -> RunningTerminal:
        assert self._process is not None
        return self._process

    def _show_staff_pages(self) -> None:
        self._report("\n▶ A supervisor signs in, looks at every page, and signs out")
        self._terminal.send_staff(*self._environment.supervisor)
        ended = self._terminal.wait_for(StaffVisitEnded, VISIT_S)
        self.pages = ended.pages if ended else ()
        self._report(f"  {'✓' if len(self.pages) == len(PAGES) else '✗'} {' '.join(self.pages)}")

    def _await_service(self) -> float:
        idle = self._terminal.wait_for_idle(START_S)
        if idle is None:
            raise RuntimeError(
                f"the terminal did not come into service; see {self._environment.folder}/terminal.log"
            )
        seconds = idle - self._terminal.started
        self._report(f"the terminal was in service after {seconds:.1f} s")
        return seconds

    def _restart(self) -> None:
        """Start the terminal again; its pictures go on where those of the one before stopped."""
        self._process = RunningTerminal(self._environment, self._screens)
        self._await_service()

    def _play(self, scenario: Scenario) -> VisitResult:
        if self._environment.set_phone_code(scenario.phone_code):
            self._report("  the terminal is started with other settings")
            self._terminal.quit()
            self._restart()
        self._environment.set_register(scenario)
        self._environment.set_line(scenario.line)
        began = time.monotonic()
        self._terminal.send_customer(scenario, self._environment.staff(scenario))
        printed = self._await_outcome(scenario)
        if printed is not None and scenario.customer.again is not Purpose.OPEN:
            printed = self._await_outcome(scenario)  # of the visit that was begun on the last screen
        seconds = time.monotonic() - began
        if printed is None:
            self._terminal.quit()
            self._restart()
            return _result(scenario, None, seconds, credentials=0, note="no outcome")
        note, verdicts = self._end_visit(scenario)
        due = scenario.credentials if printed.slip.outcome in PROMISED else 0
        credentials = self._delivered(due, printed.slip.id)
        return _result(scenario, printed, seconds, credentials=credentials, verdicts=verdicts, note=note)

    def _await_outcome(self, scenario: Scenario) -> e.Print | None:
        """Return what the customer is given in the end.

        On a busy machine central may answer only after the terminal has stopped waiting for it. Then the
        screen says ACCEPTED first, and the outcome that is compared is the one that follows.
        """
        final = set(Outcome) if scenario.expected is Outcome.ACCEPTED else ANSWERED
        return self._terminal.wait(lambda message: self._printed(message, final), VISIT_S)

    def _end_visit(self, scenario: Scenario) -> tuple[str, tuple[Verdict, ...]]:
        """Cut the power, or wait for the end of the visit; then the line returns."""
        if scenario.kill:
            self._terminal.kill()
            self._report("  power lost")
            self._environment.set_line("up")
            self._restart()
            return "after SIGKILL and restart", ()
        finished = self._terminal.wait_for(e.Finished, VISIT_S)
        self._terminal.wait_for_idle(VISIT_S)
        self._environment.set_line("up")
        return "", finished.verdicts if finished else ()

    def _delivered(self, due: int, slip: str) -> int:
        """Return how many credentials central has in the end.

        Waits for the `due` ones, and then a moment longer for one too many.
        """
        until = time.monotonic() + DELIVERY_S
        while self._environment.credentials(slip) < due and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.2)
        return self._environment.credentials(slip)

    def _printed(self, message: TerminalMessage, final: set[Outcome] | frozenset[Outcome]) -> e.Print | None:
        notice = message.notice
        if isinstance(notice, e.Show):
            why = "" if notice.code is Code.OK else f"  ({notice.code})"
            self._report(f"    {notice.stage}{why}")
        return notice if isinstance(notice, e.Print) and notice.slip.outcome in final else None


def _result(
    scenario: Scenario,
    printed: e.Print | None,
    seconds: float,
    *,
    credentials: int,
    verdicts: tuple[Verdict, ...] = (),
    note: str = "",
) -> VisitResult:
    outcome: Outcome | str = printed.slip.outcome if printed else "none"
    code: Code | str = printed.slip.code if printed else ""
    met = (outcome, code, credentials) == (scenario.expected, scenario.code, scenario.credentials)
    return VisitResult(
        scenario=scenario.name,
        title=scenario.title,
        expected=scenario.expected,
        outcome=outcome,
        expected_code=scenario.code,
        code=code,
        expected_credentials=scenario.credentials,
        credentials=credentials,
        as_expected=met,
        seconds=round(seconds, 2),
        slip=printed.slip.id if printed else "",
        verdicts=verdicts,
        note=note,
    )
