"""Gates before a visit, through the real engine: the reason is on the screen, and the way out works."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from central.fleet import alarms
from central.fleet.alarms import AlarmKind
from kiosk import readiness
from kiosk.activation.outbox import RequestState
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.events import Stored
from kiosk.model import Device, Stage
from kiosk.visit_number import new_visit_number
from tests.end_to_end.conftest import SiteMaker
from tests.support.activation_terminal import order, submit
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import HeadlessTerminal


@pytest.fixture(scope="module", autouse=True)
def impatience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readiness, "CHECK_S", 0.2)
        yield


def test_too_many_wait_until_the_line_is_back(new_site: SiteMaker) -> None:
    site = new_site(gates={"waiting": 1})
    site.enrol()
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        site.line.down()
        mark = headless.notice_log.mark
        visit = new_visit_number()
        assert submit(headless.terminal.activation, order(visit)) == Stored(visit)
        headless.notice_log.wait_for_missing({Device.BACKLOG: Code.QUEUE_TOO_MANY}, mark)
        assert headless.notice_log.wait_for_stage(Stage.OUT_OF_SERVICE, mark).code is Code.QUEUE_TOO_MANY
        mark = headless.notice_log.mark
        site.line.up()
        headless.in_service(mark)


def test_silence_and_age_keep_visits_from_beginning(new_site: SiteMaker) -> None:
    site = new_site()
    site.enrol()
    with HeadlessTerminal(site.settings) as headless, pytest.MonkeyPatch.context() as later:
        headless.in_service()
        mark = headless.notice_log.mark
        real = readiness.gate_codes

        def in_years(waiting, known, now_unix, gates):
            return real(waiting, known, now_unix + 401 * 86_400, gates)

        later.setattr("kiosk.readiness.gate_codes", in_years)
        headless.notice_log.wait_for_missing({Device.SOFTWARE: Code.SOFTWARE_TOO_OLD}, mark)
        later.undo()
        headless.in_service(mark)


def test_a_promised_request_that_is_not_there_any_more_keeps_everybody_out(new_site: SiteMaker) -> None:
    """The outbox is replaced by an older copy between two days; the log knows better."""
    site = new_site()
    site.enrol()
    outbox = site.storage / "outbox.sqlite3"
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
    shutil.copy(outbox, site.folder / "copy")
    visit = new_visit_number()
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        site.line.down()
        assert submit(headless.terminal.activation, order(visit)) == Stored(visit)
        headless.terminal.audit.append(RecordKind.VISIT_STORED, visit=visit)  # what the engine writes
    shutil.copy(site.folder / "copy", outbox)
    site.line.up()
    with HeadlessTerminal(site.settings) as headless:
        headless.notice_log.wait_for_missing({Device.LEDGER: Code.REQUEST_LOST})
        (entry,) = headless.terminal.staff.queue()
        assert (entry.id, entry.state, entry.code) == (visit, RequestState.WEDGED, Code.REQUEST_LOST)
        mark = headless.notice_log.mark
        assert headless.terminal.activation.give_up(
            visit
        )  # what the panel's supervisor does, after the record
        headless.in_service(mark)


def test_a_log_that_was_put_back_is_noticed_at_central_and_released_there(
    new_site: SiteMaker, central: RunningCentral
) -> None:
    site = new_site()
    site.enrol()
    log = site.storage / "audit" / "audit.log"
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
    before = log.read_bytes()
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        for _ in range(40):
            headless.terminal.audit.append(RecordKind.WAY_TAKEN)
        heard = headless.terminal.activation.contact_unix
        while headless.terminal.activation.contact_unix == heard:  # central was told of all that
            time.sleep(0.1)
    log.write_bytes(before)
    with HeadlessTerminal(site.settings) as headless:
        headless.notice_log.wait_for_missing({Device.AUDIT: Code.AUDIT_REWOUND})
        mark = headless.notice_log.mark
        central.command("alarms", "accept", site.name, "--by", "2001")
        headless.in_service(mark)


def test_a_terminal_that_central_holds_serves_nobody_until_it_is_released(
    new_site: SiteMaker, central: RunningCentral
) -> None:
    site = new_site()
    site.enrol()
    with HeadlessTerminal(site.settings) as headless:
        mark = headless.in_service().notice_log.mark
        database = central.open_database()
        with closing(database), database.write() as session:
            alarms.raise_implausible(
                session, site.name, "0000-0000-0000-0000", AlarmKind.OVERLAP, "", time.time()
            )
        headless.notice_log.wait_for_missing({Device.CONTACT: Code.TERMINAL_HELD}, mark)
        mark = headless.notice_log.mark
        central.command("alarms", "accept", site.name, "--by", "2001")
        headless.in_service(mark)
