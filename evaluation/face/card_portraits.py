"""Simulate the portrait of a printed card before the camera, filmed and taken as the terminal does.

No real card may be photographed for this. The print: the portrait at 9 pixels a millimetre, the ink's black
and white between 10 and 92 % of the paper's, dots that run into each other over 0.12 mm, grain. The camera:
1280×720, the card over 72 % of its width, a lens blur of 0.7 pixels, noise of 3 grey levels, JPEG 90.
"""

import cv2
import numpy as np

from kiosk.errors import EngineError
from kiosk.face.card_picture import inspect_frame
from kiosk.face.card_portrait import CardPortrait
from kiosk.model import IdCard
from kiosk.ports import Face, FaceEngine, Image, Vector
from kiosk.settings import FaceSettings
from kiosk.simulators.card_picture import card_picture, with_card_held

_SIZE = (720, 1280, 3)
_TABLE_GREY = 74  # of what is behind the card
_BLACK, _WHITE, _GRAIN = 0.10, 0.92, 2.0
_DOT_GAIN_PX, _LENS_PX, _NOISE = 1.2, 0.7, 3.0
_JPEG = 90
_FRAME_S = 0.25


def photographed_portrait(
    card: IdCard, photo: Image, face: Face, engine: FaceEngine, settings: FaceSettings, seed: int
) -> Vector | None:
    """Return the reference that the terminal takes from the card; None: it would go on asking for it."""
    random = np.random.default_rng(seed)
    side = printed(card, photo, face, random)
    taken = CardPortrait(settings.card_frames, engine.thresholds.same_face, card.number)
    scene = np.full(_SIZE, _TABLE_GREY, np.uint8)
    for i in range(2 * settings.card_frames):
        image = _film(with_card_held(scene, side, seed + i * _FRAME_S), random)
        try:
            seen = inspect_frame(image, engine, settings, card.number)
            if seen.portrait is not None and seen.face is not None:
                taken.add(engine.embed(seen.portrait, seen.face), seen.portrait)
        except EngineError:
            continue
        if (vector := taken.vector()) is not None:
            return vector
    return None


def printed(card: IdCard, photo: Image, face: Face, random: np.random.Generator) -> Image:
    """Return the card's side as ink on plastic shows it, (540, 856, 3)."""
    side = card_picture(card, photo, face).astype(np.float32)
    soft = cv2.GaussianBlur(side, (0, 0), _DOT_GAIN_PX)
    inked = 255 * _BLACK + soft * (_WHITE - _BLACK)
    return np.asarray(np.clip(inked + random.normal(0, _GRAIN, inked.shape), 0, 255), np.uint8)


def _film(scene: Image, random: np.random.Generator) -> Image:
    """Return a camera's picture of the scene: lens blur, noise, JPEG."""
    seen = cv2.GaussianBlur(scene.astype(np.float32), (0, 0), _LENS_PX)
    seen = np.clip(seen + random.normal(0, _NOISE, seen.shape), 0, 255)
    jpeg = cv2.imencode(".jpg", seen.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, _JPEG])[1]
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
