"""PORTRAIT: the printed side of the card before the camera, where the chip's photo cannot be decoded."""

from kiosk.model import Stage
from kiosk.ui.icons import Icon
from kiosk.ui.screens.face import FaceScreen


class PortraitScreen(FaceScreen):
    """As for the face: a mirror picture, an outline and one hint at a time."""

    stage = Stage.PORTRAIT
    changeable = False
    icon = Icon.CARD
    of_card = True
