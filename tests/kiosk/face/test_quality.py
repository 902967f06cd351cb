"""Each thing that can be wrong with a picture gets its own hint; a good one gets none."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.face import quality
from kiosk.ports import FaceMesh, Image
from kiosk.settings import FaceSettings
from tests.support.faces import PHOTOS, engine, head, landmarks, limits, needs_models

pytestmark = needs_models

AT = 1.0  # a moment without a blink


def hint(picture: Image, against: FaceSettings | None = None) -> Code:
    face = engine().detect(picture)[0]
    mesh = landmarks().measure(picture, face)
    return quality.hint(quality.measure(picture, face), mesh, against or limits())


def lit_from_behind(picture: Image, share: float = 0.22) -> Image:
    """The face in this share of its light, everything away from the person glaring."""
    face = engine().detect(picture)[0]
    mask = np.zeros(picture.shape[:2], np.float32)
    centre = (int(face.x + face.width / 2), int(face.y + face.height / 2))
    cv2.ellipse(mask, centre, (int(face.width * 0.65), int(face.height * 0.75)), 0, 0, 360, 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 8)[..., None]
    return (picture * (share * mask) + np.clip(picture * 1.2 + 90, 0, 255) * (1 - mask)).astype(np.uint8)


def rotated(picture: Image, degrees: float) -> Image:
    matrix = cv2.getRotationMatrix2D((320, 240), degrees, 1.0)
    return np.asarray(cv2.warpAffine(picture, matrix, (640, 480)), np.uint8)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("at", [0.4, 1.0, 5.1, 60.0])
def test_a_person_who_stands_well_gets_no_hint(name, at):
    assert hint(head(name).render(at)) is Code.OK


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(
    ("expected", "spoil"),
    [
        (Code.FACE_BLURRED, lambda p: cv2.GaussianBlur(p, (0, 0), 7)),
        (Code.FACE_TOO_DARK, lambda p: (p * 0.22).astype(np.uint8)),
        (Code.FACE_TOO_BRIGHT, lambda p: np.clip(p * 0.5 + 170, 0, 255).astype(np.uint8)),
        (Code.FACE_BACKLIT, lit_from_behind),
        (Code.FACE_TILTED, lambda p: rotated(p, 22)),
        (Code.FACE_TILTED, lambda p: rotated(p, -22)),
    ],
)
def test_a_spoiled_picture_says_what_spoils_it(name: str, expected: Code, spoil: Callable[[Image], Image]):
    assert hint(spoil(head(name).render(AT))) is expected


@pytest.mark.parametrize("name", PHOTOS)
def test_a_shaded_face_before_a_bright_wall_is_matched(name):
    """What is behind a face does not matter while the face itself is light enough to be told."""
    picture = lit_from_behind(head(name).render(AT), 0.55)
    face = engine().detect(picture)[0]
    found = quality.measure(picture, face)
    assert found.brightness < 95
    assert found.surroundings - found.brightness > 70
    assert hint(picture) is Code.OK


@pytest.mark.parametrize("name", PHOTOS)
def test_a_face_that_the_upper_edge_cuts_is_told_so(name):
    picture = head(name).render(AT)
    face = engine().detect(picture)[0]
    cut = int(face.y + 0.1 * face.height)
    assert hint(np.ascontiguousarray(picture[cut:])) is Code.FACE_CUT
    assert quality.measure(picture, face).room > 0.08


MASKS = {"white": (226, 228, 230), "blue": (190, 150, 90), "black": (40, 38, 38)}  # BGR


def masked(picture: Image, colour: tuple[int, int, int]) -> Image:
    """A mask from the nose to below the chin, shaded to the sides, with two folds."""
    face = engine().detect(picture)[0]
    (x0, y0), (x1, y1) = face.points[0], face.points[1]
    unit = float(x1 - x0)
    middle, eyes = float(x0 + x1) / 2, float(y0 + y1) / 2
    half = [(0.0, 0.2), (0.9, 0.45), (0.85, 1.3), (0.4, 1.85)]
    shape = np.array(half + [(-x, y) for x, y in reversed(half)])
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.int32(shape * unit + (middle, eyes))], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None]
    across = (np.arange(picture.shape[1]) - middle) / unit
    cloth = np.array(colour) * (1 - 0.25 * np.clip(across, -1.2, 1.2) ** 2)[None, :, None]
    down = ((np.arange(picture.shape[0]) - eyes) / unit)[:, None, None]
    cloth = cloth * (1 - 0.06 * sum(np.exp(-(((down - fold) / 0.04) ** 2)) for fold in (0.9, 1.3)))
    return np.clip(picture * (1 - mask) + cloth * mask, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("colour", MASKS)
def test_a_mask_is_seen(name, colour):
    assert hint(masked(head(name).render(AT), MASKS[colour])) is Code.FACE_COVERED


@pytest.mark.parametrize(
    ("code", "limit", "better"),
    [
        (Code.FACE_TOO_FAR, "min_width", 1),
        (Code.FACE_TOO_NEAR, "max_width", -1),
        (Code.FACE_TOO_DARK, "min_brightness", 1),
        (Code.FACE_TOO_BRIGHT, "max_brightness", -1),
        (Code.FACE_BLURRED, "min_sharpness", 1),
        (Code.FACE_OFF_CENTRE, "max_off_centre", -1),
        (Code.FACE_COVERED, "min_mouth_detail", 1),
    ],
)
def test_just_at_a_limit_a_hint_neither_comes_nor_goes(code, limit, better):
    """No flicker: what is told stays until it is clearly put right."""
    measures = {
        "min_width": "width", "max_width": "width", "min_brightness": "brightness",
        "max_brightness": "brightness", "min_sharpness": "sharpness", "max_off_centre": "off_centre",
        "min_mouth_detail": "mouth_detail",
    }  # fmt: skip
    well = quality.FaceMeasures(
        sharpness=60.0, brightness=130.0, surroundings=130.0, width=0.3, off_centre=0.05, mouth_detail=1.0
    )
    straight = FaceMesh(mouth=0.1, eyes=0.1, yaw=0, pitch=0, roll=0, presence=1)
    at = getattr(limits(), limit)
    well = replace(well, surroundings=at if measures[limit] == "brightness" else 130.0)
    just, clearly = (replace(well, **{measures[limit]: at * (1 + better * by)}) for by in (0.02, 0.2))
    assert quality.hint(just, straight, limits()) is Code.OK
    assert quality.hint(just, straight, limits(), code) is code
    assert quality.hint(clearly, straight, limits(), code) is Code.OK


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(
    ("expected", "pose"),
    [
        (Code.FACE_TOO_FAR, {"scale": 0.45}),
        (Code.FACE_TOO_NEAR, {"scale": 2.4}),
        (Code.FACE_OFF_CENTRE, {"shift": (180.0, 0.0)}),
        (Code.FACE_OFF_CENTRE, {"shift": (-180.0, 0.0)}),
    ],
)
def test_a_person_who_stands_badly_is_told_how(name, expected, pose):
    assert hint(head(name).render(AT, **pose)) is expected


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("turn", [-32.0, 32.0])
def test_a_turned_head_is_seen(name, turn):
    """The puppet's head cannot turn as far as the default limit; a stricter one shows the same."""
    strict = replace(limits(), max_yaw=15.0)
    picture = head(name).render(AT, turn=turn)
    assert hint(picture, strict) is Code.FACE_TURNED
    assert hint(head(name).render(AT, turn=turn / 8), strict) is Code.OK


