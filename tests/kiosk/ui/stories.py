"""Every screen as the steps that lead to it, for the tests and the gallery."""

import time

from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.events import (
    AskSignature,
    AskTime,
    Coach,
    DeviceFailed,
    Finding,
    NotPrinted,
    OutOfService,
    Print,
    Show,
    ShowCase,
    ShowDigit,
    ShowDigits,
    ShowGain,
    ShowHeadMove,
    ShowHeard,
    ShowHelp,
    ShowLight,
    ShowPhoneCode,
)
from kiosk.model import (
    Check,
    ClerkCallState,
    Device,
    ErasureNote,
    HeadMove,
    Outcome,
    Purpose,
    Role,
    Slip,
    Stage,
    Step,
    Way,
)
from kiosk.ui.screens.consent import ConsentScreen
from kiosk.ui.touch_driver import TouchDriver
from kiosk.visit.steps import step_at
from tests.kiosk.ui.rested import RestedDriver

MADE_AT = time.monotonic()
NUMBER = "7K2M-9QXD-04RT-V5BH"


def show(stage, code=Code.OK, tries=0, seconds=60):
    step = step_at(stage) or (Step.CHALLENGE if stage is Stage.REVIEW else None)
    return Show(stage=stage, code=code, tries_left=tries, until=time.monotonic() + seconds, step=step)


def guardian(stage, code=Code.OK, purpose=Purpose.OPEN):
    return Show(
        stage=stage,
        code=code,
        tries_left=3,
        until=time.monotonic() + 60,
        guardian=True,
        purpose=purpose,
        step=step_at(stage, guardian=True),
    )


def wanted(stage, purpose, way=Way.VOICE):
    """The stage in a visit that was begun for `purpose`."""
    return replace(show(stage), purpose=purpose, way=way)


def slip(outcome, code=Code.OK, purpose=Purpose.OPEN):
    return Slip(
        id=NUMBER,
        outcome=outcome,
        code=code,
        terminal="demo",
        place="",
        at_unix=0.0,
        purpose=purpose,
        look_up=f"https://wz.example/look-up/{NUMBER}",
    )


def outcome(result, code=Code.OK, purpose=Purpose.OPEN, step=Step.DONE):
    ended = replace(show(Stage.OUTCOME, code, seconds=30), step=step, outcome=result, purpose=purpose)
    return [Print(slip(result, code, purpose)), ended]


def erased_with_dates():
    note = ErasureNote(
        receipt=41, credentials=1, requests=3, evidence_until_unix=1_811_536_000.0, guard_until_unix=1.79e9
    )
    printed, ended = outcome(Outcome.ACTIVATED, purpose=Purpose.ERASE)
    return [Print(replace(printed.slip, erasure=note)), ended]


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


def offer_to_keep(driver):
    """Let the site ask whether a picture may be kept."""
    driver.parent().findChild(ConsentScreen)._keep_picture = True


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


REVIEW = [show(Stage.REVIEW, Code.FACE_UNCERTAIN, seconds=180), AskSignature(Role.CLERK, clerk="700124")]
NUMBER_CASE = ShowCase(
    code=Code.CARD_NUMBER_IRREGULAR, way=Way.VOICE, findings=(Finding(Check.CARD, "irregular"),),
    may_approve=True, may_retry=False, second=True, pictures=False,
)  # fmt: skip
NUMBER_REVIEW = [
    show(Stage.REVIEW, Code.CARD_NUMBER_IRREGULAR, seconds=180),
    AskSignature(Role.CLERK, clerk="700124"),
]
CHILD_REVIEW = [show(Stage.REVIEW, Code.CARD_CHILD, seconds=180), AskSignature(Role.CLERK, clerk="700124")]


def help_shown(stage, call, *, review=False):
    """The steps to a visit that waits for the clerk."""
    return [show(stage), ShowHelp(call=call, until=time.monotonic() + 175, review=review)]


def phone_code(*steps, code=Code.OK, tries=0, again_s=42.0, may_skip=True):
    """The steps to the page for a code."""
    again_at = None if again_s is None else time.monotonic() + again_s
    return [show(Stage.PHONE_CODE, code, tries), ShowPhoneCode("8000", again_at, may_skip), *steps]


