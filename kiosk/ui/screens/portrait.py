"""PORTRAIT: without a decoder for the chip's photo, the printed side of the card before the camera."""

from kiosk.model import Stage
from kiosk.ui.screens.face import FaceScreen
from kiosk.ui.widgets.drawings import card


class PortraitScreen(FaceScreen):
    """As for the face: a mirror, an outline and one hint at a time."""

    stage = Stage.PORTRAIT
    changeable = False
    drawing = staticmethod(card)
    of_card = True
