"""Each notice leads to the right screen; what is touched becomes the right event."""

import time

import msgspec
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from kiosk.codes import Code
from kiosk.events import (
    Agreed,
    AskSignature,
    AskTime,
    Began,
    Cancelled,
    Coach,
    Confirmed,
    Decided,
    Declined,
    DigitShown,
    DigitsTyped,
    Dismissed,
    Finished,
    Forget,
    GuardianAgreed,
    GuardianDeclined,
    HelpEnded,
    HelpOver,
    HelpWanted,
    NotPrinted,
    OutOfService,
    Print,
    ReviewWanted,
    Say,
    Show,
    ShowDigit,
    ShowDigits,
    ShowHeadMove,
    ShowHeard,
    ShowHelp,
    ShowPhoneCode,
    Signs,
    SlowDown,
    TimeLeft,
    Typed,
    WayChosen,
)
from kiosk.model import (
    ClerkCallState,
    Decision,
    HeadMove,
    Language,
    Outcome,
    Purpose,
    ReviewReason,
    Role,
    Stage,
    Way,
    outcome_key,
)
from kiosk.phrases import load
from kiosk.ui.bridge import Bridge
from kiosk.ui.touch_driver import TouchDriver
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.digit_display import DigitDisplay
from kiosk.ui.widgets.digit_input import DigitInput
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.message_bar import MessageBar
from kiosk.ui.widgets.pictured_steps import PicturedSteps
from kiosk.ui.widgets.qr import QrCode
from kiosk.ui.widgets.step_marks import StepMarks
from kiosk.ui.window import Window
from kiosk.visit.stages.timing import UNSEEN
from tests.kiosk.ui.rested import RestedDriver
from tests.kiosk.ui.stories import (
    CASE,
    NUMBER,
    OUT,
    PASSWORD,
    PHONE,
    STORIES,
    erased_with_dates,
    offer_to_keep,
    outcome,
    play,
    show,
    slip,
    wanted,
)


def notice(settings, paragraphs):
    return "\n".join(load().fill_in(paragraphs, settings.operator.names))


@pytest.fixture
def driver(window):
    return RestedDriver(window)


def visible(window, kind=FittedLabel):
    return [part for part in window.findChildren(kind) if part.isVisible()]


def shown_text(window):
    return " ".join(part.text() for part in visible(window))


def the_only(window, kind):
    [found] = visible(window, kind)
    return found


@pytest.mark.parametrize("stage", list(Stage))
def test_each_stage_shows_its_own_screen(window, stage):
    window.handle_notice(show(stage))
    assert window.screens[stage].isVisible()
    assert sum(screen.isVisible() for screen in window.screens.values()) == 1


def test_a_touch_begins_a_visit(window, driver, engine):
    window.handle_notice(Show(stage=Stage.IDLE))
    assert driver.press("begin")
    began = engine.last(Began)
    assert len(began.visit) == 19
    assert began.language == "zh-Hans"
    assert not began.unhurried


def test_pace_and_language_are_posted(window, driver, engine):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press("language_en")
    driver.press("begin_unhurried")
    assert engine.last(Began).unhurried
    assert engine.last(Began).language == "en"


def test_every_visit_has_its_own_number(window, driver, engine):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press("begin")
    driver.press("begin")
    assert len({event.visit for event in engine.posted}) == 2


@pytest.mark.parametrize("way", list(Way))
def test_every_way_can_be_chosen_before_anything_is_asked(qtbot, window, driver, engine, way):
    window.handle_notice(Show(stage=Stage.IDLE))
    assert driver.press("other_way")
    assert engine.posted == []
    assert driver.press(f"way_{way.value}")
    assert engine.last(Began).way is way


def test_back_from_the_ways_is_the_first_screen(qtbot, window, driver, engine):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press("other_way")
    assert driver.press("back")
    assert window.screens[Stage.IDLE].isVisible()
    assert engine.posted == []


@pytest.mark.parametrize("stage", [Stage.FACE, Stage.DIGITS, Stage.HEAD, Stage.TOUCH])
def test_another_way_can_be_chosen_during_a_visit(qtbot, window, driver, engine, stage):
    window.handle_notice(show(stage))
    assert driver.press("change_way")
    assert not driver.press("way_voice")  # the one that is being gone
    assert driver.press("way_head")
    assert engine.posted[-1] == WayChosen(Way.HEAD)
    assert window.screens[stage].isVisible()


def waits(call=ClerkCallState.CALLED, review=False):
    return ShowHelp(call=call, until=time.monotonic() + 170, review=review)


def test_help_covers_the_screen_and_keeps_what_was_typed(qtbot, window, driver, engine):
    window.handle_notice(show(Stage.PHONE))
    driver.type(PHONE)
    driver.press("key_next")
    driver.type("2058")
    assert driver.press("help")
    assert engine.posted == [HelpWanted()]
    window.handle_notice(waits())
    assert not driver.press("key_1")
    assert not driver.press("help_review")
    driver.press("help_go_on")
    assert engine.posted[-1] == HelpEnded()
    window.handle_notice(HelpOver())
    window.handle_notice(TimeLeft(time.monotonic() + 120))
    assert the_only(window, DigitInput).text == "2058"
    driver.type("3174")
    driver.press("key_next")
    driver.type(PASSWORD)
    driver.press("key_next")
    assert engine.last(Typed) == Typed(phone=PHONE, password=PASSWORD)


@pytest.mark.parametrize("call", list(ClerkCallState))
@pytest.mark.parametrize("language", list(Language))
def test_the_screen_says_what_became_of_the_call_and_how_the_clerk_is_reached(window, call, language):
    window.retranslate(language)
    window._help._clerk_call = "EXT. 5"
    window.handle_notice(show(Stage.CARD))
    window.handle_notice(waits(call))
    phrases = load(language)
    assert phrases[f"help.{call.value}_title"] in shown_text(window)
    assert "EXT. 5" in shown_text(window)
    called = phrases["help.called_title"] in shown_text(window)
    assert called is (call is ClerkCallState.CALLED)


def test_a_touch_meant_for_the_screen_below_decides_nothing_about_help(window, engine):
    window.handle_notice(show(Stage.CARD))
    window.handle_notice(waits(review=True))
    driver = TouchDriver(window)  # which rests as people do
    for button in ("help_go_on", "help_again", "help_review", "help_leave"):
        assert not driver.press(button)
    assert engine.posted == []


@pytest.mark.parametrize(("button", "event"), [("help_review", ReviewWanted()), ("help_leave", Cancelled())])
def test_who_waits_for_the_clerk_may_leave_and_a_clerk_may_decide(
    qtbot, window, driver, engine, button, event
):
    window.handle_notice(show(Stage.CARD))
    window.handle_notice(waits(review=True))
    driver.press(button)
    assert engine.posted == [event]