def test_a_face_just_below_the_upper_edge_does_not_flicker():
    straight = FaceMesh(mouth=0.1, eyes=0.1, yaw=0, pitch=0, roll=0, presence=1)
    well = quality.FaceMeasures(
        sharpness=60.0, brightness=130.0, surroundings=130.0, width=0.3, off_centre=0.05, room=0.06
    )
    assert quality.hint(well, straight, limits()) is Code.OK
    assert quality.hint(well, straight, limits(), Code.FACE_CUT) is Code.FACE_CUT
    assert quality.hint(replace(well, room=0.1), straight, limits(), Code.FACE_CUT) is Code.OK


def test_half_closed_eyes_do_not_flicker():
    well = quality.FaceMeasures(
        sharpness=60.0, brightness=130.0, surroundings=130.0, width=0.3, off_centre=0.05, mouth_detail=1.0
    )
    limit = limits().min_eyes
    just, clearly = (
        FaceMesh(mouth=0.1, eyes=eyes, yaw=0, pitch=0, roll=0, presence=1)
        for eyes in (limit + 0.01, limit + 0.03)
    )
    assert quality.hint(well, just, limits()) is Code.OK
    assert quality.hint(well, just, limits(), Code.FACE_EYES_CLOSED) is Code.FACE_EYES_CLOSED
    assert quality.hint(well, clearly, limits(), Code.FACE_EYES_CLOSED) is Code.OK


def test_closed_eyes_are_seen_by_their_measure():
    picture = head("collins").render(AT)
    found = quality.measure(picture, engine().detect(picture)[0])
    asleep = FaceMesh(mouth=0.1, eyes=limits().min_eyes - 0.01, yaw=0, pitch=0, roll=0, presence=1)
    assert quality.hint(found, asleep, limits()) is Code.FACE_EYES_CLOSED


def test_whoever_closes_the_eyes_is_told():
    assert hint(head("collins").render(AT, eyes=0)) is Code.FACE_EYES_CLOSED
    assert hint(head("collins").render(AT)) is Code.OK


def test_a_face_the_landmarker_is_not_sure_of_is_no_good_face():
    picture = head("collins").render(AT)
    found = quality.measure(picture, engine().detect(picture)[0])
    doubtful = FaceMesh(mouth=0.1, eyes=0.3, yaw=0, pitch=0, roll=0, presence=0.4)
    assert quality.hint(found, doubtful, limits()) is Code.FACE_TURNED


def test_exposure_is_not_taken_for_blur():
    picture = head("hopper").render(AT)
    face = engine().detect(picture)[0]
    bright, dark = (quality.measure(p, face).sharpness for p in (picture, (picture * 0.5).astype(np.uint8)))
    assert dark == pytest.approx(bright, rel=0.2)


def test_the_sharper_frame_ranks_higher():
    picture = head("hopper").render(AT)
    face = engine().detect(picture)[0]
    mesh = landmarks().measure(picture, face)
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), 2), np.uint8)
    sharp_rank, soft_rank = (quality.rank(quality.measure(p, face), mesh, face) for p in (picture, soft))
    assert sharp_rank > soft_rank
