"""Pages for staff are in the clerk's language, whatever the customer chose; the terminal remembers it."""

import pytest

from kiosk.events import AskSignature, Show
from kiosk.model import Language, Role, Stage
from kiosk.phrases import load
from kiosk.staff.languages import LANGUAGES_FILE, ClerkLanguages
from kiosk.ui.widgets.fitted_label import FittedLabel
from tests.kiosk.ui.stories import CASE, show
from tests.kiosk.ui.test_staff_panel import WindowWithStaff
from tests.support.roster_signer import BOSS, BOSS_PIN, CLERK, CLERK_PIN

ENGLISH, HOME = load(Language.EN), load(Language.ZH_HANS)


@pytest.fixture
def staffed(qtbot, engine, feeds, tmp_path):
    made = WindowWithStaff(qtbot, engine, feeds, tmp_path)
    yield made
    made.panel.close_tasks()


def shown(widget):
    return [label.text() for label in widget.findChildren(FittedLabel) if label.isVisible()]


def choose_english(staffed, number=CLERK, pin=CLERK_PIN):
    assert staffed.call()
    staffed.window.touch_rest.end()
    assert staffed.driver.press("staff_language_en")
    assert ENGLISH["staff.number_title"] in shown(staffed.panel)
    staffed.type_in(number, pin)
    assert staffed.panel.signed_in


def test_the_choice_at_the_sign_in_is_remembered_for_that_clerk(staffed):
    choose_english(staffed)
    assert ENGLISH["staff.visits"] in staffed.read("today")
    staffed.panel.dismiss_panel()
    assert staffed.call()
    assert HOME["staff.number_title"] in shown(staffed.panel), "the sign-in is in the terminal's language"
    staffed.type_in(CLERK, CLERK_PIN)
    assert ENGLISH["staff.visits"] in staffed.read("today")
    staffed.panel.sign_out()
    staffed.enter(BOSS, BOSS_PIN)
    assert HOME["staff.visits"] in staffed.read("today"), "a colleague reads another language"
    assert ClerkLanguages(staffed.world.folder / "staff").get(CLERK) is Language.EN


def test_a_choice_without_a_sign_in_is_nobodys(staffed):
    assert staffed.call()
    staffed.window.touch_rest.end()
    assert staffed.driver.press("staff_language_en")
    staffed.type_in(CLERK, "999999")
    staffed.panel.dismiss_panel()
    assert not (staffed.world.folder / "staff" / LANGUAGES_FILE).exists()


def test_what_a_customer_chooses_does_not_change_the_panel(staffed):
    staffed.window.retranslate(Language.EN)
    staffed.enter()
    assert HOME["staff.visits"] in staffed.read("today")


@pytest.mark.parametrize(("clerk", "words"), [(CLERK, ENGLISH), (BOSS, HOME), ("", HOME)])
def test_the_pages_of_a_review_are_in_the_clerks_language(staffed, clerk, words):
    staffed.world.service.languages.set(CLERK, Language.EN)
    window = staffed.window
    window.handle_notice(show(Stage.REVIEW))
    window.retranslate(Language.ZH_HANT)
    window.handle_notice(AskSignature(Role.CLERK, clerk=clerk))
    window.touch_rest.end()
    staffed.driver.press("i_am_clerk")
    screen = window.screens[Stage.REVIEW]
    assert words["review.clerk_title"] in shown(screen)
    window.handle_notice(CASE)
    assert words["review.second_needed"] in shown(screen)
    window.handle_notice(Show(stage=Stage.IDLE))
    window.handle_notice(show(Stage.REVIEW))
    assert load(Language.ZH_HANS)["stage.review.title"] in shown(screen), "the customer's page is not"


def test_a_file_that_cannot_be_read_costs_the_choice_only(tmp_path, caplog):
    (tmp_path / LANGUAGES_FILE).write_bytes(b"{broken")
    languages = ClerkLanguages(tmp_path)
    assert languages.get(CLERK) is None
    assert "not read" in caplog.text
    languages.set(CLERK, Language.EN)
    assert ClerkLanguages(tmp_path).get(CLERK) is Language.EN