def test_who_would_lose_something_is_asked_before_leaving_for_good(window, driver, engine):
    window.handle_notice(show(Stage.PHONE))
    window.handle_notice(waits())
    driver.press("help_leave")
    assert engine.posted == []
    driver.press("cancel_back")
    assert window._help.isVisible()
    driver.press("help_leave")
    driver.press("cancel_confirm")
    assert engine.posted == [Cancelled()]


def test_the_clerk_can_be_called_again_after_a_while(qtbot, window, driver, engine):
    window.handle_notice(show(Stage.CARD))
    window._help._may_call.setInterval(1200)
    window.handle_notice(waits())
    window.handle_notice(waits(ClerkCallState.FAILED))
    assert not driver.press("help_again")
    qtbot.waitUntil(lambda: driver.press("help_again"), timeout=60_000)
    assert engine.posted == [HelpWanted()]
    assert not driver.press("help_again")


def test_another_stage_takes_the_question_away(window):
    window.handle_notice(show(Stage.CARD))
    window.handle_notice(waits())
    window.handle_notice(show(Stage.OUTCOME))
    assert window.screens[Stage.OUTCOME].isVisible()
    assert not window._help.isVisible()


def test_a_call_for_which_no_visit_waits_is_told_at_the_bottom(window):
    window.handle_notice(Show(stage=Stage.IDLE))
    window.handle_notice(ShowHelp(call=ClerkCallState.WAVE))
    assert window.screens[Stage.IDLE].isVisible()
    assert load()["help.wave_title"] in the_only(window, MessageBar).text


@pytest.mark.parametrize("code", [Code.VISIT_TIMEOUT, Code.VISIT_ABANDONED, Code.VISIT_HELP_TIMEOUT])
def test_after_a_time_out_one_touch_begins_again(window, driver, engine, code):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press("language_en")
    window.post(SlowDown())
    window.handle_notice(Show(stage=Stage.PHONE, way=Way.HEAD))
    for notice in outcome(Outcome.ABANDONED, code):
        window.handle_notice(replace(notice, way=Way.HEAD) if isinstance(notice, Show) else notice)
    assert driver.press("restart")
    assert engine.posted[-2] == Dismissed()
    began = engine.last(Began)
    assert (began.way, began.unhurried, began.language) == (Way.HEAD, True, "en")


@pytest.mark.parametrize("unprinted", [False, True])
def test_what_stays_after_an_erasure_stands_on_the_screen(window, unprinted):
    """There may be no printer, or it may fail."""
    for notice in [*erased_with_dates(), *([NotPrinted(Code.PRINTER_PAPER)] if unprinted else [])]:
        window.handle_notice(notice)
    text = shown_text(window)
    assert "2027-05-29" in text
    assert "2026-09-21" in text
    assert "凭条" not in text
    assert (load().customer(Code.PRINTER_PAPER) in text) == unprinted
    window.handle_notice(Show(stage=Stage.IDLE))
    for notice in outcome(Outcome.ACTIVATED):
        window.handle_notice(notice)
    assert "2027" not in shown_text(window)


def test_who_cancelled_is_not_asked_to_begin_again(window, driver):
    for notice in outcome(Outcome.ABANDONED, Code.VISIT_CANCELLED):
        window.handle_notice(notice)
    assert not driver.press("restart")


def asked(window):
    window.handle_notice(show(Stage.PHONE))
    window.handle_notice(AskTime(time.monotonic() + 15))


@pytest.mark.parametrize("simulated_shown", ["waits", "asked"])
def test_what_covers_the_screen_leaves_the_word_that_nothing_is_real(window, simulated_shown):
    window.handle_notice(show(Stage.PHONE))
    window.handle_notice(waits() if simulated_shown == "waits" else AskTime(time.monotonic() + 15))
    banner = window._banner
    assert banner.geometry().top() == 0
    assert window.childAt(banner.geometry().center()) is banner


def test_more_time_is_given_by_a_touch_and_what_was_typed_stays(window, driver, engine):
    window.handle_notice(show(Stage.PHONE))
    driver.type(PHONE[:5])
    window.handle_notice(AskTime(time.monotonic() + 15))
    assert load()["time.title"] in shown_text(window)
    before = engine.touches
    assert driver.press("time_yes")
    assert engine.touches == before + 1
    window.handle_notice(TimeLeft(time.monotonic() + 120))
    assert not window._time.isVisible()
    assert the_only(window, DigitInput).text == PHONE[:5]


@pytest.mark.parametrize("stage", [Stage.PORTRAIT, Stage.FACE])
def test_the_question_before_a_camera_says_what_is_not_seen(window, stage):
    code = UNSEEN[stage]
    window.handle_notice(show(stage))
    window.handle_notice(AskTime(time.monotonic() + 15, code))
    assert load()["time.title"] in shown_text(window)
    assert load().customer_end(code) in shown_text(window)
    window.retranslate(Language.EN)
    assert load(Language.EN).customer_end(code) in shown_text(window)
    asked(window)
    assert load(Language.EN).customer_end(code) not in shown_text(window)


def test_any_touch_of_the_question_says_yes(qtbot, window, engine):
    asked(window)
    window.touch_rest.end()
    before = engine.touches
    QTest.mouseClick(window._time.title, Qt.MouseButton.LeftButton)
    assert engine.touches == before + 1


def test_who_needs_no_more_time_ends_the_visit(window, engine):
    window.handle_notice(show(Stage.CARD))
    window.handle_notice(AskTime(time.monotonic() + 15))
    window.touch_rest.end()
    no = window.findChild(QAbstractButton, "time_no")
    middle = no.mapTo(window, no.rect().center())
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, pos=middle)
    assert engine.posted == [Cancelled()]
    assert engine.touches == 0, "the touch that ends it must not answer that more is needed"


def test_touches_are_told_but_not_each_of_them(window, engine):
    window._touches._clock = lambda: window.now
    window.now = 100.0
    window.handle_notice(show(Stage.PHONE))
    window.touch_rest.end()
    for _ in range(5):
        QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton)
    assert engine.touches == 1
    window.now += 3.0
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton)
    assert engine.touches == 2


def test_no_touch_is_told_where_nothing_ends(window, engine):
    window.handle_notice(Show(stage=Stage.IDLE))
    window.touch_rest.end()
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton)
    assert engine.touches == 0


def test_a_new_stage_closes_the_page_of_ways(window, driver):
    window.handle_notice(show(Stage.DIGITS))
    driver.press("change_way")
    window.handle_notice(show(Stage.OUTCOME))
    assert window.screens[Stage.OUTCOME].isVisible()


