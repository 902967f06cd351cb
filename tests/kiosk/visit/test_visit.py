"""The visit as the stage table says, fed by hand."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import CardFacts, Check, Device, DigitHeard, Outcome, RequestStatus, Stage, VerdictAnswer
from tests.support.visit_driver import (
    DIGITS,
    GOOD_CARD,
    LIMITS,
    NUMBER,
    SENSOR,
    VisitDriver,
    challenge,
    changed,
    scores,
)


def test_a_genuine_visit_is_activated():
    drive = VisitDriver().to_submit()
    assert not drive.all(e.Print)
    drive.feed(e.Stored(NUMBER))
    drive.receipt()
    assert (drive.slip.outcome, drive.slip.code, drive.slip.credential) == (Outcome.ACTIVATED, Code.OK, "N1")
    drive.feed(e.Dismissed())
    assert drive.visit.over
    assert isinstance(drive.orders[-2], e.Forget)
    finished = drive.orders[-1]
    assert isinstance(finished, e.Finished)
    passed = {v.check for v in finished.verdicts if v.answer is VerdictAnswer.PASS}
    others = {Check.HEAD, Check.TOUCH, Check.LIGHT, Check.GUARDIAN}  # of other ways, for a child; no colours
    assert passed == set(Check) - others - {Check.LIVENESS}  # no model here: nothing measured, never a pass


def test_stages_come_in_order():
    drive = VisitDriver().to_submit()
    drive.receipt()
    shown = [s.stage for s in drive.all(e.Show)]
    assert shown == [
        Stage.CONSENT,
        Stage.CARD,
        Stage.PHONE,
        Stage.FACE,
        Stage.DIGITS,
        Stage.SUBMIT,
        Stage.OUTCOME,
    ]


def test_no_device_is_opened_and_no_card_read_before_consent():
    drive = VisitDriver()
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0))
    assert not drive.all(e.Attend)
    assert not drive.all(e.AwaitCard)
    assert drive.feed(e.CardRead(GOOD_CARD)) == []
    drive.feed(e.Agreed("zh-Hans", "00", picture=False))
    assert drive.all(e.Attend)
    assert drive.all(e.AwaitCard)


def test_without_consent_the_clerk_takes_over():
    drive = VisitDriver()
    drive.feed(e.Began(visit=NUMBER, language="en", at_unix=0.0))
    drive.feed(e.Declined())
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CONSENT_REFUSED)
    assert not drive.all(e.Watch)


@pytest.mark.parametrize(
    ("facts", "outcome", "code"),
    [
        (replace(GOOD_CARD, number_valid=False), Outcome.REFUSED, Code.CARD_NUMBER_INVALID),
        (replace(GOOD_CARD, birth_agrees=False), Outcome.REFUSED, Code.CARD_NUMBER_INVALID),
        (replace(GOOD_CARD, days_valid=-1), Outcome.REFUSED, Code.CARD_EXPIRED),
        (replace(GOOD_CARD, days_since_issue=-1), Outcome.REFUSED, Code.CARD_NOT_YET_VALID),
        (replace(GOOD_CARD, age=17), Outcome.REFERRED, Code.CARD_UNDER_AGE),
        (CardFacts(), Outcome.REFUSED, Code.CARD_NUMBER_INVALID),
    ],
)
def test_a_card_that_may_not_be_opened(facts, outcome, code):
    drive = VisitDriver().to_card()
    drive.feed(e.CardRead(facts))
    assert (drive.slip.outcome, drive.slip.code) == (outcome, code)


def test_the_last_valid_day_counts():
    drive = VisitDriver().to_card()
    drive.feed(e.CardRead(replace(GOOD_CARD, days_valid=0)))
    assert drive.visit.stage is Stage.PHONE


def test_an_unreadable_card_gets_three_tries_then_the_clerk():
    drive = VisitDriver().to_card()
    for left in (2, 1):
        drive.feed(e.CardFailed(Code.CARD_MOVED))
        assert drive.all(e.Show)[-1].tries_left == left
        assert drive.visit.stage is Stage.CARD
    drive.feed(e.CardFailed(Code.CARD_UNREADABLE))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CARD_UNREADABLE)


def test_a_card_that_no_clock_can_judge_is_not_refused_and_costs_no_tries():
    drive = VisitDriver().to_card()
    drive.feed(e.CardFailed(Code.CLOCK_OFF))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CLOCK_OFF)


@pytest.mark.parametrize("to", ["to_card", "to_phone", "to_face", "to_digits"])
@pytest.mark.parametrize("events", [[e.Cancelled()], [e.HelpWanted(), e.Cancelled()]])
def test_there_is_always_a_way_out(to, events):
    drive = getattr(VisitDriver(), to)()
    for event in events:
        drive.feed(event)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.ABANDONED, Code.VISIT_CANCELLED)


def test_nothing_cancels_once_the_request_is_submitted():
    drive = VisitDriver().to_submit()
    assert drive.feed(e.Cancelled()) == []
    assert drive.visit.stage is Stage.SUBMIT


# ── face ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_fresh_challenge_is_expected_as_soon_as_the_face_is_looked_for():
    drive = VisitDriver().to_face()
    assert drive.all(e.ExpectChallenge) == [e.ExpectChallenge()]
    assert not drive.all(e.TakeChallenge)


def test_no_face_is_matched_before_the_portrait_is_ready():
    drive = VisitDriver().to_face()
    for _ in range(20):
        drive.see()
    assert drive.visit.stage is Stage.FACE


def test_a_face_that_matches_before_the_stream_can_be_judged_is_looked_at_on():
    drive = VisitDriver().to_face()
    drive.feed(e.ReferenceReady())
    for _ in range(8):
        drive.see(stream=replace(SENSOR, frames=18))
    assert drive.visit.stage is Stage.FACE
    drive.see()
    assert drive.visit.stage is Stage.DIGITS


@pytest.mark.parametrize(("frames", "code"), [(11, Code.FACE_MISMATCH), (4, Code.FACE_TOO_FEW_FRAMES)])
def test_a_slow_machine_still_tells_somebody_else(frames, code):
    """The time is over before `decide_frames` were compared: what is known by then decides."""
    drive = VisitDriver().to_face()
    for _ in range(LIMITS.face.tries):
        drive.feed(e.ReferenceReady())
        drive.see(likeness=0.05, likeness_mean=0.05, frames_good=frames)
        drive.at = drive.visit.face_at + LIMITS.face.limit_s / 2 - 0.1
        drive.see(likeness=0.05, likeness_mean=0.05, frames_good=frames)
        drive.time_out()
    assert drive.visit.code is code
    assert drive.visit.stage is Stage.OUTCOME


def test_a_portrait_without_a_face_goes_to_the_clerk():
    drive = VisitDriver().to_face()
    drive.feed(e.ReferenceFailed(Code.CARD_PORTRAIT_NO_FACE))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CARD_PORTRAIT_NO_FACE)


def test_a_clear_mismatch_is_refused_before_the_challenge():
    drive = VisitDriver().to_face()
    for _ in range(3):
        assert drive.visit.stage is Stage.FACE
        drive.feed(e.ReferenceReady())
        for n in range(1, 13):
            drive.see(frames_good=n, likeness_mean=0.10)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFUSED, Code.FACE_MISMATCH)


def test_an_uncertain_face_is_referred_after_the_challenge():
    drive = VisitDriver().to_face()
    drive.face = {"likeness_mean": 0.38}
    drive.feed(e.ReferenceReady())
    for n in range(1, 13):
        drive.see(frames_good=n)
    drive.read()
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.FACE_UNCERTAIN)


def test_a_required_liveness_model_that_is_missing_never_passes():
    drive = VisitDriver(changed(LIMITS, liveness={"required": True})).to_face()
    for _ in range(3):
        drive.feed(e.ReferenceReady())
        for _ in range(6):
            drive.see(live_median=None)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.FACE_LIVENESS_UNKNOWN)


def test_an_attack_never_passes():
    drive = VisitDriver().to_face()
    for _ in range(3):
        drive.feed(e.ReferenceReady())
        for _ in range(6):
            drive.see(live_median=0.05)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.FACE_NOT_LIVE)


def test_hints_do_not_flicker():
    drive = VisitDriver().to_face()
    for hint in [Code.FACE_TOO_FAR, Code.FACE_TURNED] * 5:
        drive.see(hint=hint, frames_good=0, likeness_mean=None)
    assert not drive.all(e.Coach)
    for _ in range(4):
        drive.see(hint=Code.FACE_TURNED, frames_good=0, likeness_mean=None)
    assert drive.all(e.Coach) == [e.Coach(Code.FACE_TURNED)]


def test_nobody_before_the_camera_is_a_walk_off():
    drive = VisitDriver().to_face()
    while drive.visit.stage is Stage.FACE:
        drive.see(1.0, faces=0, frames_good=0, likeness_mean=None, hint=Code.FACE_NONE)
        if drive.visit.deadline and drive.at >= drive.visit.deadline:
            drive.time_out()
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.ABANDONED, Code.VISIT_ABANDONED)


# ── digits ───────────────────────────────────────────────────────────────────────────────────────


def test_five_of_six_are_enough_and_four_are_not():
    wrong = list(DIGITS)
    wrong[0] = 7
    assert VisitDriver().to_digits().read(wrong).visit.stage is Stage.SUBMIT
    wrong[1] = 8
    drive = VisitDriver().to_digits().read(wrong)
    assert drive.visit.stage is Stage.DIGITS
    assert drive.all(e.Show)[-1].code is Code.SPEECH_WRONG_DIGITS
    assert len(drive.all(e.TakeChallenge)) == 2  # new digits each


def test_three_wrong_readings_go_to_the_clerk():
    drive = VisitDriver().to_digits()
    for _ in range(3):
        drive.read((7, 7, 7, 7, 7, 7))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.SPEECH_WRONG_DIGITS)


def test_silence_is_noticed_after_three_digits():
    drive = VisitDriver().to_digits().read((None,) * 6)
    assert len(drive.all(e.ShowDigit)) == LIMITS.digits.max_silent
    assert drive.all(e.Show)[-1].code is Code.SPEECH_SILENCE


def test_a_marked_digit_never_tells_whether_it_was_right():
    drive = VisitDriver().to_digits().read((7, 7, 7, 7, 7, 7))
    assert drive.all(e.ShowHeard) == [e.ShowHeard(i) for i in range(6)]


@pytest.mark.parametrize(
    ("heard", "code"),
    [
        ({"level_dbfs": -70.0}, Code.SPEECH_TOO_QUIET),
        ({"clipped": 0.2}, Code.SPEECH_CLIPPED),
        ({"snr_db": 2.0}, Code.SPEECH_NOISY),
        ({"audio_lost": True}, Code.SPEECH_AUDIO_LOST),
        ({"fault": Code.SPEECH_ENGINE_FAILED}, Code.SPEECH_ENGINE_FAILED),
    ],
)
def test_why_digits_were_not_understood(heard, code):
    drive = VisitDriver().to_digits().read((7, 7, 7, 7, 7, 7), **heard)
    assert drive.all(e.Show)[-1].code is code


def test_right_digits_before_they_are_shown_do_not_count():
    """A recording that runs ahead of the screen is not an answer to it."""
    drive = VisitDriver().to_digits().read(delay=-0.5)
    assert drive.all(e.Show)[-1].code is Code.SPEECH_TOO_EARLY


def test_a_voice_without_lips_does_not_pass():
    drive = VisitDriver().to_digits().read(mouth=False)
    assert drive.visit.stage is Stage.DIGITS
    assert drive.all(e.Show)[-1].code is Code.LIPS_STILL


def test_the_face_that_matched_is_the_face_that_spoke():
    drive = VisitDriver().to_digits()
    drive.see(track=2)
    assert drive.visit.stage is Stage.FACE
    assert drive.all(e.Show)[-1].code is Code.FACE_CHANGED


def test_a_face_that_left_has_to_be_matched_again():
    drive = VisitDriver().to_digits()
    drive.see(0.5, faces=0)
    assert drive.visit.stage is Stage.DIGITS
    drive.see(0.7, faces=0)
    assert drive.visit.stage is Stage.FACE
    assert drive.all(e.Show)[-1].code is Code.FACE_LEFT


def test_frames_that_nobody_looked_at_are_a_gap():
    drive = VisitDriver().to_ear()
    for window, digit in enumerate(DIGITS):
        drive.time_out()
        drive.feed(e.DigitShown(window, drive.at), 0.0)
        drive.feed(
            DigitHeard(
                at=drive.at,
                window=window,
                scores=scores(digit),
                began=drive.at + 0.1,
                ended=drive.at + 0.3,
                level_dbfs=-25,
                snr_db=25,
            )
        )
    assert drive.visit.stage is not Stage.SUBMIT


def test_the_ear_opens_only_after_the_prompt():
    drive = VisitDriver().to_digits()
    drive.feed(e.ChallengeTaken(challenge()))
    assert not drive.all(e.Listen)
    drive.feed(e.PromptEnded("face", drive.at))
    assert not drive.all(e.Listen)
    drive.feed(e.PromptEnded("digits", drive.at))
    assert drive.all(e.Listen) == [e.Listen(6)]


@pytest.mark.parametrize("device", [Device.CAMERA, Device.MICROPHONE])
def test_a_lost_sense_costs_a_try_and_starts_over(device):
    drive = VisitDriver().to_digits()
    drive.feed(e.DeviceFailed(device, Code.CAMERA_LOST))
    assert drive.visit.stage is Stage.FACE
    assert drive.all(e.Show)[-1].tries_left == LIMITS.face.tries - 1


def test_no_challenge_no_pass():
    drive = VisitDriver().to_digits()
    drive.feed(e.ChallengeMissing())
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CHALLENGE_NONE)


def test_a_screen_that_paints_nothing_costs_a_try():
    drive = VisitDriver().to_ear()
    drive.time_out()
    drive.time_out()
    assert drive.visit.stage is Stage.FACE


# ── submit and outcome ───────────────────────────────────────────────────────────────────────────


def test_accepted_is_promised_only_when_the_request_is_on_disk():
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    drive.time_out()
    assert drive.slip.outcome is Outcome.ACCEPTED
    without = VisitDriver().to_submit()
    without.time_out()
    assert (without.slip.outcome, without.slip.code) == (Outcome.REFERRED, Code.INTERNAL)


def test_a_store_that_fails_promises_nothing():
    drive = VisitDriver().to_submit()
    drive.feed(e.StoreFailed(Code.OUTBOX_FULL))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.OUTBOX_FULL)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (RequestStatus.PENDING, Code.PERSON_NOT_YET_VISIBLE, Outcome.PENDING),
        (RequestStatus.REFUSED, Code.PERSON_MISMATCH, Outcome.REFUSED),
    ],
)
def test_central_decides(status, code, outcome):
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    drive.receipt(status, code)
    assert (drive.slip.outcome, drive.slip.code) == (outcome, code)


def test_somebody_elses_receipt_is_not_ours():
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    assert drive.receipt(number="9999-9999-9999-9999") == []
    assert drive.visit.stage is Stage.SUBMIT


def test_a_printer_that_fails_changes_nothing_but_what_is_told():
    drive = VisitDriver().to_submit()
    drive.receipt()
    assert drive.feed(e.DeviceFailed(Device.PRINTER, Code.PRINTER_PAPER)) == [
        e.NotPrinted(Code.PRINTER_PAPER)
    ]
    assert drive.slip.outcome is Outcome.ACTIVATED
    assert drive.feed(e.DeviceFailed(Device.SPEAKER, Code.SPEAKER_MISSING)) == []


def test_a_late_answer_corrects_the_last_screen():
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    drive.time_out()
    drive.receipt()
    assert drive.slip.outcome is Outcome.ACTIVATED


def test_a_refusal_is_final_on_the_screen():
    drive = VisitDriver().to_submit()
    drive.receipt(RequestStatus.REFUSED, Code.PERSON_MISMATCH)
    assert drive.receipt() == []


@pytest.mark.parametrize("promised", [False, True])
def test_a_terminal_that_central_disowns_promises_nothing(promised):
    """Neither while the answer is awaited nor on the last screen, where a promise is taken back."""
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    if promised:
        drive.time_out()
        assert drive.slip.outcome is Outcome.ACCEPTED
    assert drive.feed(e.DeviceFailed(Device.CENTRAL, Code.CENTRAL_UNREACHABLE)) == []
    drive.feed(e.DeviceFailed(Device.IDENTITY, Code.TERMINAL_REVOKED))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.TERMINAL_REVOKED)


def test_what_central_has_answered_stays_answered():
    drive = VisitDriver().to_submit()
    drive.receipt()
    assert drive.feed(e.DeviceFailed(Device.IDENTITY, Code.TERMINAL_REVOKED)) == []
    assert drive.slip.outcome is Outcome.ACTIVATED


def test_a_wedged_request_is_told():
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    drive.feed(e.RequestWedged(NUMBER, Code.REQUEST_MALFORMED))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.REQUEST_MALFORMED)


@pytest.mark.parametrize(
    ("happens", "stored"),
    [
        (lambda drive: drive.time_out(), True),
        (lambda drive: drive.feed(e.RequestWedged(NUMBER, Code.REQUEST_MALFORMED)), True),
        (lambda drive: drive.feed(e.DeviceFailed(Device.IDENTITY, Code.TERMINAL_REVOKED)), True),
        (lambda drive: drive.orders.extend(drive.visit.fail(drive.at)), True),
        (lambda drive: [drive.time_out(), drive.feed(e.RequestWedged(NUMBER, Code.REQUEST_MALFORMED))], True),
        (lambda drive: drive.receipt(), False),
        (lambda drive: drive.receipt(RequestStatus.PENDING, Code.PERSON_NOT_YET_VISIBLE), False),
        (lambda drive: [drive.time_out(), drive.receipt()], False),
    ],
)
def test_the_slip_knows_whether_the_sealed_request_is_still_here(happens, stored):
    """A request that was set aside keeps its picture on this disk: the slip must not say that all is gone."""
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    happens(drive)
    assert (drive.slip.stored, drive.slip.picture) == (stored, True)


def test_nothing_is_stored_where_nothing_was_put_on_disk():
    drive = VisitDriver().to_submit()
    drive.feed(e.StoreFailed(Code.OUTBOX_FULL))
    assert not drive.slip.stored
    assert not cancelled_early().slip.stored


def cancelled_early():
    drive = VisitDriver().to_digits()
    drive.feed(e.Cancelled())
    return drive


def test_a_bug_after_the_promise_keeps_the_promise():
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    drive.orders += drive.visit.fail(drive.at)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.ACCEPTED, Code.INTERNAL_PROMISED)
    before = VisitDriver().to_digits()
    before.orders += before.visit.fail(before.at)
    assert (before.slip.outcome, before.slip.code) == (Outcome.REFERRED, Code.INTERNAL)


def test_an_answer_to_the_challenge_before_does_not_count():
    drive = VisitDriver().to_ear()
    drive.time_out()
    drive.feed(e.DigitShown(0, drive.at), 0.0)
    assert (
        drive.feed(DigitHeard(at=drive.at - 1.0, window=0, scores=scores(DIGITS[0]), began=drive.at - 1.5))
        == []
    )
    heard = drive.feed(
        DigitHeard(at=drive.at + 0.6, window=0, scores=scores(DIGITS[0]), began=drive.at + 0.3)
    )
    assert heard == [e.ShowHeard(0)]


def test_nobody_looks_at_the_last_digits():
    """Frames stop after the third digit: the voice goes on, the face is not known to."""
    drive = VisitDriver().to_ear()
    for window, digit in enumerate(DIGITS):
        drive.time_out()
        painted = drive.at
        drive.feed(e.DigitShown(window, painted), 0.0)
        while drive.at < painted + 0.7:
            opened = drive.at > painted + 0.3
            drive.see(mouth=0.4 if opened else 0.02) if window < 3 else drive.feed(e.TimePassed(), 0.07)
        began = painted + 0.4
        drive.feed(
            DigitHeard(
                at=drive.at,
                window=window,
                scores=scores(digit),
                began=began,
                ended=began + 0.3,
                level_dbfs=-25,
                snr_db=25,
            ),
            0.0,
        )
    assert drive.visit.stage is Stage.FACE
    assert drive.all(e.Show)[-1].code is Code.FACE_LEFT


def test_a_measure_that_is_no_number_never_passes():
    drive = VisitDriver(changed(LIMITS, liveness={"required": True})).to_face()
    drive.feed(e.ReferenceReady())
    for _ in range(6):
        drive.see(live_median=float("nan"))
    assert drive.visit.stage is Stage.FACE
    again = VisitDriver().to_face()
    again.feed(e.ReferenceReady())
    for n in range(1, 20):
        again.see(frames_good=n, likeness_mean=float("nan"))
    assert again.visit.stage is not Stage.DIGITS


def test_lips_that_are_not_required_are_no_pass():
    drive = VisitDriver(changed(LIMITS, lips={"min_moved": 0})).to_digits().read(mouth=False)
    (submit,) = drive.all(e.Submit)
    assert {v.check: v.answer for v in submit.evidence.verdicts}[Check.LIPS] is VerdictAnswer.REVIEW


@pytest.mark.parametrize("device", [Device.CAMERA, Device.MICROPHONE])
def test_a_sense_that_is_gone_before_the_face_is_told(device):
    drive = VisitDriver().to_card()
    drive.feed(e.DeviceFailed(device, Code.CAMERA_BUSY))
    drive.feed(e.CardRead(GOOD_CARD))
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    assert drive.all(e.Show)[-1].code is Code.CAMERA_BUSY
    drive.time_out()
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CAMERA_BUSY)


def test_a_sense_that_came_back_is_forgotten():
    drive = VisitDriver().to_card()
    drive.feed(e.DeviceFailed(Device.CAMERA, Code.CAMERA_BUSY))
    drive.feed(e.DeviceReady(Device.CAMERA))
    drive.feed(e.CardRead(GOOD_CARD))
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    assert drive.all(e.Show)[-1].code is Code.OK


def test_a_reader_that_is_gone_is_no_walk_off():
    drive = VisitDriver()
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0))
    drive.feed(e.DeviceFailed(Device.READER, Code.READER_LOST))
    drive.feed(e.Agreed("zh-Hans", "00", picture=True))
    assert drive.all(e.Show)[-1].code is Code.READER_LOST
    drive.time_out()
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.READER_LOST)


def test_another_reader_than_the_pinned_ends_the_visit_at_once():
    drive = VisitDriver().to_card()
    drive.feed(e.DeviceFailed(Device.READER, Code.READER_CHANGED))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.READER_CHANGED)


def test_a_dead_engine_ends_the_visit_with_the_truth():
    drive = VisitDriver().to_digits()
    drive.feed(e.DeviceFailed(Device.MODELS, Code.INTERNAL))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.INTERNAL)


def test_a_promise_that_cannot_be_kept_is_taken_back():
    drive = VisitDriver().to_submit()
    drive.feed(e.Stored(NUMBER))
    drive.time_out()
    drive.feed(e.RequestWedged(NUMBER, Code.REQUEST_MALFORMED))
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.REQUEST_MALFORMED)


def test_a_prompt_of_the_reading_before_does_not_open_the_ear():
    drive = VisitDriver().to_digits()
    drive.feed(e.ChallengeTaken(challenge()))
    drive.see(track=2)  # another face: back to the face, the prompt is still being spoken
    drive.feed(e.ReferenceReady())
    for _ in range(6):
        drive.see(track=2)
    drive.feed(e.ChallengeTaken(challenge()))
    drive.feed(e.PromptEnded("digits", drive.at))
    assert not drive.all(e.Listen)
    drive.feed(e.PromptEnded("digits", drive.at))
    assert drive.all(e.Listen)


@pytest.mark.parametrize(
    ("phone", "password"), [("", ""), ("12345", "31415926"), ("19900000000", "11111111")]
)
def test_no_screen_is_trusted_to_have_checked(phone, password):
    drive = VisitDriver().to_phone()
    drive.feed(e.Typed(phone=phone, password=password))
    assert drive.visit.stage is Stage.PHONE


def test_silence_is_silence_also_with_the_next_digit_already_shown():
    drive = VisitDriver().to_ear()
    for window in range(LIMITS.digits.max_silent + 1):
        drive.time_out()
        drive.feed(e.DigitShown(window, drive.at), 0.0)
        drive.see()
    for window in range(LIMITS.digits.max_silent):
        drive.feed(DigitHeard(at=drive.at, window=window), 0.0)
    assert drive.all(e.Show)[-1].code is Code.SPEECH_SILENCE


def in_first_window(*answers):
    """The first digit (3) is on the screen, and these (digit, seconds after it) are told of its window."""
    drive = VisitDriver().to_ear()
    shown = next(o for o in drive.time_out() if isinstance(o, e.ShowDigit))
    painted = drive.at
    drive.feed(e.DigitShown(shown.window, painted), 0.0)
    for digit, after in answers:
        began = None if after is None else painted + after
        drive.feed(
            DigitHeard(
                at=drive.at + 0.1, window=0, scores=scores(digit), began=began, ended=began and began + 0.2
            )
        )
    return drive.visit.reading.heard[0]


def test_a_later_voice_of_the_same_window_takes_the_place_of_the_one_before():
    """嗯 … 三, as the listener tells it; the digit counts as often as if it had come first: once."""
    assert in_first_window((5, 0.3), (3, 0.8)).scores == scores(3)


@pytest.mark.parametrize("second", [(7, 0.3), (7, 0.2), (7, None)], ids=["same", "earlier", "silence"])
def test_and_nothing_else_does(second):
    assert in_first_window((3, 0.3), second).scores == scores(3)


def test_a_window_that_is_never_answered_for_is_a_fault_of_ours():
    drive = VisitDriver().to_ear()
    for window, digit in enumerate(DIGITS):
        drive.time_out()
        drive.feed(e.DigitShown(window, drive.at), 0.0)
        drive.see(0.3)
        if window < 2:
            drive.feed(
                DigitHeard(
                    at=drive.at, window=window, scores=scores(digit), began=drive.at - 0.1, ended=drive.at
                ),
                0.0,
            )
    while drive.visit.deadline and drive.all(e.Show)[-1].code is not Code.SPEECH_ENGINE_FAILED:
        drive.see(0.2)
        drive.feed(e.TimePassed(), 0.2)
        assert drive.at < 200
    assert drive.visit.stage is Stage.DIGITS


# ── the pace of a reading ────────────────────────────────────────────────────────────────────────


def shown_after(drive, window, heard_after=None):
    """How long digit `window` stays until the next is ordered; `heard_after`: when its voice is heard."""
    painted = drive.at
    drive.feed(e.DigitShown(window, painted), 0.0)
    if heard_after is not None:
        voice = {"began": painted + heard_after - 0.4, "ended": painted + heard_after - 0.2}
        drive.feed(
            DigitHeard(at=painted + heard_after, window=window, scores=scores(3), **voice), heard_after
        )
    assert [o for o in drive.time_out() if isinstance(o, e.ShowDigit)]
    return drive.at - painted


def test_a_digit_stays_for_its_gap_when_its_voice_comes_soon():
    drive = VisitDriver().to_ear()
    drive.time_out()
    assert shown_after(drive, 0, heard_after=0.6) == pytest.approx(1.0, abs=0.01)


def test_a_digit_waits_for_a_late_voice_and_then_goes_at_once():
    drive = VisitDriver().to_ear()
    drive.time_out()
    assert shown_after(drive, 0, heard_after=1.7) == pytest.approx(1.7, abs=0.01)


def test_it_waits_no_longer_than_the_settings_say():
    drive = VisitDriver().to_ear()
    drive.time_out()
    assert shown_after(drive, 0) == pytest.approx(1.0 + LIMITS.digits.wait_s, abs=0.01)


def test_slower_lasts_from_the_touch_to_the_end_of_the_visit():
    drive = VisitDriver().to_ear()
    drive.time_out()
    assert shown_after(drive, 0, heard_after=0.6) == pytest.approx(1.0, abs=0.01)
    painted = drive.at
    drive.feed(e.DigitShown(1, painted), 0.0)
    drive.feed(
        DigitHeard(at=painted + 0.6, window=1, scores=scores(1), began=painted + 0.2, ended=painted + 0.4),
        0.6,
    )
    drive.feed(e.SlowDown())
    drive.time_out()
    assert drive.at - painted == pytest.approx(LIMITS.pace.unhurried_factor, abs=0.01)
    assert shown_after(drive, 2, heard_after=0.6) == pytest.approx(LIMITS.pace.unhurried_factor, abs=0.01)
    drive.feed(e.ChallengeTaken(challenge()))
    assert drive.visit.reading.unhurried


def test_slower_may_be_asked_for_before_the_first_digit():
    drive = VisitDriver().to_digits()
    drive.feed(e.SlowDown())
    drive.feed(e.ChallengeTaken(challenge()))
    assert drive.visit.reading.unhurried


def test_whoever_was_too_slow_is_given_more_time_unasked():
    drive = VisitDriver().to_digits().read((3, None, None, None, 5, 9))
    assert drive.visit.stage is Stage.DIGITS
    assert drive.visit.unhurried


def test_whoever_misread_is_not_slowed_down():
    drive = VisitDriver().to_digits().read((4, 2, 5, 2, 6, 0))
    assert not drive.visit.unhurried


def test_a_turned_camera_ends_the_visit_at_once_and_not_after_three_tries():
    drive = VisitDriver().to_face()
    drive.see(hint=Code.CAMERA_TURNED)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CAMERA_TURNED)
