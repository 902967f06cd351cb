"""A decision of two people, whole: PINs at the terminal, keys, signatures that central verifies."""

import time
from collections.abc import Iterator

import pytest

from kiosk.codes import Code
from kiosk.model import Outcome, ReviewReason, Role
from kiosk.simulators.customer import CustomerBehaviour
from tests.end_to_end.conftest import SiteMaker
from tests.end_to_end.test_guardian import staff
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import HeadlessTerminal, TerminalSite, genuine_customer

TIMEOUT_S = 400.0
Account = tuple[str, str]


def unfilmed_customer() -> CustomerBehaviour:
    """Somebody who declines face recognition: the clerk serves, and the supervisor signs too."""
    return genuine_customer(consent="decline")


@pytest.fixture
def site(new_site: SiteMaker) -> TerminalSite:
    made = new_site()
    made.enrol()
    return made


def add(central: RunningCentral, site: TerminalSite, *options: str) -> Account:
    words = central.command("clerk", "add", site.name, *options).split()
    return words[1], words[3]


@pytest.fixture
def accounts(central: RunningCentral, site: TerminalSite) -> dict[Role, Account]:
    return {Role.CLERK: add(central, site), Role.SUPERVISOR: add(central, site, "--supervisor")}


@pytest.fixture
def headless(site: TerminalSite, accounts: dict[Role, Account]) -> Iterator[HeadlessTerminal]:
    """In service, with the clerk signed in; both sign when asked."""
    with HeadlessTerminal(site.settings) as running:
        running.in_service()
        running.sign_in(*accounts[Role.CLERK])
        running.terminal.engine.subscribe(staff(running, accounts, ReviewReason.OWN_WISH))
        yield running


def test_two_pins_at_the_terminal_make_signatures_that_central_accepts(
    headless: HeadlessTerminal, accounts: dict[Role, Account]
) -> None:
    ended = headless.visit(unfilmed_customer())
    assert ended.outcome_and_code == (Outcome.ACTIVATED, "ok")
    (review,) = ended.finished.reviews
    assert review.second is not None
    assert {review.first.clerk, review.second.clerk} == {number for number, _ in accounts.values()}


def test_what_was_signed_offline_with_the_old_pin_counts_after_a_new_one_was_made(
    headless: HeadlessTerminal, accounts: dict[Role, Account], site: TerminalSite, central: RunningCentral
) -> None:
    site.line.down()
    ended = headless.visit(unfilmed_customer())
    assert ended.outcome_and_code == (Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE.value)
    central.command("clerk", "reset-pin", accounts[Role.CLERK][0])
    assert central.credentials(ended.slip.id) == 0
    site.line.up()
    until = time.monotonic() + TIMEOUT_S
    while central.credentials(ended.slip.id) == 0 and time.monotonic() < until:
        time.sleep(0.3)
    assert central.credentials(ended.slip.id) == 1