def test_the_clerks_way_asks_one_question_about_itself(window, driver, engine, settings):
    window.handle_notice(Show(stage=Stage.CONSENT, way=Way.CLERK))
    shown = [label.accessibleName() for label in visible(window, QLabel)]
    assert notice(settings, load("zh-Hans").clerk_notice()) in shown
    driver.press("agree_clerk")
    assert engine.posted == [Agreed("zh-Hans", load("zh-Hans").clerk_consent_sha256(), False)]
    assert load("zh-Hans").clerk_consent_sha256() != load("zh-Hans").consent_sha256()


def test_arrows_are_posted_when_they_were_painted(qtbot, window, engine):
    window.handle_notice(show(Stage.HEAD))
    window.handle_notice(ShowHeadMove(0, 5, None))
    assert engine.posted == []
    window.handle_notice(ShowHeadMove(0, 5, HeadMove.LEFT))
    qtbot.waitUntil(lambda: bool(engine.posted))
    assert engine.posted[0].step == 0
    assert abs(engine.posted[0].at - time.monotonic()) < 5


def test_digits_are_posted_only_when_complete(window, driver, engine):
    window.handle_notice(show(Stage.TOUCH))
    window.handle_notice(ShowDigits((3, 1, 4, 1, 5, 9)))
    driver.type("314")
    driver.press("key_next")
    assert engine.posted == []
    driver.type("159")
    driver.press("key_next")
    assert engine.posted == [DigitsTyped((3, 1, 4, 1, 5, 9))]


def show_case(window, driver, **changes):
    window.handle_notice(show(Stage.REVIEW, Code.FACE_UNCERTAIN))
    window.handle_notice(AskSignature(Role.CLERK, clerk="700124"))
    driver.press("i_am_clerk")
    driver.type("246813")
    driver.press("key_next")
    window.handle_notice(msgspec.structs.replace(CASE, **changes))


def test_nobody_sees_a_picture_before_a_clerk_has_signed(window, driver, engine):
    window.handle_notice(show(Stage.REVIEW, Code.FACE_UNCERTAIN))
    window.handle_notice(AskSignature(Role.CLERK, clerk="700124"))
    assert window.screens[Stage.REVIEW].case.blank
    driver.press("i_am_clerk")
    driver.type("246813")
    driver.press("key_next")
    assert engine.posted == [Signs("700124", "246813")]
    assert window.screens[Stage.REVIEW].signature.blank
    assert window.screens[Stage.REVIEW].case.blank


def test_help_covers_a_review_large_and_gives_the_clerks_page_back(window, driver, engine):
    window.handle_notice(show(Stage.REVIEW, Code.FACE_UNCERTAIN))
    window.handle_notice(AskSignature(Role.CLERK, clerk="700124"))
    driver.press("i_am_clerk")
    driver.type("246")
    assert driver.press("help")
    window.handle_notice(waits())
    assert window._help.isVisible()
    assert load()["help.called_title"] in shown_text(window)
    assert driver.press("help_go_on")
    assert engine.posted == [HelpWanted(), HelpEnded()]
    window.handle_notice(HelpOver())
    window.handle_notice(TimeLeft(time.monotonic() + 180))
    assert not window._help.isVisible()
    driver.type("813")
    driver.press("key_next")
    assert engine.posted[-1] == Signs("700124", "246813")


def test_a_decision_has_a_reason(qtbot, window, driver, engine):
    show_case(window, driver)
    assert not window.screens[Stage.REVIEW].case.blank
    assert driver.press("approve")
    assert driver.press("reason_looks_changed")
    assert engine.posted[-1] == Decided(Decision.APPROVE, ReviewReason.LOOKS_CHANGED)


def test_decisions_that_are_not_allowed_have_no_button(qtbot, window, driver, engine):
    show_case(window, driver, may_approve=False, may_retry=False)
    assert driver.press("refuse")
    assert not driver.press("approve")
    assert not driver.press("again")


@pytest.mark.parametrize(
    "after",
    [show(Stage.OUTCOME), show(Stage.FACE), Forget(), AskSignature(Role.SUPERVISOR)],
    ids=["outcome", "face", "forget", "second"],
)
def test_the_pictures_are_dropped_with_the_page(window, driver, after):
    show_case(window, driver)
    window.handle_notice(after)
    assert window.screens[Stage.REVIEW].case.blank


def test_somebody_else_may_sign(window, driver, engine):
    window.handle_notice(show(Stage.REVIEW, Code.FACE_UNCERTAIN))
    window.handle_notice(AskSignature(Role.CLERK, clerk="700124"))
    driver.press("i_am_clerk")
    driver.press("key_delete")
    driver.type("700999")
    driver.press("key_next")
    driver.type("135792")
    driver.press("key_next")
    assert engine.posted == [Signs("700999", "135792")]


def test_consent_asks_two_questions(qtbot, window, driver, engine):
    window.handle_notice(show(Stage.CONSENT))
    assert not driver.press("agree_picture")
    driver.press("agree")
    assert engine.posted == []
    assert driver.press("agree_picture")
    assert engine.posted == [Agreed("zh-Hans", load("zh-Hans").consent_sha256(), True)]


def test_the_picture_may_be_declined_alone(qtbot, window, driver, engine):
    window.handle_notice(show(Stage.CONSENT))
    driver.press("language_zh_hant")
    driver.press("agree")
    assert driver.press("decline_picture")
    assert engine.posted == [Agreed("zh-Hant", load("zh-Hant").consent_sha256(), False)]


@pytest.mark.parametrize("sends", [True, False])
@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("purpose", [Purpose.OPEN, Purpose.RENEW])
def test_a_site_that_keeps_pictures_asks_a_third_question(window, driver, engine, purpose, sends, keeps):
    offer_to_keep(driver)
    window.handle_notice(Show(stage=Stage.CONSENT, purpose=purpose))
    driver.press("agree")
    driver.press("agree_picture" if sends else "decline_picture")
    assert engine.posted == []
    assert load("zh-Hans")["consent.keep_title"] in shown_text(window)
    assert driver.press("agree_keep" if keeps else "decline_keep")
    texts = load("zh-Hans")
    kept = texts.keep_consent_sha256() if keeps else ""
    assert engine.posted == [Agreed("zh-Hans", texts.consent_sha256(), sends, kept)]


def test_without_a_new_credential_no_picture_can_be_kept(window, driver, engine):
    offer_to_keep(driver)
    window.handle_notice(Show(stage=Stage.CONSENT, purpose=Purpose.NEW_PASSWORD))
    driver.press("agree")
    assert driver.press("agree_picture")
    assert [one.kept_sha256 for one in engine.posted] == [""]


def test_declining_is_one_touch(window, driver, engine):
    window.handle_notice(show(Stage.CONSENT))
    driver.press("decline")
    assert engine.posted == [Declined()]