STORIES = {
    "portrait": [show(Stage.PORTRAIT, tries=2)],
    "portrait_hint": [show(Stage.PORTRAIT, tries=2), Coach(Code.CARD_PICTURE_GLARE)],
    "starting": [Show(stage=Stage.OUT_OF_SERVICE, code=Code.STARTING)],
    "out_of_service": [OutOfService(OUT), Show(stage=Stage.OUT_OF_SERVICE, code=Code.CAMERA_MISSING)],
    "idle": [Show(stage=Stage.IDLE)],
    "idle_called": [Show(stage=Stage.IDLE), ShowHelp(call=ClerkCallState.CALLED)],
    "consent_face": [show(Stage.CONSENT)],
    "consent_picture": [show(Stage.CONSENT), press("agree")],
    "consent_keep": [offer_to_keep, show(Stage.CONSENT), press("agree"), press("agree_picture")],
    "card": [show(Stage.CARD, tries=3)],
    "card_again": [show(Stage.CARD, Code.CARD_MOVED, 2)],
    "guardian": [show(Stage.GUARDIAN)],
    "guardian_card": [guardian(Stage.CARD)],
    "guardian_card_again": [guardian(Stage.CARD, Code.GUARDIAN_UNDER_AGE)],
    "guardian_phone": [guardian(Stage.PHONE)],
    "guardian_password": [guardian(Stage.PHONE), type_pages(PHONE)],
    "guardian_face": [guardian(Stage.FACE)],
    "face_touch": [replace(show(Stage.FACE, tries=3, seconds=30), way=Way.TOUCH)],
    "phone": [show(Stage.PHONE), type_only(PHONE[:7])],
    "more_time": [show(Stage.PHONE), AskTime(time.monotonic() + 14)],
    "more_time_unseen": [show(Stage.FACE), AskTime(time.monotonic() + 14, Code.FACE_NONE)],
    "help_calling": help_shown(Stage.CARD, ClerkCallState.CALLING),
    "help_called": help_shown(Stage.PHONE, ClerkCallState.CALLED, review=True),
    "help_wave": help_shown(Stage.CONSENT, ClerkCallState.WAVE),
    "help_failed": help_shown(Stage.DIGITS, ClerkCallState.FAILED, review=True),
    "review_called": [*REVIEW, *help_shown(Stage.REVIEW, ClerkCallState.CALLED)[1:]],
    "phone_wrong": [show(Stage.PHONE), type_only("139"), press("key_next")],
    "password": [show(Stage.PHONE), type_pages(PHONE), type_only(PASSWORD[:5])],
    "password_weak": [show(Stage.PHONE), type_pages(PHONE, "12345678")],
    "again_mismatch": [show(Stage.PHONE), type_pages(PHONE, PASSWORD, "20583175")],
    "phone_code_sending": [show(Stage.PHONE_CODE, seconds=6)],
    "phone_code": phone_code(type_only("2048")),
    "phone_code_again": phone_code(again_s=0.0),
    "phone_code_required": phone_code(may_skip=False),
    "phone_code_wrong": phone_code(code=Code.PHONE_CODE_WRONG, tries=4),
    "phone_code_unsent": phone_code(code=Code.PHONE_CODE_UNSENT),
    "phone_code_too_often": phone_code(code=Code.PHONE_TOO_OFTEN, again_s=None),
    "phone_code_checking": phone_code(type_pages("204861")),
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
    "cancel": [show(Stage.PHONE), type_only(PHONE[:7]), press("cancel")],
    "consent_clerk": [Show(stage=Stage.CONSENT, until=time.monotonic() + 60, way=Way.CLERK)],
    "matters": [Show(stage=Stage.IDLE), press("other_matter")],
    "consent_matter": [wanted(Stage.CONSENT, Purpose.ERASE)],
    "consent_matter_clerk": [wanted(Stage.CONSENT, Purpose.END, Way.CLERK)],
    "guardian_matter": [wanted(Stage.GUARDIAN, Purpose.ERASE)],
    "new_phone": [wanted(Stage.PHONE, Purpose.NEW_PHONE), type_only(PHONE[:7])],
    "confirm_end": [wanted(Stage.CONFIRM, Purpose.END)],
    "confirm_erase": [wanted(Stage.CONFIRM, Purpose.ERASE)],
    "confirm_erase_child": [guardian(Stage.CONFIRM, purpose=Purpose.ERASE)],
    "head_wait": [show(Stage.HEAD, tries=3), ShowHeadMove(0, 5, None)],
    "head_arrow": [show(Stage.HEAD, tries=3), ShowHeadMove(2, 5, HeadMove.LEFT)],
    "head_again": [show(Stage.HEAD, Code.HEAD_WRONG, 2), ShowHeadMove(0, 5, HeadMove.UP)],
    "touch": [show(Stage.TOUCH, tries=3), ShowDigits((3, 1, 4, 1, 5, 9)), type_only("314")],
    "touch_again": [show(Stage.TOUCH, Code.TOUCH_WRONG, 2), ShowDigits((2, 7, 1, 8, 2, 8))],
    "review": REVIEW,
    "review_sign": [*REVIEW, press("i_am_clerk"), type_only("246")],
    "review_sign_again": [*REVIEW, press("i_am_clerk"), AskSignature(Role.CLERK, Code.STAFF_REFUSED)],
    "review_case": [*REVIEW, press("i_am_clerk"), CASE],
    "review_reason": [*REVIEW, press("i_am_clerk"), CASE, press("approve")],
    "review_second": [*REVIEW, press("i_am_clerk"), CASE, AskSignature(Role.SUPERVISOR)],
    "review_clerk_way": [*REVIEW, press("i_am_clerk"), CLERK_CASE],
    "review_child": [*CHILD_REVIEW, press("i_am_clerk"), CHILD_CASE],
    "review_child_reason": [*CHILD_REVIEW, press("i_am_clerk"), CHILD_CASE, press("approve")],
    "review_number": [*NUMBER_REVIEW, press("i_am_clerk"), NUMBER_CASE],
    "review_number_reason": [*NUMBER_REVIEW, press("i_am_clerk"), NUMBER_CASE, press("approve")],
    "review_number_wait": NUMBER_REVIEW,
    "review_child_wait": CHILD_REVIEW,
    "submit": [show(Stage.SUBMIT, seconds=6)],
    "activated": outcome(Outcome.ACTIVATED),
    "activated_perhaps_not_printed": [*outcome(Outcome.ACTIVATED), NotPrinted(Code.PRINTER_UNKNOWN)],
    "turned_camera": outcome(Outcome.REFERRED, Code.CAMERA_TURNED, step=Step.FACE),
    "pending": outcome(Outcome.PENDING, Code.PERSON_NOT_YET_VISIBLE),
    "accepted": outcome(Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE),
    "refused": outcome(Outcome.REFUSED, Code.CARD_EXPIRED, step=Step.CARD),
    "already_open": outcome(Outcome.REFUSED, Code.PERSON_ALREADY_OPEN),
    "renewed": outcome(Outcome.ACTIVATED, purpose=Purpose.RENEW),
    "password_set": outcome(Outcome.ACTIVATED, purpose=Purpose.NEW_PASSWORD),
    "phone_set": outcome(Outcome.ACTIVATED, purpose=Purpose.NEW_PHONE),
    "ended": outcome(Outcome.ACTIVATED, purpose=Purpose.END),
    "erased": outcome(Outcome.ACTIVATED, purpose=Purpose.ERASE),
    "erased_unprinted": [*erased_with_dates(), NotPrinted(Code.PRINTER_PAPER)],
    "erase_accepted": outcome(Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE, Purpose.ERASE),
    "referred": outcome(Outcome.REFERRED, Code.CONSENT_REFUSED, step=None),
    "abandoned": outcome(Outcome.ABANDONED, Code.VISIT_TIMEOUT, step=Step.PHONE),
}


def play(window, story):
    """Play the steps of a story, from the idle screen on."""
    driver = RestedDriver(window)
    window.handle_notice(Show(stage=Stage.IDLE))
    for step in story:
        if callable(step):
            step(driver)
        else:
            window.handle_notice(_at_present(step))


def _at_present(step):
    """Move the times of a step, which were taken when the stories were made, to now."""
    late = time.monotonic() - MADE_AT
    times = {name: getattr(step, name, None) for name in ("until", "again_at")}
    return replace(step, **{name: at + late for name, at in times.items() if at is not None})
