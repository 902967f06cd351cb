"""The simulated chip portrait: small, decodable, still the same person."""

import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.face.reference import prepare_reference
from kiosk.face.sface import SFace
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings, chip_portrait
from tests.support.faces import MODELS, PHOTOS, context, engine, head, needs_models, portrait

pytestmark = needs_models

DECODER = SimulatedDecoder(SimulatedDecoderSettings(), context())


@pytest.mark.parametrize("name", PHOTOS)
def test_it_is_as_large_as_a_chip_portrait(name):
    assert len(portrait(name)) == 1024
    assert DECODER.decode(portrait(name)).shape == (126, 102, 3)


@pytest.mark.parametrize("name", PHOTOS)
def test_it_is_the_same_person_and_nobody_else(name):
    card, _ = prepare_reference(portrait(name), DECODER, engine())
    for other in PHOTOS:
        vectors = []
        for at in np.arange(8) * 0.7:
            picture = head(other).render(float(at))
            vectors.append(engine().embed(picture, engine().detect(picture)[0]))
        mean = np.mean(vectors, axis=0)
        likeness = float(card @ mean / np.linalg.norm(mean))
        assert likeness >= SFace.thresholds.accept if other == name else likeness < 0.3


@pytest.mark.parametrize("damaged", [b"", b"\0" * 1024, b"RIFF" + b"\xff" * 1020])
def test_damaged_portraits_are_card_errors(damaged):
    with pytest.raises(CardError) as caught:
        DECODER.decode(damaged)
    assert caught.value.code is Code.CARD_PORTRAIT_UNREADABLE


def test_a_cut_off_portrait_is_a_card_error_or_a_picture_without_that_face():
    with pytest.raises(CardError):
        prepare_reference(portrait("hopper")[:200], DECODER, engine())


def test_a_photo_without_a_face_makes_no_portrait():
    with pytest.raises(ValueError, match="no face"):
        chip_portrait(np.full((200, 200, 3), 127, np.uint8), MODELS)