def test_the_next_customer_is_asked_both_questions_again(window, driver):
    window.handle_notice(show(Stage.CONSENT))
    driver.press("agree")
    window.handle_notice(Forget())
    window.handle_notice(show(Stage.CONSENT))
    assert driver.press("decline")


def test_all_of_the_notice_is_on_the_screen(window, driver, settings):
    window.handle_notice(show(Stage.CONSENT))
    shown = [label.accessibleName() for label in visible(window, QLabel)]
    assert notice(settings, load("zh-Hans").face_notice()) in shown
    driver.press("agree")
    shown = [label.accessibleName() for label in visible(window, QLabel)]
    assert notice(settings, load("zh-Hans").picture_notice()) in shown


@pytest.mark.parametrize(
    ("stage", "way"), [(Stage.CONSENT, Way.VOICE), (Stage.CONSENT, Way.CLERK), (Stage.GUARDIAN, Way.VOICE)]
)
@pytest.mark.parametrize("language", list(Language))
def test_every_consent_says_who_operates_the_terminal(qtbot, engine, feeds, settings, stage, way, language):
    operator = replace(settings.operator, name="样板便利店 <公司>", contact="020-1234")
    window = Window(engine, feeds, replace(settings, operator=operator), simulated=True)
    qtbot.addWidget(window)
    window.show()
    window.retranslate(language)
    window.handle_notice(Show(stage=stage, way=way))
    shown = [label for label in visible(window, QLabel) if "020-1234" in label.accessibleName()]
    [text] = [label.accessibleName() for label in shown]
    assert text.count("样板便利店 <公司>") == 1
    assert text.count("020-1234") == 2, "the operator's contact, also for questions about personal data"
    assert "{" not in text
    assert "&lt;公司&gt;" in shown[0].text()


def test_a_terminal_without_an_operator_says_that_it_has_none(window):
    window.handle_notice(show(Stage.CONSENT))
    assert any(load()["consent.not_set"] in label.accessibleName() for label in visible(window, QLabel))


def test_phone_and_password_are_typed(window, driver, engine):
    window.handle_notice(show(Stage.PHONE))
    for page in (PHONE, PASSWORD, PASSWORD):
        assert driver.type(page)
        assert engine.posted == []
        assert driver.press("key_next")
    assert engine.posted == [Typed(phone=PHONE, password=PASSWORD)]


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        (["123"], Code.PHONE_MALFORMED),
        ([""], Code.PHONE_MALFORMED),
        ([PHONE, "1234"], Code.PASSWORD_MALFORMED),
        ([PHONE, "11111111"], Code.PASSWORD_WEAK),
        ([PHONE, "87654321"], Code.PASSWORD_WEAK),
        ([PHONE, PASSWORD, "20583175"], Code.PASSWORD_MISMATCH),
    ],
)
def test_what_is_wrong_stays_on_the_page(window, driver, engine, pages, code):
    window.handle_notice(show(Stage.PHONE))
    for page in pages:
        driver.type(page)
        driver.press("key_next")
    assert engine.posted == []
    assert load("zh-Hans").customer(code) in shown_text(window)
    driver.press("key_1")
    assert load("zh-Hans").customer(code) not in shown_text(window)


def test_after_two_mismatches_the_password_is_chosen_anew(window, driver, engine):
    window.handle_notice(show(Stage.PHONE))
    for page in (PHONE, "20583199", PASSWORD, PASSWORD, PASSWORD, PASSWORD):
        driver.type(page)
        driver.press("key_next")
    assert engine.posted == [Typed(phone=PHONE, password=PASSWORD)]


def test_delete_removes_a_digit_and_then_goes_back_a_page(window, driver, engine):
    window.handle_notice(show(Stage.PHONE))
    driver.type(PHONE + "99")
    entry = the_only(window, DigitInput)
    assert entry.text == PHONE
    driver.press("key_delete")
    assert entry.text == PHONE[:-1]
    driver.type("0")
    driver.press("key_next")
    driver.press("key_delete")
    driver.type(PHONE)
    for page in ("", PASSWORD, PASSWORD):
        driver.type(page)
        driver.press("key_next")
    assert engine.posted == [Typed(phone=PHONE, password=PASSWORD)]


def test_a_password_is_never_readable(window, driver):
    window.handle_notice(show(Stage.PHONE))
    driver.type(PHONE)
    driver.press("key_next")
    driver.type("2")
    two = the_only(window, DigitInput).grab().toImage()
    driver.press("key_delete")
    driver.type("7")
    assert the_only(window, DigitInput).grab().toImage() == two
    assert "2" not in the_only(window, DigitInput).accessibleName()


def test_a_repeated_stage_begins_with_the_number(window, driver):
    window.handle_notice(show(Stage.PHONE))
    driver.type(PHONE)
    driver.press("key_next")
    window.handle_notice(show(Stage.PHONE, Code.PHONE_MALFORMED))
    assert window.screens[Stage.PHONE].blank
    assert load("zh-Hans").customer(Code.PHONE_MALFORMED) in shown_text(window)


def test_forget_clears_everything(qtbot, window, driver):
    window.handle_notice(show(Stage.PHONE))
    driver.type(PHONE)
    driver.press("key_next")
    driver.type("205")
    window.handle_notice(Forget())
    assert window.screens[Stage.PHONE].blank
    window.handle_notice(show(Stage.FACE))
    preview = window.screens[Stage.FACE].preview
    qtbot.waitUntil(lambda: not preview.blank)
    window.handle_notice(show(Stage.IDLE))
    assert preview.blank


def test_a_cleared_preview_shows_no_picture(qtbot, window):
    window.handle_notice(show(Stage.FACE))
    preview = window.screens[Stage.FACE].preview
    qtbot.waitUntil(lambda: not preview.blank)
    preview._timer.stop()
    full = preview.grab().toImage()
    window.handle_notice(Forget())
    assert preview.blank
    cleared = preview.grab().toImage()
    assert cleared != full
    window.handle_notice(show(Stage.FACE))
    preview._timer.stop()
    assert preview.grab().toImage() == cleared, "the picture of a preview that has shown nobody yet"


def test_the_preview_is_a_mirror(qtbot, window):
    window.handle_notice(show(Stage.FACE))
    preview = window.screens[Stage.FACE].preview
    qtbot.waitUntil(lambda: not preview.blank)
    image = preview.grab().toImage()
    left, right = image.pixelColor(40, 400), image.pixelColor(image.width() - 40, 400)
    assert right.lightness() > left.lightness()


def test_the_preview_polls_only_while_it_is_visible(qtbot, window):
    window.handle_notice(show(Stage.FACE))
    preview = window.screens[Stage.FACE].preview
    assert preview._timer.isActive()
    window.handle_notice(show(Stage.SUBMIT))
    assert not preview._timer.isActive()


