"""The mobile number is proved in whole visits: the real terminal, the real central, real HTTPS."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from kiosk import events as e
from kiosk.model import Check, Outcome, Stage
from tests.end_to_end.conftest import SiteMaker
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import HeadlessTerminal, TerminalSite, VisitResult, genuine_customer
from tests.support.notice_log import TIMEOUT_S


@pytest.fixture(scope="module")
def site(new_site: SiteMaker) -> TerminalSite:
    made = new_site(visit={"phone_code.use": "when_online", "phone_code.wait_s": 3})
    made.enrol()
    return made


@pytest.fixture(scope="module")
def headless(site: TerminalSite, central: RunningCentral) -> Iterator[HeadlessTerminal]:
    def newest_code(phone: str) -> str:
        messages = central.get(f"/simulation/messages?phone={phone}")
        return str(messages[-1]["code"]) if messages else ""

    with HeadlessTerminal(site.settings, newest_code=newest_code) as made:
        yield made.in_service()


def proof(ended: VisitResult) -> dict[str, object]:
    [verdict] = [v for v in ended.finished.verdicts if v.check is Check.PHONE]
    return dict(verdict.measured)


def proved_at_central(central: RunningCentral, visit: str) -> list[object]:
    with closing(sqlite3.connect(central.database)) as connection:
        rows = connection.execute("SELECT phone_proved FROM activations WHERE id = ?", (visit,)).fetchall()
    return [proved for (proved,) in rows]


@pytest.mark.parametrize(("code", "phone"), [("right", "19912340001"), ("wrong_once", "19912340002")])
def test_a_customer_proves_the_number_with_the_code_on_the_phone(
    headless: HeadlessTerminal, site: TerminalSite, central: RunningCentral, code: str, phone: str
) -> None:
    ended = headless.visit(genuine_customer(code=code, phone=phone), until=Outcome.ACTIVATED)
    assert proof(ended) == {"proved": True, "proof": "proved"}
    assert proved_at_central(central, ended.slip.id) == [1]
    [message] = central.get(f"/simulation/messages?phone={phone}")
    for file in (*site.storage.rglob("*"), central.log):
        content = file.read_bytes() if file.is_file() else b""
        assert phone.encode() not in content, file
        assert json.dumps(message["code"]).encode() not in content, file


def test_a_customer_without_the_message_goes_on(headless: HeadlessTerminal, central: RunningCentral) -> None:
    ended = headless.visit(genuine_customer(code="none", phone="19912340003"), until=Outcome.ACTIVATED)
    assert proof(ended) == {"proved": False, "proof": "skipped"}
    assert proved_at_central(central, ended.slip.id) == [0]


@pytest.mark.parametrize("fault", ["down", "hang"])
def test_a_line_that_fails_holds_nobody_up(
    headless: HeadlessTerminal, site: TerminalSite, central: RunningCentral, fault: str
) -> None:
    """Broken or without an answer when the code is asked for: the visit goes on, and is delivered later."""
    behaviour = genuine_customer(phone="19912340004" if fault == "down" else "19912340005")
    mark = headless.notice_log.mark
    getattr(site.line, fault)()
    headless.customers.enter(behaviour, headless.shell)
    asked = headless.notice_log.wait_for_stage(Stage.PHONE_CODE, mark)
    headless.notice_log.wait_for_stage(Stage.FACE, mark)
    assert asked is None or asked.until is not None
    headless.notice_log.wait_for_slip(Outcome.ACCEPTED, mark)
    finished = headless.notice_log.wait(e.Finished, since=mark)
    headless.customers.leave()
    site.line.up()
    [verdict] = [v for v in finished.verdicts if v.check is Check.PHONE]
    assert verdict.measured == {"proved": False, "proof": "offline"}
    until = time.monotonic() + TIMEOUT_S
    while proved_at_central(central, finished.visit) != [0]:
        assert time.monotonic() < until, "never delivered"
        time.sleep(0.2)
