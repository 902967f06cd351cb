"""A child's credential, whole: two cards on the reader, a face and a voice, a clerk's PIN, central."""

import time
from collections.abc import Callable

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.errors import KioskError
from kiosk.model import Check, Decision, Outcome, ReviewReason, Stage
from tests.end_to_end.conftest import SiteMaker
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import HeadlessTerminal, genuine_customer

TIMEOUT_S = 400.0


def clerk(
    headless: HeadlessTerminal, number: str, pin: str, reason: ReviewReason
) -> Callable[[e.Notice], None]:
    """A clerk who signs when asked and has seen a document."""

    def see(notice: e.Notice) -> None:
        if isinstance(notice, e.AskSignature):
            headless.terminal.engine.post(e.Signs(number, pin))
        elif isinstance(notice, e.ShowCase):
            headless.terminal.engine.post(e.Decided(Decision.APPROVE, reason))

    return see


def sign_in(headless: HeadlessTerminal, number: str, pin: str) -> None:
    """As soon as the roster has come."""
    until = time.monotonic() + TIMEOUT_S
    while True:
        try:
            headless.terminal.roster.sign_in(number, pin)
            return
        except KioskError as error:
            if time.monotonic() > until:
                pytest.fail(f"no roster: {error.code}")
            time.sleep(0.3)


def test_a_guardian_opens_it_for_the_child_once(new_site: SiteMaker, central: RunningCentral) -> None:
    site = new_site()
    site.enrol()
    said = central.command("clerk", "add", site.name).split()
    number, pin = said[1], said[3]
    family = genuine_customer(child=True)
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        assert headless.visit(family).outcome_and_code == (
            Outcome.REFERRED,
            Code.CARD_CHILD.value,
        )  # nobody is signed in
        sign_in(headless, number, pin)
        headless.terminal.engine.subscribe(clerk(headless, number, pin, ReviewReason.HOUSEHOLD_REGISTER))
        mark = headless.notice_log.mark
        ended = headless.visit(family)
        assert ended.outcome_and_code == (Outcome.ACTIVATED, "ok")
        stages = [show.stage for show in headless.notice_log.all(e.Show, mark)]
        assert stages.index(Stage.GUARDIAN) < stages.index(Stage.FACE) < stages.index(Stage.REVIEW)
        last = {v.check: v.code for v in ended.finished.verdicts}
        assert (last[Check.CARD], last[Check.GUARDIAN]) == (Code.CARD_CHILD, Code.OK)
        assert headless.visit(family).outcome_and_code == (Outcome.REFUSED, Code.PERSON_ALREADY_OPEN.value)