@pytest.mark.parametrize(
    "code", [Code.FACE_NONE, Code.FACE_TOO_FAR, Code.FACE_BACKLIT, Code.FACE_EYES_CLOSED]
)
def test_each_hint_is_shown(window, code):
    window.handle_notice(show(Stage.FACE))
    window.handle_notice(Coach(code))
    assert load("zh-Hans").customer(code) in shown_text(window)
    window.handle_notice(Coach(Code.OK))
    assert load("zh-Hans")["general.well_placed"] in shown_text(window)


def test_a_digit_is_posted_once_right_after_it_was_painted(qtbot, window, engine):
    window.handle_notice(show(Stage.DIGITS))
    before = time.monotonic()
    window.handle_notice(ShowDigit(0, 6, 7))
    after = time.monotonic()
    assert [event.window for event in engine.posted] == [0]
    assert before <= engine.last(DigitShown).at <= after
    assert the_only(window, DigitDisplay).text == "7"
    QTest.qWait(50)
    the_only(window, DigitDisplay).repaint()
    assert len(engine.posted) == 1


def test_a_digit_that_is_not_visible_is_not_posted(qtbot, window, engine):
    window.handle_notice(show(Stage.DIGITS))
    window.hide()
    window.handle_notice(ShowDigit(0, 6, 7))
    QTest.qWait(50)
    assert engine.posted == []
    window.show()
    qtbot.waitUntil(lambda: len(engine.posted) == 1)


def test_the_same_digit_twice_is_seen_to_change(window):
    window.handle_notice(show(Stage.DIGITS))
    window.handle_notice(ShowDigit(0, 6, 7))
    first = the_only(window, DigitDisplay).grab().toImage()
    window.handle_notice(ShowDigit(1, 6, 7))
    assert the_only(window, DigitDisplay).grab().toImage() != first


def test_marks_show_only_that_something_was_heard(window):
    window.handle_notice(show(Stage.DIGITS))
    window.handle_notice(ShowDigit(0, 6, 7))
    window.handle_notice(ShowHeard(0))
    window.handle_notice(ShowDigit(1, 6, 2))
    marks = the_only(window, StepMarks)
    assert (marks.count, marks.here, marks.done) == (6, 1, {0})
    window.handle_notice(show(Stage.DIGITS, Code.SPEECH_WRONG_DIGITS, 2))
    assert (marks.count, marks.done) == (0, set())
    assert the_only(window, DigitDisplay).text == ""


def test_digits_are_at_least_400_px_high(window, qtbot):
    for size in ((1080, 1920), (1920, 1080)):
        window.resize(*size)
        window.handle_notice(show(Stage.DIGITS))
        window.handle_notice(ShowDigit(0, 6, 7))
        QTest.qWait(20)
        assert the_only(window, DigitDisplay).digit_px() >= 400, size


@pytest.mark.parametrize("result", list(Outcome))
def test_each_outcome_says_what_and_what_next(window, result):
    for notice in outcome(result):
        window.handle_notice(notice)
    phrases = load("zh-Hans")
    assert phrases[f"outcome.{result.value}.title"] in shown_text(window)
    assert phrases[f"outcome.{result.value}.next"] in shown_text(window)
    has_number = NUMBER in shown_text(window).replace("\N{NON-BREAKING HYPHEN}", "-")
    assert has_number == (result is not Outcome.ABANDONED)


@pytest.mark.parametrize("result", list(Outcome))
@pytest.mark.parametrize("address", ["", f"https://wz.example/look-up/{NUMBER}"])
def test_the_qr_code_is_shown_only_where_it_leads_to_centrals_page(window, result, address):
    for notice in outcome(result):
        if isinstance(notice, Print):
            notice = Print(msgspec.structs.replace(notice.slip, look_up=address))
        window.handle_notice(notice)
    leads = address if result in (Outcome.ACTIVATED, Outcome.PENDING, Outcome.ACCEPTED) else ""
    [code] = window.findChildren(QrCode)
    assert (code.accessibleName(), bool(visible(window, QrCode))) == (leads, bool(leads))
    assert (load("zh-Hans")["general.look_up"] in shown_text(window)) == bool(leads)


def test_a_promise_that_is_withdrawn_takes_the_qr_code_along(window):
    for notice in outcome(Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE):
        window.handle_notice(notice)
    assert visible(window, QrCode)
    for notice in outcome(Outcome.REFERRED, Code.REQUEST_MALFORMED):
        window.handle_notice(notice)
    assert not visible(window, QrCode)
    assert NUMBER in shown_text(window).replace("\N{NON-BREAKING HYPHEN}", "-")


@pytest.mark.parametrize("purpose", [Purpose.RENEW, Purpose.NEW_PASSWORD])
def test_a_person_with_a_credential_may_renew_it_or_set_a_password(qtbot, window, driver, engine, purpose):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press("language_en")
    window.handle_notice(replace(show(Stage.SUBMIT), way=Way.HEAD))
    told, screen = outcome(Outcome.REFUSED, Code.PERSON_ALREADY_OPEN)
    window.handle_notice(told)
    window.handle_notice(replace(screen, way=Way.HEAD))
    assert load("en")["outcome.already_open.title"] in shown_text(window)
    assert driver.press(purpose.value)
    dismissed, began = engine.posted
    assert dismissed == Dismissed()
    assert (began.purpose, began.way, began.language) == (purpose, Way.HEAD, "en")
    assert began.visit != NUMBER
    window.handle_notice(Show(stage=Stage.IDLE))
    assert load("en")["stage.idle.title"] in shown_text(window)
    window.handle_notice(show(Stage.CONSENT))
    assert load("en")["consent.title"] in shown_text(window)
    window.handle_notice(Show(stage=Stage.IDLE))
    assert load("zh-Hans")["stage.idle.title"] in shown_text(window)


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.OPEN])
def test_every_other_matter_is_two_touches_away(window, driver, engine, purpose):
    window.handle_notice(Show(stage=Stage.IDLE))
    assert driver.press("other_matter")
    assert load("zh-Hans")[f"button.{purpose.value}"] in [
        button.text() for button in window.findChildren(Button) if button.isVisible()
    ]
    assert driver.press(f"matter_{purpose.value}")
    (began,) = engine.posted
    assert (began.purpose, began.way) == (purpose, Way.VOICE)


def test_the_page_of_other_matters_leads_back(window, driver, engine):
    window.handle_notice(Show(stage=Stage.IDLE))
    assert driver.press("other_matter")
    assert driver.press("back")
    assert engine.posted == []
    assert load("zh-Hans")["stage.idle.title"] in shown_text(window)


