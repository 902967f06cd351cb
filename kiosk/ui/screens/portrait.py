"""PORTRAIT: without a decoder for the chip's photo, the printed side of the card before the camera."""

from kiosk.model import Stage
from kiosk.ui.icons import Icon
from kiosk.ui.screens.face import FaceScreen


class PortraitScreen(FaceScreen):
    """As for the face: a mirror, an outline and one hint at a time."""

    stage = Stage.PORTRAIT
    changeable = False
    icon = Icon.CARD
    of_card = True
