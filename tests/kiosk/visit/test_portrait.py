"""Where no decoder reads the chip's photo: the card before the camera, a stricter band, always a clerk."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk import settings
from kiosk.codes import Code
from kiosk.model import Device, FaceSeen, Outcome, Stage, VerdictAnswer
from kiosk.visit.rules.face import judge_face
from tests.support.made_up_cards import person
from tests.support.visit_driver import GOOD_CARD, LIMITS, THRESHOLDS, VisitDriver

PHOTOGRAPHED = Code.CARD_PORTRAIT_PHOTOGRAPHED


def to_portrait() -> VisitDriver:
    drive = VisitDriver().to_face()
    drive.feed(e.ReferenceFailed(PHOTOGRAPHED))
    assert drive.visit.stage is Stage.PORTRAIT
    return drive


def to_photographed_face() -> VisitDriver:
    drive = to_portrait()
    drive.feed(e.ReferenceReady(photographed=True))
    assert drive.visit.stage is Stage.FACE
    return drive


def test_the_card_is_asked_for_when_its_photo_cannot_be_decoded():
    drive = to_portrait()
    assert drive.all(e.WatchCard)
    assert drive.all(e.Show)[-1].stage is Stage.PORTRAIT


def test_the_print_of_the_card_that_was_read_is_asked_for():
    card, drive = person(), VisitDriver().to_card()
    drive.feed(e.CardRead(GOOD_CARD, card))
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    drive.feed(e.ReferenceFailed(PHOTOGRAPHED))
    (watch,) = drive.all(e.WatchCard)
    assert watch.number == card.number
    assert card.number not in repr(watch)


def test_an_unreadable_photo_still_ends_the_visit():
    drive = VisitDriver().to_face()
    drive.feed(e.ReferenceFailed(Code.CARD_PORTRAIT_UNREADABLE))
    assert drive.slip.outcome is Outcome.REFERRED
    assert not drive.all(e.WatchCard)


def test_one_hint_at_a_time_and_without_flicker():
    drive = to_portrait()
    for hint in (Code.CARD_PICTURE_NONE, Code.CARD_PICTURE_FAR, Code.CARD_PICTURE_NONE):
        drive.feed(e.CardSeen(drive.at, hint))
    assert not drive.all(e.Coach)
    for _ in range(5):
        drive.feed(e.CardSeen(drive.at, Code.CARD_PICTURE_GLARE))
    assert drive.all(e.Coach) == [e.Coach(Code.CARD_PICTURE_GLARE)]


def test_a_decoded_portrait_is_not_what_was_asked_for():
    drive = to_portrait()
    assert drive.feed(e.ReferenceReady()) == []
    assert drive.visit.stage is Stage.PORTRAIT


def test_the_printed_face_is_kept_and_watched():
    drive = to_photographed_face()
    assert drive.all(e.Watch)[-1] == e.Watch(None)
    assert drive.visit.reference


def test_however_alike_it_goes_to_the_clerk_at_once():
    drive = to_photographed_face()
    for _ in range(6):
        drive.see(likeness_mean=0.95)
    assert drive.visit.stage in (Stage.REVIEW, Stage.OUTCOME)
    assert drive.visit.verdicts[-2].code is PHOTOGRAPHED
    assert not drive.all(e.TakeChallenge)


def test_without_a_clerk_it_ends_there():
    drive = to_photographed_face()
    for _ in range(6):
        drive.see(likeness_mean=0.95)
    if drive.visit.stage is Stage.REVIEW:
        drive.feed(e.ClerkAbsent())
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, PHOTOGRAPHED)


def test_after_the_time_it_is_tried_again_and_then_left_to_people():
    drive = to_portrait()
    drive.feed(e.CardSeen(drive.at, Code.CARD_PICTURE_FAR))
    drive.time_out()
    assert drive.visit.stage is Stage.PORTRAIT
    assert drive.all(e.Show)[-1].code is Code.CARD_PICTURE_FAR
    drive.time_out()
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.CARD_PICTURE_NONE)


@pytest.mark.parametrize("device", [Device.CAMERA, Device.MODELS])
def test_a_camera_that_goes_costs_a_try_and_lost_engines_the_visit(device):
    drive = to_portrait()
    drive.feed(e.DeviceFailed(device, Code.CAMERA_LOST))
    assert drive.visit.stage is (Stage.PORTRAIT if device is Device.CAMERA else Stage.OUTCOME)


def seen(likeness: float | None, frames: int = 12) -> FaceSeen:
    return FaceSeen(at=1.0, seq=1, faces=1, good=True, frames_good=frames, likeness_mean=likeness)


def judged(likeness: float | None, frames: int = 12, **thresholds):
    return judge_face(
        seen(likeness, frames), LIMITS.face, replace(THRESHOLDS, **thresholds), photographed=True
    )


def test_no_likeness_passes_by_itself():
    for likeness in (None, float("nan"), -1.0, 0.0, 0.2, 0.4, 0.46, 0.7, 1.0):
        assert judged(likeness).answer is not VerdictAnswer.PASS


def test_the_band_is_stricter_and_has_no_grey_part():
    strict = THRESHOLDS.accept_photographed
    assert strict > THRESHOLDS.accept
    assert judged(strict).code is PHOTOGRAPHED
    assert judged(strict - 0.01).code is Code.FACE_MISMATCH
    assert judged(strict - 0.01, frames=6).answer is VerdictAnswer.RETRY
    assert judged(0.9, frames=4).answer is VerdictAnswer.RETRY


def test_settings_cannot_make_it_easier_than_the_decoded_one():
    assert judged(0.42, accept=0.45, accept_photographed=0.2).code is Code.FACE_MISMATCH


def test_only_its_own_code_is_what_the_settings_let_a_clerk_decide():
    desk = settings.load().review
    assert PHOTOGRAPHED in desk.may_overrule
    assert PHOTOGRAPHED in desk.second_signature
    assert Code.FACE_MISMATCH not in desk.may_overrule
