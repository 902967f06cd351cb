"""What each stage does with the events that may come at any time: a way out, the clock, a lost device."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    ActivationReceipt,
    Decision,
    Device,
    Outcome,
    PhoneCodeStatus,
    Purpose,
    RequestStatus,
    ReviewReason,
    Role,
    Stage,
    Way,
)
from tests.kiosk.visit.review_drive import DESK, StaffedVisitDriver
from tests.kiosk.visit.test_ways import POSE
from tests.support.visit_driver import DIGITS, GOOD_CARD, LIMITS, NUMBER, SENSOR, challenge, changed


def began(way: Way = Way.VOICE, **options) -> StaffedVisitDriver:
    drive = StaffedVisitDriver(**options)
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0, way=way))
    return drive


def with_card(way: Way = Way.VOICE, age: int = 66, **options) -> StaffedVisitDriver:
    drive = began(way, **options)
    drive.feed(e.Agreed("zh-Hans", "00", picture=True))
    drive.feed(e.CardRead(replace(GOOD_CARD, age=age)))
    return drive


def at_card(**options) -> StaffedVisitDriver:
    drive = began(**options)
    drive.feed(e.Agreed("zh-Hans", "00", picture=True))
    return drive


def at_confirm() -> StaffedVisitDriver:
    drive = StaffedVisitDriver()
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0, purpose=Purpose.END))
    drive.feed(e.Agreed("zh-Hans", "00", picture=True))
    drive.feed(e.CardRead(GOOD_CARD))
    return drive


def at_face(way: Way = Way.VOICE, **options) -> StaffedVisitDriver:
    drive = with_card(way, **options)
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    return drive


def at_portrait() -> StaffedVisitDriver:
    drive = at_face()
    drive.feed(e.ReferenceFailed(Code.CARD_PORTRAIT_PHOTOGRAPHED))
    return drive


def at_submit() -> StaffedVisitDriver:
    return at_face().match().read()


def at_outcome() -> StaffedVisitDriver:
    drive = at_submit()
    drive.feed(e.Stored(NUMBER))
    drive.time_out()
    return drive


def at_phone_code() -> StaffedVisitDriver:
    drive = StaffedVisitDriver(changed(LIMITS, phone_code={"use": "when_online"})).agree_and_type()
    drive.feed(e.PhoneCodeAnswered(request=1, status=PhoneCodeStatus.SENT, again_s=60.0))
    return drive


AT = {
    Stage.CONSENT: began,
    Stage.CARD: at_card,
    Stage.GUARDIAN: lambda: with_card(age=8),
    Stage.PHONE: with_card,
    Stage.CONFIRM: at_confirm,
    Stage.PHONE_CODE: at_phone_code,
    Stage.PORTRAIT: at_portrait,
    Stage.FACE: at_face,
    Stage.DIGITS: lambda: at_face().match(),
    Stage.HEAD: lambda: at_face(Way.HEAD).match(),
    Stage.TOUCH: lambda: at_face(Way.TOUCH).match(),
    Stage.REVIEW: lambda: at_face(Way.CLERK),
    Stage.SUBMIT: at_submit,
    Stage.OUTCOME: at_outcome,
}
BEFORE_A_CAMERA = [Stage.FACE, Stage.DIGITS, Stage.HEAD, Stage.TOUCH]


def at(stage: Stage) -> StaffedVisitDriver:
    drive = AT[stage]()
    assert drive.visit.stage is stage
    return drive


def ended(drive: StaffedVisitDriver) -> tuple[Outcome, Code]:
    assert drive.visit.stage is Stage.OUTCOME
    return drive.visit.outcome, drive.visit.code


# ── a way out ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stage", [s for s in AT if s not in (Stage.SUBMIT, Stage.OUTCOME)])
def test_cancel_ends_every_stage_before_the_request_is_made(stage):
    drive = at(stage)
    drive.feed(e.Cancelled())
    assert ended(drive) == (Outcome.ABANDONED, Code.VISIT_CANCELLED)
    assert drive.visit.ended_in is stage


@pytest.mark.parametrize("stage", [s for s in AT if s not in (Stage.REVIEW, Stage.SUBMIT, Stage.OUTCOME)])
def test_a_clerk_who_was_called_may_open_a_review_on_every_stage(stage):
    drive = at(stage)
    drive.feed(e.HelpWanted())
    drive.feed(e.ReviewWanted())
    assert drive.visit.stage is Stage.REVIEW
    assert drive.all(e.Show)[-1].code is Code.VISIT_NEEDS_CLERK


@pytest.mark.parametrize("stage", [s for s in AT if s not in (Stage.REVIEW, Stage.SUBMIT, Stage.OUTCOME)])
def test_a_clerk_who_was_called_for_help_gives_the_stage_back(stage):
    drive = at(stage)
    drive.feed(e.HelpWanted())
    drive.feed(e.ReviewWanted())
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.NOT_READY)
    back = Stage.FACE if stage in (*BEFORE_A_CAMERA, Stage.PORTRAIT) else stage
    assert drive.visit.stage is back


@pytest.mark.parametrize("stage", [s for s in AT if s not in (Stage.REVIEW, Stage.SUBMIT, Stage.OUTCOME)])
@pytest.mark.parametrize("offered", [True, False])
def test_a_review_is_offered_only_where_a_clerk_may_decide(stage, offered):
    drive = at(stage)
    drive.visit.review_settings = replace(DESK, help=offered)
    drive.feed(e.HelpWanted())
    assert drive.all(e.ShowHelp)[-1].review is offered


@pytest.mark.parametrize("stage", [Stage.SUBMIT, Stage.OUTCOME])
@pytest.mark.parametrize("event", [e.Cancelled(), e.CardRead(GOOD_CARD), e.Declined()])
def test_nothing_stops_a_request_that_was_made(stage, event):
    drive = at(stage)
    assert drive.feed(event) == []
    assert drive.visit.stage is stage


def test_help_does_not_stop_a_request_that_is_being_sent():
    """The last screen calls the clerk: see test_help."""
    drive = at(Stage.SUBMIT)
    assert drive.feed(e.HelpWanted()) == []
    assert drive.visit.stage is Stage.SUBMIT


# ── the clock ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("stage", "result"),
    [
        (Stage.CONSENT, (Outcome.ABANDONED, Code.VISIT_TIMEOUT)),
        (Stage.CARD, (Outcome.ABANDONED, Code.VISIT_TIMEOUT)),
        (Stage.GUARDIAN, (Outcome.ABANDONED, Code.VISIT_TIMEOUT)),
        (Stage.PHONE, (Outcome.ABANDONED, Code.VISIT_TIMEOUT)),
        (Stage.PHONE_CODE, (Outcome.ABANDONED, Code.VISIT_TIMEOUT)),
        (Stage.FACE, (Outcome.ABANDONED, Code.VISIT_ABANDONED)),
        (Stage.REVIEW, (Outcome.REFERRED, Code.WAY_CLERK)),
        (Stage.SUBMIT, (Outcome.REFERRED, Code.INTERNAL)),
    ],
)
def test_what_the_end_of_the_time_means(stage, result):
    drive = at(stage)
    early = drive.visit.deadline - drive.at - 0.01
    assert drive.feed(e.TimePassed(), early) == []
    drive.time_out()
    assert ended(drive) == result


@pytest.mark.parametrize("stage", [Stage.DIGITS, Stage.HEAD])
def test_a_challenge_that_does_not_come_begins_at_the_face_again(stage):
    drive = at(stage)
    drive.time_out()
    assert drive.visit.stage is Stage.FACE
    assert drive.visit.tries_spent(Stage.FACE) == 1


def test_digits_that_are_not_typed_in_time_are_asked_for_again():
    drive = at(Stage.TOUCH)
    drive.feed(e.ChallengeTaken(challenge()))
    drive.time_out()
    assert (drive.visit.stage, drive.all(e.Show)[-1].code) == (Stage.TOUCH, Code.TOUCH_TOO_LATE)
    assert drive.visit.challenge is None


def test_the_last_screen_ends_by_itself_and_the_visit_is_over():
    drive = at(Stage.OUTCOME)
    orders = drive.time_out()
    assert orders[0] == e.Forget()
    assert isinstance(orders[1], e.Finished)
    assert (drive.visit.over, drive.visit.stage, drive.visit.deadline) == (True, Stage.IDLE, None)
    assert drive.feed(e.Began(visit=NUMBER, language="en", at_unix=1.0)) == []


def test_what_is_written_about_a_finished_visit():
    drive = at(Stage.OUTCOME)
    receipt = ActivationReceipt(id=NUMBER, status=RequestStatus.ACTIVATED, code=Code.OK, credential="N1")
    drive.feed(e.ReceiptArrived(receipt))
    (_, finished) = drive.feed(e.Dismissed())
    assert (finished.visit, finished.outcome, finished.code) == (NUMBER, Outcome.ACTIVATED, Code.OK)
    assert (finished.stage, finished.credential) == (Stage.SUBMIT, "N1")
    assert (finished.way, finished.purpose, finished.reviews) == (Way.VOICE, Purpose.OPEN, ())
    assert len(finished.verdicts) == len(drive.visit.verdicts) > 5


# ── devices ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stage", [*BEFORE_A_CAMERA, Stage.PORTRAIT, Stage.REVIEW])
def test_without_the_engines_the_visit_ends(stage):
    drive = at(stage)
    drive.feed(e.DeviceFailed(Device.MODELS, Code.INTERNAL))
    assert ended(drive) == (Outcome.REFERRED, Code.INTERNAL)


@pytest.mark.parametrize(
    ("stage", "device"),
    [*((stage, Device.CAMERA) for stage in BEFORE_A_CAMERA), (Stage.DIGITS, Device.MICROPHONE)],
)
def test_without_what_a_stage_needs_the_face_is_looked_for_again(stage, device):
    drive = at(stage)
    drive.feed(e.DeviceFailed(device, Code.CAMERA_LOST))
    assert (drive.visit.stage, drive.all(e.Show)[-1].code) == (Stage.FACE, Code.CAMERA_LOST)
    assert drive.visit.tries_spent(Stage.FACE) == 1


@pytest.mark.parametrize("stage", [Stage.HEAD, Stage.TOUCH])
def test_a_lost_microphone_disturbs_no_way_without_a_voice(stage):
    drive = at(stage)
    assert drive.feed(e.DeviceFailed(Device.MICROPHONE, Code.MICROPHONE_LOST)) == []
    assert drive.visit.sense_failure() is None
    assert drive.visit.tries_spent(Stage.FACE) == 0


@pytest.mark.parametrize("stage", [*BEFORE_A_CAMERA, Stage.PORTRAIT, Stage.REVIEW])
def test_a_printer_that_fails_disturbs_no_stage(stage):
    drive = at(stage)
    assert drive.feed(e.DeviceFailed(Device.PRINTER, Code.CAMERA_LOST)) == []
    assert drive.visit.stage is stage


def test_a_lost_camera_costs_a_try_of_the_portrait_and_a_lost_microphone_none():
    drive = at(Stage.PORTRAIT)
    assert drive.feed(e.DeviceFailed(Device.MICROPHONE, Code.MICROPHONE_LOST)) == []
    drive.feed(e.DeviceFailed(Device.CAMERA, Code.CAMERA_LOST))
    assert drive.all(e.Show)[-1].code is Code.CAMERA_LOST
    assert drive.visit.tries_spent(Stage.PORTRAIT) == 1


def test_a_lost_reader_is_shown_where_a_card_is_asked_for():
    drive = at(Stage.CARD)
    (show,) = drive.feed(e.DeviceFailed(Device.READER, Code.READER_LOST))
    assert show.code is Code.READER_LOST
    assert drive.feed(e.DeviceFailed(Device.CAMERA, Code.CAMERA_LOST)) == []
    drive.time_out()
    assert ended(drive) == (Outcome.REFERRED, Code.READER_LOST)


@pytest.mark.parametrize("stage", [Stage.DIGITS, Stage.HEAD, Stage.TOUCH, Stage.REVIEW])
def test_without_a_challenge_the_visit_ends(stage):
    drive = at(stage)
    drive.feed(e.ChallengeMissing(Code.CHALLENGE_NONE))
    assert ended(drive) == (Outcome.REFERRED, Code.CHALLENGE_NONE)


# ── another face, no face ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stage", [Stage.DIGITS, Stage.HEAD, Stage.TOUCH])
@pytest.mark.parametrize(
    ("seen", "code"), [({"track": 2}, Code.FACE_CHANGED), ({"faces": 0}, Code.FACE_LEFT)]
)
def test_a_challenge_belongs_to_the_face_that_matched(stage, seen, code):
    drive = at(stage)
    drive.feed(e.ChallengeTaken(challenge()))
    drive.see(LIMITS.face.max_gap_s + 0.1, **seen)
    assert (drive.visit.stage, drive.all(e.Show)[-1].code) == (Stage.FACE, code)
    (broken,) = [v for v in drive.visit.verdicts if v.code is code]
    assert broken.measured["track_changed"] is (code is Code.FACE_CHANGED)
    assert (drive.visit.reading, drive.visit.turning, drive.visit.challenge) == (None, None, None)


@pytest.mark.parametrize("stage", [Stage.DIGITS, Stage.HEAD, Stage.TOUCH])
def test_a_face_that_comes_back_in_time_breaks_nothing(stage):
    drive = at(stage)
    drive.feed(e.ChallengeTaken(challenge()))
    for _ in range(8):
        drive.see(LIMITS.face.max_gap_s * 0.6, faces=0)
        drive.see(0.05)
    assert drive.visit.stage is stage


def test_after_the_last_try_of_the_face_a_clerk_is_asked_or_the_visit_ends():
    drive = at(Stage.DIGITS)
    for _ in range(LIMITS.face.tries):
        drive.see(track=2)
        drive.match()
    assert ended(drive) == (Outcome.REFERRED, Code.FACE_CHANGED)
    assert drive.visit.tries_left(Stage.FACE) == 0


# ── the clerk ────────────────────────────────────────────────────────────────────────────────────


def uncertain(**options) -> StaffedVisitDriver:
    """Everything is read right, with a face that stays in the grey band."""
    drive = at_face(**options)
    drive.face = {"likeness_mean": 0.42}
    return drive.match().read()


def test_no_more_reviews_than_the_settings_allow():
    drive = uncertain(desk=replace(DESK, most=1))
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.LIGHT)
    drive.match().read()
    assert ended(drive) == (Outcome.REFERRED, Code.FACE_UNCERTAIN)
    assert len(drive.visit.reviews) == 1


def test_another_try_is_one_try():
    drive = uncertain()
    while drive.visit.spend(Stage.FACE):
        pass
    drive.sign("7001").decide(Decision.AGAIN, ReviewReason.LIGHT)
    assert (drive.all(e.Show)[-1].stage, drive.all(e.Show)[-1].tries_left) == (Stage.FACE, 1)
    assert [drive.visit.tries_left(s) for s in (Stage.DIGITS, Stage.HEAD, Stage.TOUCH)] == [3, 3, 3]
    drive.feed(e.DeviceFailed(Device.CAMERA, Code.CAMERA_LOST))
    assert drive.visit.stage is not Stage.FACE


def test_without_a_clerk_there_is_no_review():
    drive = at(Stage.FACE)
    drive.staff, drive.face = None, {"likeness_mean": 0.42}
    drive.match().read()
    assert ended(drive) == (Outcome.REFERRED, Code.FACE_UNCERTAIN)


def test_a_signature_is_checked_once_and_by_whom_it_was_asked_for():
    drive = at(Stage.REVIEW)
    (attest,) = drive.feed(e.Signs("7001", "2468"))
    assert (attest.clerk, attest.role) == ("7001", Role.CLERK)
    assert drive.feed(e.Attested("7002", Role.SUPERVISOR, 2.0)) == []  # somebody else's
    assert drive.feed(e.Attested("7001", Role.CLERK, 2.0)) != []
    assert drive.feed(e.Signs("7002", "2468")) == []  # nothing is decided yet
    assert drive.feed(e.Attested("7001", Role.CLERK, 3.0)) == []
    assert drive.feed(e.NotAttested(Code.STAFF_REFUSED)) == []


def test_a_challenge_that_came_in_the_review_is_the_requests():
    drive = at(Stage.REVIEW)
    drive.feed(e.ChallengeTaken(challenge()))
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    drive.sign("7002", Role.SUPERVISOR)
    (order,) = drive.all(e.Submit)
    assert order.evidence.challenge == "c1"


def test_the_clerks_way_without_a_challenge_hands_nothing_in():
    drive = at(Stage.REVIEW)
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    drive.sign("7002", Role.SUPERVISOR)
    assert ended(drive) == (Outcome.REFERRED, Code.CHALLENGE_NONE)


def test_a_second_clerk_who_answers_the_call_begins_no_second_review():
    drive = at(Stage.REVIEW)
    assert drive.feed(e.ClerkPresent("7002", Role.SUPERVISOR, 5.0)) == []
    assert drive.feed(e.ClerkAbsent()) == []
    assert drive.visit.stage is Stage.REVIEW


def test_one_signature_that_arrives_twice_is_not_two():
    """Nothing was asked to be signed the second time."""
    drive = at(Stage.REVIEW)
    drive.feed(e.ChallengeTaken(challenge()))
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    (first,) = [event for _, event in drive.log if isinstance(event, e.ReviewSigned)]
    assert drive.feed(first) == []
    supervisors = replace(first.signature, clerk="7002", role=Role.SUPERVISOR)
    assert drive.feed(e.ReviewSigned(supervisors)) == []
    assert drive.visit.stage is Stage.REVIEW
    assert not drive.all(e.Submit)


def test_a_pin_that_was_wrong_is_not_right_afterwards():
    """Until somebody signs again no PIN is being checked, so no answer about one counts."""
    drive = at(Stage.REVIEW)
    drive.sign("7001", known=False)
    assert drive.feed(e.Attested("7001", Role.CLERK, 2.0)) == []
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    drive.sign("7003", Role.CLERK)  # no supervisor
    assert drive.feed(e.Attested("7003", Role.SUPERVISOR, 3.0)) == []
    assert drive.visit.stage is Stage.REVIEW


@pytest.mark.parametrize("wrong", [1, 4, 5])
def test_five_wrong_pins_end_a_review(wrong):
    drive = at(Stage.REVIEW)
    for _ in range(wrong):
        drive.sign("7001", known=False)
    assert drive.visit.stage is (Stage.OUTCOME if wrong == 5 else Stage.REVIEW)


def test_wrong_second_signatures_count_too():
    drive = at(Stage.REVIEW)
    drive.sign("7001").decide(reason=ReviewReason.OWN_WISH)
    for _ in range(5):
        drive.sign("7003", Role.CLERK)
    assert ended(drive) == (Outcome.REFERRED, Code.WAY_CLERK)


@pytest.mark.parametrize(("likeness", "band"), [(0.401, "just_below"), (0.399, "below")])
def test_how_near_a_face_was_is_said_in_words(likeness, band):
    accept = StaffedVisitDriver().visit.thresholds.accept
    drive = at_face()
    drive.face = {"likeness_mean": accept - 0.45 + likeness}
    drive.match().read()
    drive.sign("7001")
    (case,) = drive.all(e.ShowCase)
    assert {f.check.value: f.band for f in case.findings}["face"] == band
    assert (case.may_approve, case.may_retry, case.second, case.pictures) == (True, True, False, True)


def test_what_a_clerk_sees_on_the_clerks_way():
    drive = at(Stage.REVIEW)
    drive.sign("7001")
    (case,) = drive.all(e.ShowCase)
    assert (case.may_approve, case.may_retry, case.second, case.pictures) == (True, False, True, False)


def test_a_young_persons_card_is_shown_as_one_that_needs_a_guardian():
    drive = with_card(age=16)
    drive.sign("7001")
    (case,) = drive.all(e.ShowCase)
    assert {f.check.value: f.band for f in case.findings}["card"] == "guardian"


# ── other ways, other requests ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stage", BEFORE_A_CAMERA)
def test_another_way_may_be_chosen_from_every_stage_before_the_camera(stage):
    drive = at(stage)
    other = Way.HEAD if stage is not Stage.HEAD else Way.TOUCH
    drive.feed(e.WayChosen(other))
    assert drive.visit.way is other
    begun = {Way.HEAD: Stage.HEAD, Way.TOUCH: Stage.TOUCH}[other]
    assert drive.visit.stage is (Stage.FACE if stage is Stage.FACE else begun)


@pytest.mark.parametrize("stage", [Stage.SUBMIT, Stage.OUTCOME])
def test_what_becomes_of_another_request_does_not_matter_here(stage):
    drive = at(stage)
    assert drive.feed(e.RequestWedged("9999-9999-9999-9999", Code.INTERNAL)) == []
    receipt = ActivationReceipt(id="9999-9999-9999-9999", status=RequestStatus.REFUSED, code=Code.INTERNAL)
    assert drive.feed(e.ReceiptArrived(receipt)) == []
    assert drive.visit.stage is stage
    drive.feed(e.RequestWedged(NUMBER, Code.INTERNAL))
    assert ended(drive) == (Outcome.REFERRED, Code.INTERNAL)


@pytest.mark.parametrize(("frames", "shown"), [(1, False), (2, True)])
def test_a_hint_about_the_card_is_shown_with_the_second_frame(frames, shown):
    drive = at(Stage.PORTRAIT)
    for _ in range(frames):
        drive.feed(e.CardSeen(drive.at, Code.CARD_PICTURE_FAR))
    assert drive.all(e.Coach) == ([e.Coach(Code.CARD_PICTURE_FAR)] if shown else [])


def test_a_head_has_as_long_to_come_back_as_it_had_to_move():
    drive = at(Stage.HEAD)
    drive.feed(e.ChallengeTaken(challenge()))
    drive.feed(e.PromptEnded("head", drive.at))
    for _ in range(12):
        drive.see(0.08, yaw=0.0, pitch=0.0)
    (order,) = [o for o in drive.time_out() if isinstance(o, e.ShowHeadMove)]
    drive.feed(e.HeadMoveShown(order.step, drive.at), 0.0)
    assert drive.visit.deadline == pytest.approx(drive.at + LIMITS.head.window_s)
    yaw, pitch = POSE[order.move]
    drive.see(0.5, yaw=yaw, pitch=pitch)
    assert drive.visit.deadline == pytest.approx(drive.at + LIMITS.head.window_s)
    drive.time_out()  # it never comes back
    assert (drive.visit.stage, drive.all(e.Show)[-1].code) == (Stage.HEAD, Code.HEAD_STILL)


# ── the stream ───────────────────────────────────────────────────────────────────────────────────


def test_a_stream_that_turned_bad_during_the_digits_hands_nothing_in():
    """It was good when the face matched; the last frame of the visit tells otherwise."""
    drive = at(Stage.DIGITS)
    drive.feed(e.ChallengeTaken(challenge()))
    see = drive.see

    def bad(after=0.07, **more):
        return see(after, stream=replace(SENSOR, repeated=99), **more)

    drive.see = bad
    drive.visit.prompts_due = 0
    drive.read(DIGITS)
    assert not drive.all(e.Submit)
    assert drive.visit.code is Code.STREAM_REPEATED


def test_a_bad_stream_is_refused_with_the_face_and_goes_on_record():
    drive = at(Stage.FACE)
    drive.match(stream=replace(SENSOR, repeated=99))
    assert ended(drive) == (Outcome.REFERRED, Code.STREAM_REPEATED)
    assert drive.visit.verdicts[-1].code is Code.STREAM_REPEATED
    assert not drive.all(e.TakeChallenge)


def test_a_bug_on_the_last_screen_ends_the_visit_as_it_was():
    drive = at(Stage.OUTCOME)
    orders = drive.visit.fail(drive.at)
    assert [type(order) for order in orders] == [e.Forget, e.Finished]
    assert (drive.visit.over, orders[1].outcome) == (True, Outcome.ACCEPTED)


def test_a_clerk_who_comes_again_does_not_ask_the_guardian_again():
    drive = at(Stage.GUARDIAN)
    drive.feed(e.GuardianAgreed("zh-Hans", "11" * 32))
    assert drive.visit.stage is Stage.CARD
    assert drive.feed(e.ClerkPresent("7001", Role.CLERK, 2.0)) == []
    assert drive.visit.stage is Stage.CARD
    assert drive.feed(e.ClerkAbsent()) == []


# ── the slip ─────────────────────────────────────────────────────────────────────────────────────


def test_the_slip_is_in_the_language_of_the_consent():
    drive = began()
    drive.feed(e.Agreed("en", "00", picture=False))
    drive.feed(e.Cancelled())
    assert drive.slip.language == "en"
    before = began()
    before.feed(e.Cancelled())
    assert before.slip.language == "zh-Hans"


def test_what_is_on_the_slip():
    drive = at(Stage.OUTCOME)
    slip = drive.slip
    assert (slip.id, slip.outcome, slip.code) == (NUMBER, Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE)
    assert (slip.at_unix, slip.credential, slip.purpose) == (1_700_000_000.0, None, Purpose.OPEN)
    assert (slip.terminal, slip.place, slip.look_up) == ("T", "P", "")


def test_what_is_personal_is_dropped_with_the_last_screen():
    drive = at(Stage.SUBMIT)
    assert drive.visit.card is not None
    assert drive.visit.typed is not None
    drive.feed(e.Stored(NUMBER))
    orders = drive.time_out()
    visit = drive.visit
    assert (visit.card, visit.child, visit.typed, visit.reading, visit.challenge) == (None,) * 5
    assert {e.StopListening(), e.Unwatch(), e.IgnoreCard()} <= {
        o for o in orders if not isinstance(o, e.Print)
    }
    drive.feed(e.Dismissed())
    assert visit.consent is None


def test_the_prompt_of_another_stage_does_not_count_as_the_digits():
    drive = at(Stage.DIGITS)
    for _ in range(2):  # new digits, while the prompt for the first is still spoken
        drive.feed(e.ChallengeTaken(challenge()))
    for prompt, opens in (("face", False), ("digits", False), ("digits_retry", True)):
        orders = drive.feed(e.PromptEnded(prompt, drive.at))
        assert (e.Listen(6) in orders) is opens


def test_digits_are_refused_a_listener_before_the_prompt_is_over():
    drive = at(Stage.DIGITS)
    drive.feed(e.ChallengeTaken(challenge()))
    assert drive.feed(e.PromptEnded("face", drive.at)) == []
    orders = drive.feed(e.PromptEnded("digits", drive.at))
    assert e.Listen(6) in orders
    assert drive.feed(e.PromptEnded("digits", drive.at)) == []