@pytest.mark.parametrize(("touched", "posted"), [("confirm", Confirmed()), ("keep", Cancelled())])
@pytest.mark.parametrize("purpose", [Purpose.END, Purpose.ERASE])
def test_what_is_going_to_happen_is_told_and_asked_once_more(
    window, driver, engine, purpose, touched, posted
):
    window.handle_notice(wanted(Stage.CONFIRM, purpose))
    for part in ("title", "body", "after"):
        assert load("zh-Hans")[f"confirm.{purpose.value}_{part}"] in shown_text(window)
    assert driver.press(touched)
    assert engine.posted == [posted]


@pytest.mark.parametrize(
    "show",
    [
        Show(stage=Stage.PHONE, purpose=Purpose.NEW_PHONE),
        Show(stage=Stage.PHONE, has_password=True),
    ],
)
def test_a_new_number_is_all_that_is_typed(window, driver, engine, show):
    window.handle_notice(show)
    assert driver.type(PHONE)
    assert driver.press("key_next")
    assert engine.posted == [Typed(phone=PHONE, password=None)]


@pytest.mark.parametrize("way", [Way.VOICE, Way.CLERK])
@pytest.mark.parametrize("purpose", [one for one in Purpose if not one.has_password])
def test_no_picture_is_asked_for_where_none_is_needed(window, driver, engine, purpose, way):
    window.handle_notice(wanted(Stage.CONSENT, purpose, way))
    texts = load("zh-Hans")
    assert driver.press("agree_clerk" if way is Way.CLERK else "agree")
    sha256 = (texts.clerk_consent_sha256 if way is Way.CLERK else texts.consent_sha256)(purpose)
    assert engine.posted == [Agreed("zh-Hans", sha256, picture=False)]
    assert sha256 != (texts.clerk_consent_sha256 if way is Way.CLERK else texts.consent_sha256)()


def test_a_guardian_agrees_to_no_more_than_that(window, driver, engine):
    window.handle_notice(wanted(Stage.GUARDIAN, Purpose.ERASE))
    assert driver.press("agree_guardian")
    sha256 = load("zh-Hans").guardian_consent_sha256(Purpose.ERASE)
    assert engine.posted == [GuardianAgreed("zh-Hans", sha256)]


@pytest.mark.parametrize("pace", ["begin_unhurried", "begin"])
def test_a_renewal_keeps_the_pace_of_the_visit_before(qtbot, window, driver, engine, pace):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press(pace)
    for notice in outcome(Outcome.REFUSED, Code.PERSON_ALREADY_OPEN):
        window.handle_notice(notice)
    assert driver.press("renew")
    assert engine.posted[-1].unhurried is (pace == "begin_unhurried")


def test_a_slower_pace_is_kept_in_the_renewal(qtbot, window, driver, engine):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press("begin")
    window.handle_notice(show(Stage.DIGITS))
    window.handle_notice(ShowDigit(0, 6, 3))
    assert driver.press("slower")
    for notice in outcome(Outcome.REFUSED, Code.PERSON_ALREADY_OPEN):
        window.handle_notice(notice)
    assert driver.press("renew")
    assert engine.posted[-1].unhurried


@pytest.mark.parametrize("result", list(Outcome))
def test_nobody_else_is_offered_a_renewal(qtbot, window, driver, result):
    for notice in outcome(result, Code.PERSON_MISMATCH if result is Outcome.REFUSED else Code.OK):
        window.handle_notice(notice)
    assert driver.press("dismiss")
    assert not driver.press("renew")
    assert not driver.press("new_password")


@pytest.mark.parametrize("result", [Outcome.ACTIVATED, Outcome.ACCEPTED, Outcome.REFUSED])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_last_screen_says_what_was_done(window, result, purpose):
    for notice in outcome(result, purpose=purpose):
        window.handle_notice(notice)
    assert load("zh-Hans")[f"outcome.{outcome_key(result, purpose)}.title"] in shown_text(window)
    window.handle_notice(Show(stage=Stage.IDLE))
    for notice in outcome(result):
        window.handle_notice(notice)
    assert load("zh-Hans")[f"outcome.{result.value}.body"] in shown_text(window)


def test_without_a_slip_the_number_is_to_be_noted(window):
    for notice in outcome(Outcome.ACTIVATED):
        window.handle_notice(notice)
    window.handle_notice(NotPrinted(Code.PRINTER_PAPER))
    phrases = load("zh-Hans")
    assert phrases.customer(Code.PRINTER_PAPER) in shown_text(window)
    assert phrases["outcome.activated.title"] in shown_text(window)
    for notice in outcome(Outcome.REFUSED):
        window.handle_notice(notice)
    window.handle_notice(show(Stage.IDLE))
    for notice in outcome(Outcome.ACTIVATED):
        window.handle_notice(notice)
    assert phrases.customer(Code.PRINTER_PAPER) not in shown_text(window)


def test_the_qr_code_can_be_read(window):
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    for notice in outcome(Outcome.ACTIVATED):
        window.handle_notice(notice)
    QTest.qWait(20)
    image = the_only(window, QrCode).grab().toImage().convertToFormat(QImage.Format.Format_BGR888)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = pixels[:, : image.width() * 3].reshape(image.height(), image.width(), 3)
    assert cv2.QRCodeDetector().detectAndDecode(pixels)[0] == f"https://wz.example/look-up/{NUMBER}"


def test_a_refusal_names_its_reason_to_both(window):
    for notice in outcome(Outcome.REFUSED, Code.CARD_EXPIRED):
        window.handle_notice(notice)
    assert load("zh-Hans").customer_end(Code.CARD_EXPIRED) in shown_text(window)
    assert load("zh-Hans").clerk(Code.CARD_EXPIRED) in shown_text(window)
    assert "card.expired" in shown_text(window)


@pytest.mark.parametrize("language", list(Language))
def test_the_end_is_told_in_other_words_than_another_try(window, language):
    phrases, code = load(language), Code.SPEECH_SILENCE
    window.retranslate(language)
    window.handle_notice(show(Stage.DIGITS, code, 2))
    assert phrases.customer(code) in shown_text(window)
    for ended in ([show(Stage.REVIEW, code)], outcome(Outcome.REFERRED, code)):
        for notice in ended:
            window.handle_notice(notice)
        assert phrases.customer_end(code) in shown_text(window)
        assert phrases.customer(code) not in shown_text(window)


def test_a_later_result_replaces_the_first(window):
    for notice in outcome(Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE) + outcome(Outcome.ACTIVATED):
        window.handle_notice(notice)
    assert load("zh-Hans")["outcome.activated.title"] in shown_text(window)
    assert load("zh-Hans").customer(Code.CENTRAL_UNREACHABLE) not in shown_text(window)


