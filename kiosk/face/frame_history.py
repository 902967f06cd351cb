"""What the watcher remembers of the frames before, none of it personal."""

import math

from kiosk.codes import Code
from kiosk.ports import Image


class FrameHistory:
    """`before`: the last frame's hint; `met`: a face was seen well enough to be compared."""

    def __init__(self) -> None:
        self.before = Code.OK
        self.met = False
        self.several_since: float | None = None
        self.changed_until = -math.inf
        self._light: float | None = None

    def steady(self, image: Image, most: float) -> bool:
        """Has the camera found its exposure: is the picture as light as the one before, up to a share?"""
        light = max(float(image[::16, ::16].mean()), 1.0)
        last, self._light = self._light, light
        return last is None or abs(math.log(light / last)) <= most
