"""Every screen as the steps that lead to it, for the tests and the gallery."""

import time

from PySide6.QtTest import QTest

from kiosk.codes import Code
from kiosk.events import (
    AskSignature,
    Coach,
    DeviceFailed,
    Finding,
    OutOfService,
    Print,
    Show,
    ShowCase,
    ShowDigit,
    ShowDigits,
    ShowGain,
    ShowHeadMove,
    ShowHeard,
    ShowLight,
)
from kiosk.model import Check, Device, HeadMove, Outcome, Purpose, Role, Slip, Stage, Way
from kiosk.ui.touch_driver import TouchDriver
from kiosk.ui.widgets.button import TOUCH_BLOCK_MS

NUMBER = "7K2M-9QXD-04RT-V5BH"


def show(stage, code=Code.OK, tries=0, seconds=60):
    return Show(stage=stage, code=code, tries_left=tries, until=time.monotonic() + seconds)


def guardian(stage, code=Code.OK):
    return Show(stage=stage, code=code, tries_left=3, until=time.monotonic() + 60, guardian=True)


def slip(outcome, code=Code.OK, purpose=Purpose.OPEN):
    return Slip(
        id=NUMBER, outcome=outcome, code=code, terminal="demo", place="", at_unix=0.0, purpose=purpose
    )


def outcome(result, code=Code.OK, purpose=Purpose.OPEN):
    return [Print(slip(result, code, purpose)), show(Stage.OUTCOME, code, seconds=30)]


OUT = (
    DeviceFailed(Device.CAMERA, Code.CAMERA_MISSING),
    DeviceFailed(Device.MODELS, Code.MODEL_MISSING),
)
PHONE = "13800138000"
PASSWORD = "20583174"


def type_pages(*pages):
    """Return a step that types each page and presses next."""

    def play(driver: TouchDriver):
        for page in pages:
            assert driver.type(page)
            assert driver.press("key_next")

    return play


def press(name):
    return lambda driver: driver.press(name)


def type_only(text):
    return lambda driver: driver.type(text)


FINDINGS = (
    Finding(Check.CARD, "passed"),
    Finding(Check.FACE, "just_below"),
    Finding(Check.LIVENESS, "passed"),
)
CASE = ShowCase(
    code=Code.FACE_UNCERTAIN,
    way=Way.VOICE,
    findings=FINDINGS,
    may_approve=True,
    may_retry=True,
    second=True,
    pictures=True,
)
CLERK_CASE = ShowCase(
    code=Code.WAY_CLERK,
    way=Way.CLERK,
    findings=FINDINGS[:1],
    may_approve=True,
    may_retry=False,
    second=True,
    pictures=False,
)


CHILD_CASE = ShowCase(
    code=Code.CARD_CHILD,
    way=Way.VOICE,
    findings=(Finding(Check.CARD, "guardian"), *(Finding(check, "passed") for check in list(Check)[1:])),
    may_approve=True, may_retry=False, second=False, pictures=True,
)  # fmt: skip


def press_unblocked(name):
    """Return a step that presses a button that has just appeared, once it takes touches."""

    def step(driver):
        QTest.qWait(TOUCH_BLOCK_MS + 50)
        return driver.press(name)

    return step