def test_the_last_visit_leaves_no_number(window):
    for notice in outcome(Outcome.ACTIVATED):
        window.handle_notice(notice)
    window.handle_notice(Show(stage=Stage.IDLE))
    window.handle_notice(show(Stage.OUTCOME))
    assert NUMBER[:4] not in shown_text(window)


def test_the_last_screen_is_dismissed(window, driver, engine):
    for notice in outcome(Outcome.ACTIVATED):
        window.handle_notice(notice)
    assert driver.press("dismiss")
    assert engine.posted == [Dismissed()]


@pytest.mark.parametrize(
    "stage", [Stage.CONSENT, Stage.CARD, Stage.PHONE, Stage.FACE, Stage.DIGITS, Stage.REVIEW]
)
def test_there_is_always_a_way_out_and_a_clerk(window, driver, engine, stage):
    window.handle_notice(show(stage))
    assert driver.press("cancel")
    if Cancelled() not in engine.posted:
        assert driver.press("cancel_confirm")
    assert driver.press("help")
    assert engine.posted == [Cancelled(), HelpWanted()]


@pytest.mark.parametrize("stage", [Stage.CONSENT, Stage.CARD])
def test_cancelling_is_one_touch_where_nothing_is_lost(window, driver, engine, stage):
    window.handle_notice(show(stage))
    assert driver.press("cancel")
    assert engine.posted == [Cancelled()]


@pytest.mark.parametrize(
    "stages", [[Stage.PHONE], [Stage.FACE], [Stage.PHONE, Stage.REVIEW], [Stage.GUARDIAN, Stage.CARD]]
)
def test_cancelling_is_asked_about_once_a_card_was_read(window, driver, engine, stages):
    for stage in stages:
        window.handle_notice(show(stage))
    assert driver.press("cancel")
    assert load("zh-Hans")["cancel.title"] in shown_text(window)
    assert not driver.press("cancel")
    assert engine.posted == []
    assert driver.press("cancel_back")
    assert window.screens[stages[-1]].isVisible()
    assert driver.press("cancel")
    assert driver.press("cancel_confirm")
    assert engine.posted == [Cancelled()]


LEAVES = {
    "cancel": lambda: [show(Stage.PHONE)],
    "decline_clerk": lambda: [show(Stage.PHONE), replace(show(Stage.CONSENT), way=Way.CLERK)],
    "help_leave": lambda: [show(Stage.PHONE), waits()],
    "time_no": lambda: [show(Stage.PHONE), AskTime(time.monotonic() + 15)],
}
"""Every button that ends a visit, and what leads to it with a card that was read."""
ENDS = {Cancelled, Declined, GuardianDeclined}
ANSWERS = {"keep", "decline_guardian"}
"""Buttons that end a visit as the answer to a question of their own, before anything was typed."""


@pytest.mark.parametrize("button", LEAVES)
def test_every_button_that_ends_the_visit_asks_once_a_card_was_read(window, driver, engine, button):
    for notice in LEAVES[button]():
        window.handle_notice(notice)
    assert driver.press(button)
    assert engine.posted == []
    assert load("zh-Hans")["cancel.title"] in shown_text(window)
    assert driver.press("cancel_confirm")
    assert engine.posted == [Cancelled()]


def test_no_other_button_ends_a_visit_unasked(window, driver, engine):
    """Press what can be pressed on every screen with a card read: all that ends a visit is listed above."""
    ends, seen = set(), set()
    for story in STORIES.values():
        play(window, story)
        buttons = {one.objectName() for one in window.findChildren(QAbstractButton) if one.isVisible()}
        buttons = frozenset(name for name in buttons if not name.startswith(("key_", "language_")))
        if not window._card_read or buttons in seen:
            continue
        seen.add(buttons)
        for name in buttons - set(LEAVES):
            play(window, story)
            del engine.posted[:]
            driver.press(name)
            ends |= {name} if ENDS & {type(event) for event in engine.posted} else set()
    assert ends - {"cancel_confirm"} == ANSWERS


def test_the_clerks_consent_has_one_button_to_cancel(window, driver, engine):
    window.handle_notice(replace(show(Stage.CONSENT), way=Way.CLERK))
    assert not driver.press("cancel")
    assert driver.press("decline_clerk")
    assert engine.posted == [Cancelled()]


def test_what_was_typed_is_kept_by_a_person_who_goes_on(window, driver):
    window.handle_notice(show(Stage.PHONE))
    driver.type(PHONE[:5])
    driver.press("cancel")
    driver.press("cancel_back")
    assert the_only(window, DigitInput).text == PHONE[:5]


def test_the_next_visit_knows_nothing_of_the_card_before(window, driver, engine):
    window.handle_notice(show(Stage.PHONE))
    window.handle_notice(Show(stage=Stage.IDLE))
    window.handle_notice(show(Stage.CONSENT))
    assert driver.press("cancel")
    assert engine.posted == [Cancelled()]


def test_a_question_that_nobody_answers_goes_away(window, driver, engine):
    window.handle_notice(show(Stage.PHONE))
    driver.press("cancel")
    window._cancel_question._timeout.timeout.emit()
    assert window.screens[Stage.PHONE].isVisible()
    assert engine.posted == []


def test_nothing_cancels_once_it_is_sent(window, driver, engine):
    window.handle_notice(show(Stage.SUBMIT))
    assert not driver.press("cancel")
    assert engine.posted == []


def test_out_of_service_names_the_faults(window):
    window.handle_notice(OutOfService(OUT))
    window.handle_notice(Show(stage=Stage.OUT_OF_SERVICE, code=Code.CAMERA_MISSING))
    text = shown_text(window)
    assert load("zh-Hans").customer_end(Code.CAMERA_MISSING) in text
    assert load("zh-Hans").clerk(Code.MODEL_MISSING) in text
    assert "model.missing" in text


@pytest.mark.parametrize(("name", "language"), [(language.name.lower(), language) for language in Language])
@pytest.mark.parametrize("stage", list(Stage))
def test_the_language_can_be_changed_on_every_screen(window, driver, stage, name, language):
    window.handle_notice(show(stage))
    assert driver.press(f"language_{name}")
    place = "keypad.phone_title" if stage is Stage.PHONE else f"stage.{stage.value}.title"
    if stage is Stage.CONSENT:
        place = "consent.title"
    if stage is Stage.CONFIRM:
        place = "confirm.end_title"
    if stage is Stage.OUT_OF_SERVICE:
        window.handle_notice(OutOfService(OUT))
    if stage is Stage.PHONE_CODE:
        window.handle_notice(ShowPhoneCode("8000", None, True))
    assert load(language)[place] in shown_text(window)


def test_the_next_customer_gets_the_terminals_language(window, driver):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press("language_en")
    window.handle_notice(show(Stage.CARD))
    assert load("en")["stage.card.title"] in shown_text(window)
    window.handle_notice(Show(stage=Stage.IDLE))
    assert load("zh-Hans")["stage.idle.title"] in shown_text(window)


