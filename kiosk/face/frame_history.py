"""Remembers what the watcher must know of earlier frames; none of it is personal."""

import math

from kiosk.codes import Code
from kiosk.ports import Image


class FrameHistory:
    """State that one frame leaves for the next ones of the same watch.

    `last_hint`: of the frame before. `face_met`: a face was seen well enough to be compared.
    `several_since`: frame time since which more than one face has been seen. `changed_until`: frame time
    until which the person is informed that another face was seen.
    """

    def __init__(self) -> None:
        self.last_hint = Code.OK
        self.face_met = False
        self.several_since: float | None = None
        self.changed_until = -math.inf
        self._brightness: float | None = None

    def exposure_steady(self, image: Image, max_step: float) -> bool:
        """Say whether the picture is as bright as the one before, up to a share: exposure has settled."""
        brightness = max(float(image[::16, ::16].mean()), 1.0)
        last, self._brightness = self._brightness, brightness
        return last is None or abs(math.log(brightness / last)) <= max_step
