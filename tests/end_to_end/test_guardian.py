"""A child's credential, whole: two cards on the reader, a face and a voice, a clerk's PIN, central."""

from collections.abc import Callable

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Check, Decision, Outcome, ReviewReason, Role, Stage
from tests.end_to_end.conftest import SiteMaker
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import HeadlessTerminal, genuine_customer


def staff(
    headless: HeadlessTerminal, accounts: dict[Role, tuple[str, str]], reason: ReviewReason
) -> Callable[[e.Notice], None]:
    """A clerk and a supervisor who sign when asked and have seen a document."""

    def see(notice: e.Notice) -> None:
        if isinstance(notice, e.AskSignature):
            headless.terminal.engine.post(e.Signs(*accounts[notice.role]))
        elif isinstance(notice, e.ShowCase):
            headless.terminal.engine.post(e.Decided(Decision.APPROVE, reason))

    return see


def test_a_guardian_opens_it_for_the_child_once(new_site: SiteMaker, central: RunningCentral) -> None:
    site = new_site()
    site.enrol()
    accounts = {
        role: tuple(central.command("clerk", "add", site.name, *more).split()[1:4:2])
        for role, more in ((Role.CLERK, ()), (Role.SUPERVISOR, ("--supervisor",)))
    }
    family = genuine_customer(child=True)
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        assert headless.visit(family).outcome_and_code == (
            Outcome.REFERRED,
            Code.CARD_CHILD.value,
        )  # nobody is signed in
        headless.sign_in(*accounts[Role.CLERK])
        headless.terminal.engine.subscribe(staff(headless, accounts, ReviewReason.HOUSEHOLD_REGISTER))
        mark = headless.notice_log.mark
        ended = headless.visit(family)
        assert ended.outcome_and_code == (Outcome.ACTIVATED, "ok")
        stages = [show.stage for show in headless.notice_log.all(e.Show, mark)]
        assert stages.index(Stage.GUARDIAN) < stages.index(Stage.FACE) < stages.index(Stage.REVIEW)
        last = {v.check: v.code for v in ended.finished.verdicts}
        assert (last[Check.CARD], last[Check.GUARDIAN]) == (Code.CARD_CHILD, Code.OK)
        assert headless.visit(family).outcome_and_code == (Outcome.REFUSED, Code.PERSON_ALREADY_OPEN.value)