REVIEW = [show(Stage.REVIEW, Code.FACE_UNCERTAIN, seconds=180), AskSignature(Role.CLERK, clerk="700124")]
CHILD_REVIEW = [show(Stage.REVIEW, Code.CARD_CHILD, seconds=180), AskSignature(Role.CLERK, clerk="700124")]
STORIES = {
    "portrait": [show(Stage.PORTRAIT, tries=2)],
    "portrait_hint": [show(Stage.PORTRAIT, tries=2), Coach(Code.CARD_PICTURE_GLARE)],
    "starting": [Show(stage=Stage.OUT_OF_SERVICE, code=Code.STARTING)],
    "out_of_service": [OutOfService(OUT), Show(stage=Stage.OUT_OF_SERVICE, code=Code.CAMERA_MISSING)],
    "idle": [Show(stage=Stage.IDLE)],
    "idle_called": [Show(stage=Stage.IDLE), press("help")],
    "consent_face": [show(Stage.CONSENT)],
    "consent_picture": [show(Stage.CONSENT), press("agree")],
    "card": [show(Stage.CARD, tries=3)],
    "card_again": [show(Stage.CARD, Code.CARD_MOVED, 2)],
    "guardian": [show(Stage.GUARDIAN)],
    "guardian_card": [guardian(Stage.CARD)],
    "guardian_card_again": [guardian(Stage.CARD, Code.GUARDIAN_UNDER_AGE)],
    "guardian_phone": [guardian(Stage.PHONE)],
    "guardian_password": [guardian(Stage.PHONE), type_pages(PHONE)],
    "guardian_face": [guardian(Stage.FACE)],
    "phone": [show(Stage.PHONE), type_only(PHONE[:7])],
    "phone_wrong": [show(Stage.PHONE), type_only("139"), press("key_next")],
    "password": [show(Stage.PHONE), type_pages(PHONE), type_only(PASSWORD[:5])],
    "password_weak": [show(Stage.PHONE), type_pages(PHONE, "12345678")],
    "again_mismatch": [show(Stage.PHONE), type_pages(PHONE, PASSWORD, "20583175")],
    "face": [show(Stage.FACE, tries=3, seconds=30)],
    "face_hint": [show(Stage.FACE, tries=3, seconds=30), Coach(Code.FACE_TOO_FAR)],
    "face_good": [show(Stage.FACE, tries=3, seconds=30), Coach(Code.OK)],
    "face_again": [show(Stage.FACE, Code.FACE_TOO_FEW_FRAMES, 1, 30)],
    "digits_wait": [show(Stage.DIGITS, tries=3)],
    "digits_again": [show(Stage.DIGITS, Code.SPEECH_WRONG_DIGITS, 2)],
    "digit": [
        show(Stage.DIGITS, tries=3),
        ShowDigit(0, 6, 3),
        ShowHeard(0),
        ShowDigit(1, 6, 7),
        ShowHeard(1),
        ShowDigit(2, 6, 8),
    ],
    "digit_gain": [
        show(Stage.DIGITS, tries=3),
        ShowDigit(0, 6, 3),
        ShowHeard(0),
        ShowDigit(1, 6, 7),
        ShowGain(Code.MICROPHONE_TOO_QUIET, -52.0),
    ],
    "digits_gain_again": [
        show(Stage.DIGITS, Code.SPEECH_TOO_QUIET, 2),
        ShowGain(Code.MICROPHONE_CLIPPED, -3.0),
    ],
    "digit_lit": [
        show(Stage.DIGITS, tries=3),
        ShowLight("BAGR", 0.6),
        ShowDigit(0, 6, 3),
        ShowHeard(0),
        ShowDigit(1, 6, 8),
    ],
    "digits_steady": [
        show(Stage.DIGITS, tries=3),
        press("light_off"),
        ShowDigit(0, 6, 3),
    ],
    "ways": [Show(stage=Stage.IDLE), press("other_way")],
    "ways_change": [show(Stage.DIGITS), press("change_way")],
    "consent_clerk": [Show(stage=Stage.CONSENT, until=time.monotonic() + 60, way=Way.CLERK)],
    "head_wait": [show(Stage.HEAD, tries=3), ShowHeadMove(0, 5, None)],
    "head_arrow": [show(Stage.HEAD, tries=3), ShowHeadMove(2, 5, HeadMove.LEFT)],
    "head_again": [show(Stage.HEAD, Code.HEAD_WRONG, 2), ShowHeadMove(0, 5, HeadMove.UP)],
    "touch": [show(Stage.TOUCH, tries=3), ShowDigits((3, 1, 4, 1, 5, 9)), type_only("314")],
    "touch_again": [show(Stage.TOUCH, Code.TOUCH_WRONG, 2), ShowDigits((2, 7, 1, 8, 2, 8))],
    "review": REVIEW,
    "review_sign": [*REVIEW, press("i_am_clerk"), type_only("246")],
    "review_sign_again": [*REVIEW, press("i_am_clerk"), AskSignature(Role.CLERK, Code.STAFF_REFUSED)],
    "review_case": [*REVIEW, press("i_am_clerk"), CASE],
    "review_reason": [*REVIEW, press("i_am_clerk"), CASE, press_unblocked("approve")],
    "review_second": [*REVIEW, press("i_am_clerk"), CASE, AskSignature(Role.SUPERVISOR)],
    "review_clerk_way": [*REVIEW, press("i_am_clerk"), CLERK_CASE],
    "review_child": [*CHILD_REVIEW, press("i_am_clerk"), CHILD_CASE],
    "review_child_reason": [*CHILD_REVIEW, press("i_am_clerk"), CHILD_CASE, press_unblocked("approve")],
    "review_child_wait": CHILD_REVIEW,
    "submit": [show(Stage.SUBMIT, seconds=6)],
    "activated": outcome(Outcome.ACTIVATED),
    "pending": outcome(Outcome.PENDING, Code.PERSON_NOT_YET_VISIBLE),
    "accepted": outcome(Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE),
    "refused": outcome(Outcome.REFUSED, Code.CARD_EXPIRED),
    "already_open": outcome(Outcome.REFUSED, Code.PERSON_ALREADY_OPEN),
    "renewed": outcome(Outcome.ACTIVATED, purpose=Purpose.RENEW),
    "password_set": outcome(Outcome.ACTIVATED, purpose=Purpose.NEW_PASSWORD),
    "referred": outcome(Outcome.REFERRED, Code.CONSENT_REFUSED),
    "abandoned": outcome(Outcome.ABANDONED, Code.VISIT_TIMEOUT),
}


def play(window, story):
    """Play the steps of a story, from the idle screen on."""
    driver = TouchDriver(window)
    window.handle_notice(Show(stage=Stage.IDLE))
    for step in story:
        if callable(step):
            step(driver)
        else:
            window.handle_notice(step)
