"""The light challenge on simulated heads and attacks: few readings, whose outcome is not close."""

import numpy as np
import pytest

from evaluation import options, pictures
from evaluation.light.trials import ATTACKS, LIVE, LightTrials
from kiosk import settings
from kiosk.model import VerdictAnswer
from kiosk.simulators.light import LightingConditions, LitCamera, ScreenColours, lamp_colour
from tests.support.faces import MODELS, needs_models
from tests.support.visit_driver import changed

LIMITS = changed(settings.load().visit, light={"mode": "required"})


@pytest.fixture(scope="module")
def booth():
    chosen = settings.load()
    detector = options.chosen_driver("face_engine", chosen.face_engine, chosen)
    photos = [pictures.read_photo(p) for p in pictures.find_files(MODELS / "people", pictures.PHOTOS)]
    return LightTrials(detector, photos, models=MODELS, limits=LIMITS)


@needs_models
def test_a_live_head_in_a_usual_shop_passes(booth):
    assert booth.trial(LIVE, 200, 0, seed=5).verdict.answer is VerdictAnswer.PASS


@needs_models
@pytest.mark.parametrize("species", ["still", "loop", "injected", "recorded", "tinted"])
def test_attacks_that_the_light_does_not_reach_fail(booth, species):
    assert booth.trial(species, 200, 0, seed=5).verdict.answer is not VerdictAnswer.PASS


@needs_models
def test_paper_reflects_light_as_skin_does(booth):
    """What the light cannot tell; see docs/decisions."""
    assert booth.trial("print", 200, 0, seed=5).verdict.answer is VerdictAnswer.PASS


@needs_models
def test_the_same_seed_gives_the_same_reading(booth):
    one, other = (booth.trial("loop", 400, 1, seed=3).verdict.measured for _ in range(2))
    assert one == other
    assert set(ATTACKS) > {"print", "screen", "mask"}


def test_light_falls_with_the_square_of_the_distance_and_with_the_shops():
    near, far = (LightingConditions(distance_m=d).screen_to_shop((1, 1, 1)) for d in (0.5, 2.0))
    assert near[1] / far[1] == pytest.approx(16, rel=0.15)
    dim, bright = (LightingConditions(shop_lx=lx).screen_to_shop((1, 1, 1)) for lx in (100, 1000))
    assert dim[1] / bright[1] == pytest.approx(10)


def test_lamps_are_redder_the_colder_they_are():
    warm, cold = lamp_colour(2700), lamp_colour(6500)
    assert warm[2] / warm[0] > 2 > cold[2] / cold[0] > 0.8
    for kelvin in (2700, 4500, 6500):
        blue, green, red = lamp_colour(kelvin)
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue == pytest.approx(1, abs=0.01)


def test_the_camera_follows_the_light_with_its_own_time_constants():
    scene = np.full((40, 40, 3), 120, np.uint8)
    camera, answer = LitCamera(LightingConditions(shop_lx=200)), np.ones((40, 40), np.float32)
    dark = camera.capture(scene, answer, None, 0.0).mean()
    first = camera.capture(scene, answer, (1.0, 0.395, 0.05), 0.1).mean()
    for i in range(2, 60):
        last = camera.capture(scene, answer, (1.0, 0.395, 0.05), i / 10).mean()
    assert first > dark + 5
    assert last - dark < 0.5 * (first - dark)


def test_colours_fade_in():
    screen = ScreenColours((1.0, 2.0), "BA")
    assert screen.at(0.5) == (0.5, 0.5, 0.5)
    assert screen.at(1.9) == pytest.approx((0.15, 0.555, 1.0))
    assert screen.at(2.1)[0] == pytest.approx((0.15 + 1.0) / 2, abs=0.01)
