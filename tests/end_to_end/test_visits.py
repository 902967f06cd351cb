"""Whole visits: simulated people at the real terminal, the real central behind a line that breaks."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from msgspec.structs import replace

from central.security.personal_data import PersonalData
from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Check, Device, Outcome, Purpose, Slip, Stage
from tests.end_to_end.conftest import SiteMaker
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import (
    HeadlessTerminal,
    LeavesLastScreen,
    TerminalSite,
    card_of,
    genuine_customer,
)
from tests.support.notice_log import TIMEOUT_S


@pytest.fixture(scope="module")
def site(new_site: SiteMaker) -> TerminalSite:
    made = new_site()
    made.enrol()
    return made


@pytest.fixture(scope="module")
def running(site: TerminalSite) -> Iterator[HeadlessTerminal]:
    with HeadlessTerminal(site.settings) as made:
        yield made.in_service()


@pytest.fixture
def headless(
    running: HeadlessTerminal, site: TerminalSite, central: RunningCentral
) -> Iterator[HeadlessTerminal]:
    """The same terminal for one customer after the other; each finds it in order."""
    yield running
    site.line.up()
    central.people()


def eventually(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def delivered_once(site: TerminalSite, central: RunningCentral, slip: str) -> None:
    """Settled on both sides, with one credential: after that nothing is sent any more."""
    eventually(lambda: site.request(slip)[0] == "delivered", "never delivered")
    assert site.request(slip)[1] is None
    assert central.credentials(slip) == 1


def test_a_genuine_customer_is_activated(
    headless: HeadlessTerminal, site: TerminalSite, central: RunningCentral
) -> None:
    ended = headless.visit(genuine_customer(), until=Outcome.ACTIVATED)
    assert ended.outcome_and_code == (Outcome.ACTIVATED, "ok")
    assert ended.slip.credential
    assert {v.check.value: v.answer.value for v in ended.finished.verdicts} == {
        "card": "pass",
        "phone": "pass",
        "face": "pass",
        "liveness": "review",  # not measured; central takes that in simulation only
        "digits": "pass",
        "lips": "pass",
        "continuity": "pass",
        "light": "pass",
        "stream": "pass",
    }
    delivered_once(site, central, ended.slip.id)


def test_somebody_else_is_refused(headless: HeadlessTerminal, central: RunningCentral) -> None:
    before = central.credentials()
    ended = headless.visit(genuine_customer(face="hopper", card_of="collins"))
    assert ended.outcome_and_code == (Outcome.REFUSED, "face.mismatch")
    assert ended.finished.stage is Stage.FACE
    assert central.credentials() == before


def test_an_owner_corrects_ends_and_erases(
    headless: HeadlessTerminal, site: TerminalSite, central: RunningCentral
) -> None:
    """Each with a visit of its own, and the same checks but for the number that is not typed."""
    who = genuine_customer()
    opened = headless.visit(who, until=Outcome.ACTIVATED)

    def wants(purpose: Purpose, **other: Any) -> Slip:
        ended = headless.visit(replace(who, purpose=purpose, **other), until=Outcome.ACTIVATED)
        checked = {verdict.check for verdict in ended.finished.verdicts}
        assert (Check.PHONE in checked) == purpose.has_phone
        assert {Check.CARD, Check.FACE, Check.DIGITS, Check.LIPS, Check.LIGHT} < checked
        eventually(lambda: site.request(ended.slip.id)[0] == "delivered", "never delivered")
        assert central.credentials(ended.slip.id) == 0
        return ended.slip

    corrected = wants(Purpose.NEW_PHONE, phone="19911111111")
    ended = wants(Purpose.END)
    assert opened.slip.credential == corrected.credential == ended.credential
    assert "网证已注销" in central.get(f"/look-up/{opened.slip.id}")
    erased = wants(Purpose.ERASE)
    assert erased.erasure is not None
    assert (erased.erasure.credentials, erased.erasure.requests) == (1, 3)
    assert "资料已删除" in central.get(f"/look-up/{erased.id}")


def test_an_erasure_without_a_line_overtakes_nothing(
    headless: HeadlessTerminal, site: TerminalSite, central: RunningCentral
) -> None:
    """Opened and erased while the line is down: both are delivered, in any order, and nothing is left."""
    who = genuine_customer()
    site.line.down()
    opened, erased = (
        headless.visit(replace(who, purpose=purpose)).slip for purpose in (Purpose.OPEN, Purpose.ERASE)
    )
    assert opened.outcome is erased.outcome is Outcome.ACCEPTED
    site.line.up()
    for slip in (opened, erased):
        eventually(lambda slip=slip: site.request(slip.id)[0] == "delivered", "never delivered")
    assert central.get(f"/look-up/{erased.id}")
    trace = PersonalData((central.data / "keys" / "vault.secret").read_bytes()).person(card_of(who).number)
    with closing(sqlite3.connect(central.database)) as database:
        (left,) = database.execute("SELECT count(*) FROM credentials WHERE person = ?", (trace,)).fetchone()
    assert left == 0


def test_without_a_line_it_is_accepted_and_delivered_later(
    headless: HeadlessTerminal, site: TerminalSite, central: RunningCentral
) -> None:
    site.line.down()
    ended = headless.visit(genuine_customer())
    assert ended.outcome_and_code == (Outcome.ACCEPTED, "central.unreachable")
    assert site.request(ended.slip.id)[0] == "waiting"
    assert central.credentials(ended.slip.id) == 0
    site.line.up()
    delivered_once(site, central, ended.slip.id)


def test_a_lost_answer_makes_no_second_credential(
    headless: HeadlessTerminal, site: TerminalSite, central: RunningCentral
) -> None:
    lost = site.line.traffic.answers_lost
    site.line.lose_answer()
    ended = headless.visit(genuine_customer(), until=Outcome.ACTIVATED)
    assert site.line.traffic.answers_lost == lost + 1
    delivered_once(site, central, ended.slip.id)


def test_who_is_not_visible_yet_waits_and_is_activated(
    headless: HeadlessTerminal, site: TerminalSite, central: RunningCentral
) -> None:
    who = genuine_customer()
    central.people({"number": card_of(who).number, "visible_after_s": 3.0})
    mark = headless.notice_log.mark
    headless.customers.enter(who, LeavesLastScreen(headless.shell))
    slip = headless.notice_log.wait_for_slip(Outcome.PENDING, mark)
    assert slip.code is Code.PERSON_NOT_YET_VISIBLE
    assert "下次查询" in central.get(f"/look-up/{slip.id}")
    assert central.credentials(slip.id) == 0
    better = headless.notice_log.wait_for_slip(
        Outcome.ACTIVATED, mark
    )  # the same screen tells the better news
    assert (better.id, better.code) == (slip.id, Code.OK)
    assert "已开通" in central.get(f"/look-up/{slip.id}")
    headless.shell.press("dismiss")
    headless.in_service(mark)
    delivered_once(site, central, slip.id)


def test_killed_right_after_the_promise_it_is_delivered_once(
    new_site: SiteMaker, central: RunningCentral
) -> None:
    site = new_site()
    site.enrol()
    slip = promised_and_killed(site)
    assert site.request(slip)[0] == "waiting"
    assert central.credentials(slip) == 0
    site.line.up()
    with HeadlessTerminal(site.settings):
        delivered_once(site, central, slip)


def promised_and_killed(site: TerminalSite) -> str:
    """A visit without a line in a process of its own, killed on the word ACCEPTED; the number on the slip."""
    command = [sys.executable, "-m", "tests.end_to_end.killed", str(site.settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "in service\n"
        site.line.down()
        child.stdin.write("go\n")
        child.stdin.flush()
        said = child.stdout.readline().split()
    assert said[0] == "accepted"
    assert child.returncode == -signal.SIGKILL
    return said[1]


def test_a_revoked_terminal_promises_nothing(new_site: SiteMaker, central: RunningCentral) -> None:
    """The customer who was let in is sent to the clerk; after that nobody can begin."""
    site = new_site(central={"contact_s": 300})  # so that it learns of it in the middle of a visit
    site.enrol()
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        central.command("revoke", site.name)
        mark = headless.notice_log.mark
        ended = headless.visit(genuine_customer(), until=Outcome.REFERRED)
        assert ended.outcome_and_code == (Outcome.REFERRED, "terminal.revoked")
        headless.notice_log.wait_for_missing({Device.IDENTITY: Code.TERMINAL_REVOKED}, mark)
        assert headless.notice_log.all(e.Show)[-1].code is Code.TERMINAL_REVOKED
    assert central.credentials(ended.slip.id) == 0