def test_the_time_left_is_shown_and_the_timer_stops_in_idle(window):
    window.handle_notice(show(Stage.CARD, seconds=42))
    assert window._footer.ring.left_s in (41, 42)
    assert window._clock.isActive()
    assert window._clock.interval() >= 1000
    window.handle_notice(Show(stage=Stage.IDLE))
    assert window._footer.ring.left_s is None
    assert not window._clock.isActive()


def body_px(window):
    QTest.qWait(20)  # the layout settles
    return max(label.fitting_px() for label in visible(window) if label._role == "body")


def test_large_type_and_high_contrast_are_kept_for_the_visit_only(window, driver):
    window.handle_notice(Show(stage=Stage.IDLE))
    ordinary, ground = body_px(window), window.grab().toImage().pixelColor(5, 600)
    assert driver.press("large")
    assert body_px(window) > ordinary
    assert window.grab().toImage().pixelColor(5, 600) == QColor("white") != ground
    for stage in (Stage.CONSENT, Stage.CARD, Stage.OUTCOME):
        window.handle_notice(show(stage))
        assert window.theme.growth
    window.handle_notice(Show(stage=Stage.IDLE))
    assert body_px(window) == ordinary
    assert window.grab().toImage().pixelColor(5, 600) == ground


def test_large_type_is_taken_back_where_nobody_begins(window, driver):
    window.handle_notice(Show(stage=Stage.IDLE))
    driver.press("large")
    assert window._forgotten.isActive()
    window._forgotten.timeout.emit()
    assert not window.theme.growth
    driver.press("large")
    window.handle_notice(show(Stage.CONSENT))
    assert not window._forgotten.isActive()


def highest_button(window):
    QTest.qWait(20)  # the layout settles
    return min(button.mapTo(window, QPoint()).y() for button in visible(window, QAbstractButton))


def test_an_upright_screen_can_be_lowered_for_a_visit(window, driver):
    window.handle_notice(Show(stage=Stage.IDLE))
    before = highest_button(window)
    assert driver.press("low_reach")
    for stage in (Stage.IDLE, Stage.CONSENT, Stage.PHONE, Stage.OUTCOME):
        if stage is not Stage.IDLE:
            window.handle_notice(show(stage))
        assert highest_button(window) >= window.height() * 0.3
    window.handle_notice(Show(stage=Stage.IDLE))
    assert highest_button(window) == before
    window.resize(1920, 1080)
    window.handle_notice(Show(stage=Stage.IDLE))
    assert not driver.press("low_reach")  # everything is within reach


def active_timers(window):
    return [timer for timer in window.findChildren(QTimer) if timer.isActive()]


def test_an_idle_window_moves_slowly_and_only_while_it_is_seen(window):
    window.handle_notice(Show(stage=Stage.IDLE))
    window.touch_rest.end()
    steps = the_only(window, PicturedSteps)
    assert active_timers(window) == [steps.timer]
    assert steps.timer.interval() >= 1000
    steps.timer.timeout.emit()
    assert steps.here == 1
    cover = QWidget(window)
    cover.setGeometry(window.rect())
    cover.setAutoFillBackground(True)
    cover.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
    cover.show()
    steps.timer.timeout.emit()
    assert steps.here == 1
    window.hide()
    assert active_timers(window) == []


def test_the_first_screen_invites_in_every_language(window):
    window.handle_notice(Show(stage=Stage.IDLE))
    seen = set()
    for _ in range(3 * len(Language)):
        window.findChild(PicturedSteps).timer.timeout.emit()
        seen |= {
            load(language).language
            for language in Language
            if load(language)["stage.idle.invitation"] in shown_text(window)
        }
    assert seen == set(Language)


def test_simulation_is_never_hidden(window):
    from kiosk.ui.widgets.banner import Banner

    for story in STORIES.values():
        play(window, story)
        assert the_only(window, Banner).text() == load("zh-Hans")["general.simulated"]


def test_every_button_has_an_accessible_name(window):
    for story in STORIES.values():
        play(window, story)
        for button in visible(window, QAbstractButton):
            assert button.accessibleName(), button.objectName()


def test_a_whole_visit_through_the_bridge(qtbot, window, driver, engine):
    bridge = Bridge(engine, window)
    bridge.received.connect(window.handle_notice)
    walk = [
        OutOfService(()),
        Show(stage=Stage.IDLE),
        show(Stage.CONSENT),
        Say("consent"),
        show(Stage.CARD, tries=3),
        show(Stage.CARD, Code.CARD_MOVED, 2),
        show(Stage.PHONE),
        show(Stage.FACE, tries=3),
        Coach(Code.FACE_TOO_FAR),
        Coach(Code.OK),
        show(Stage.DIGITS, tries=3),
        *[notice for n in range(6) for notice in (ShowDigit(n, 6, n), ShowHeard(n))],
        show(Stage.SUBMIT),
        Print(slip(Outcome.ACTIVATED)),
        show(Stage.OUTCOME),
        Say("activated"),
        Forget(),
        Finished(visit=NUMBER, outcome=Outcome.ACTIVATED, code=Code.OK, stage=Stage.SUBMIT, verdicts=()),
    ]
    for notice in walk:
        engine.notify(notice)
    qtbot.waitUntil(lambda: window.stage is Stage.OUTCOME)
    assert load("zh-Hans")["outcome.activated.title"] in shown_text(window)
    assert [event.window for event in engine.posted] == list(range(6))
    engine.notify(OutOfService(()))
    engine.notify(Show(stage=Stage.IDLE))
    qtbot.waitUntil(lambda: window.stage is Stage.IDLE)


def test_buttons_work_with_a_real_mouse(window, engine):
    window.handle_notice(show(Stage.CONSENT))
    [button] = [b for b in visible(window, QAbstractButton) if b.objectName() == "decline"]
    window.touch_rest.end()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert engine.posted == [Declined()]
    assert visible(window, MessageBar) == []


def test_the_slower_pace_is_asked_for_once_a_visit(window, engine):
    driver = RestedDriver(window)
    window.handle_notice(Show(stage=Stage.DIGITS, code=Code.OK, tries_left=3))
    assert driver.press("slower")
    assert not driver.press("slower")
    assert [event for event in engine.posted if isinstance(event, SlowDown)] == [SlowDown()]
    window.handle_notice(Show(stage=Stage.DIGITS, code=Code.SPEECH_TOO_LATE, tries_left=2))
    assert not driver.press("slower")
    window.handle_notice(Forget())
    window.handle_notice(Show(stage=Stage.DIGITS, code=Code.OK, tries_left=3))
    assert driver.press("slower")
