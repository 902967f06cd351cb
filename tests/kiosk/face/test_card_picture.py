"""A printed card before the camera, with the real face engine; the card is rendered, of a made-up person."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.face import card_picture
from kiosk.face.card_picture import CardPicture, find_card, inspect_frame, print_sharpness, straighten
from kiosk.face.card_portrait import CardPortrait
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.ports import Context, Image
from kiosk.settings import load
from kiosk.simulators.card_picture import card_picture as rendered
from kiosk.simulators.card_picture import with_card_held
from kiosk.simulators.head import SimulatedHead
from kiosk.simulators.people import Person
from kiosk.simulators.portrait import detect_face

MODELS = Path("var/models")
SETTINGS = load().face
PAPER = (206, 226, 232)
HOLDER = Person(3, b"").card()


def photo(name: str) -> Image:
    picture = cv2.imread(str(MODELS / "people" / name))
    if picture is None or (
        not (MODELS / "face_recognition_sface_2021dec.onnx").exists() and not any(MODELS.rglob("*sface*"))
    ):
        pytest.skip("the weights are not installed")
    return np.asarray(picture, np.uint8)


@pytest.fixture(scope="module")
def engine() -> SFace:
    photo("astronaut.png")
    return SFace(
        SFaceSettings(), Context(resources=MODELS, models=MODELS, simulation=True, clock=time.monotonic)
    )


@pytest.fixture(scope="module")
def head() -> SimulatedHead:
    return SimulatedHead(photo("astronaut.png"), seed=1, models=MODELS)


@pytest.fixture(scope="module")
def scene(head) -> Image:
    return head.render(3.0)


@pytest.fixture(scope="module")
def card() -> Image:
    picture = photo("astronaut.png")
    return rendered(HOLDER, picture, detect_face(picture, MODELS))


def seen(engine, scene, card, at=1.0, **more) -> CardPicture:
    return inspect_frame(with_card_held(scene, card, at, **more), engine, SETTINGS, HOLDER.number)


@pytest.mark.parametrize("at", [0.0, 1.0, 2.5, 4.0])
def test_a_card_that_is_held_up_gives_its_portrait(engine, scene, card, at):
    got = seen(engine, scene, card, at)
    assert got.hint is Code.OK
    assert got.portrait is not None
    assert got.corners.shape == (4, 2)


def test_upside_down_it_is_turned(engine, scene, card):
    assert seen(engine, scene, card[::-1, ::-1].copy()).hint is Code.OK


def test_the_portrait_is_its_holders_and_nobody_elses(engine, scene, card, head):
    got = seen(engine, scene, card)
    printed = engine.embed(got.portrait, got.face)

    def likeness(picture: Image) -> float:
        return float(printed @ engine.embed(picture, engine.detect(picture)[0]))

    other = SimulatedHead(photo("grace_hopper.jpg"), seed=2, models=MODELS)
    assert likeness(head.render(5.0)) > engine.thresholds.accept_photographed
    assert likeness(other.render(5.0)) < engine.thresholds.accept


def without(card: Image, top: int, bottom: int, left: int, right: int) -> Image:
    changed = card.copy()
    changed[top:bottom, left:right] = PAPER
    return changed


def only_portrait(card: Image) -> Image:
    paper = np.full_like(card, PAPER)
    paper[60:344, 570:800] = card[60:344, 570:800]
    return paper


def blank(card: Image) -> Image:
    return np.full_like(card, PAPER)


def a_photo(card: Image) -> Image:
    return cv2.resize(photo("astronaut.png")[:323], (card.shape[1], card.shape[0]))


def portrait_elsewhere(card: Image) -> Image:
    moved = without(card, 60, 344, 570, 800)
    moved[60:344, 60:290] = card[60:344, 570:800]
    return moved


def mirrored(card: Image) -> Image:
    return card[:, ::-1].copy()


@pytest.mark.parametrize(
    "other",
    [
        lambda card: without(card, 60, 344, 570, 800),  # no portrait
        lambda card: without(card, 440, 510, 0, 856),  # no number
        lambda card: without(card, 440, 510, 420, 856),  # five digits of it
        lambda card: without(card, 0, 440, 0, 560),  # no name, no address
        only_portrait,
        blank,
        a_photo,
        portrait_elsewhere,
        mirrored,
    ],
)
def test_nothing_else_is_taken_for_a_card(engine, scene, card, other):
    got = seen(engine, scene, other(card))
    assert got.portrait is None
    assert got.hint in (
        Code.CARD_PICTURE_SIDE,
        Code.CARD_PICTURE_BLURRED,
        Code.CARD_PICTURE_NONE,
        Code.CARD_PORTRAIT_NO_FACE,
    )


def test_nobody_holds_a_card(engine, scene):
    assert inspect_frame(scene, engine, SETTINGS, HOLDER.number).hint is Code.CARD_PICTURE_NONE
    assert find_card(np.zeros((480, 640, 3), np.uint8)) is None


def test_too_far_away(engine, scene, card):
    assert seen(engine, scene, card, width=0.45).hint is Code.CARD_PICTURE_FAR


def test_a_card_over_the_edge_is_not_whole(engine, scene, card):
    assert seen(engine, scene, card, width=1.05).portrait is None


def test_glare_on_the_face(engine, scene, card):
    shiny = cv2.ellipse(card.copy(), (640, 170), (40, 25), 0, 0, 360, (255, 255, 255), -1)
    got = seen(engine, scene, shiny)
    assert got.hint is Code.CARD_PICTURE_GLARE
    assert got.portrait is None


def test_a_shaken_card_is_less_sharp_and_at_last_not_taken(engine, scene, card):
    sharp = with_card_held(scene, card, 1.0)
    measured = []
    for length in (1, 3, 5):
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        measured.append(print_sharpness(straighten(cv2.filter2D(sharp, -1, kernel), find_card(sharp))))
    assert measured == sorted(measured, reverse=True)
    soft = cv2.GaussianBlur(sharp, (0, 0), 4)
    assert inspect_frame(soft, engine, SETTINGS, HOLDER.number).portrait is None


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.2])
def test_other_proportions_are_no_card(scene, ratio):
    sheet = cv2.rectangle(scene.copy(), (120, 100), (120 + int(200 * ratio), 300), PAPER, -1)
    found = find_card(sheet)
    assert found is None or abs(card_picture._width(found) - 200 * ratio) > 60


@pytest.mark.parametrize("at", [0.0, 1.0, 2.5, 4.0])
def test_a_card_of_another_number_is_refused(engine, scene, card, at):
    held = with_card_held(scene, card, at)
    assert inspect_frame(held, engine, SETTINGS, HOLDER.number).hint is Code.OK
    for number in ("990002198511230026", "990001199003070017", HOLDER.number[:-1], ""):
        got = inspect_frame(held, engine, SETTINGS, number)
        assert (got.hint, got.portrait) == (Code.CARD_PICTURE_NUMBER, None)


def test_each_of_many_numbers_is_found_again_and_hardly_another(scene):
    """Drawn in the one font at hand; no font is known to the comparison."""
    numbers = [Person(seed, b"").card().number for seed in range(1, 13)]
    wrong = 0
    for seed, number in enumerate(numbers, 1):
        drawn = rendered(Person(seed, b"").card(), *blank_photo())
        held = cv2.GaussianBlur(with_card_held(scene, drawn, float(seed)), (0, 0), 0.8)
        straight = straighten(held, find_card(held))
        assert card_picture.shows_number(straight, number)
        wrong += sum(card_picture.shows_number(straight, other) for other in numbers if other != number)
    assert wrong <= 0.05 * len(numbers) ** 2, "made-up numbers differ in few places"


def test_a_finger_on_the_number_is_no_match(card):
    covered = without(card, 440, 510, 300, 330)
    assert card_picture.shows_number(card, HOLDER.number)
    assert not card_picture.shows_number(covered, HOLDER.number)


def blank_photo() -> tuple[Image, object]:
    picture = photo("astronaut.png")
    return picture, detect_face(picture, MODELS)


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


def test_some_frames_must_show_the_same_printed_face():
    printed = CardPortrait(3, 0.36, HOLDER.number)
    picture = np.zeros((2, 2, 3), np.uint8)
    for vector in (unit(1, 0), unit(1, 0.1), unit(0, 1), unit(0.1, 1)):
        printed.add(vector, picture)
    assert printed.vector() is None  # the second face began anew
    printed.add(unit(0, 1), picture)
    assert float(np.linalg.norm(printed.vector())) == pytest.approx(1.0)
    assert printed.vector()[1] > 0.99
