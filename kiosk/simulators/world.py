"""The simulated shop: what the simulated camera, microphone, loudspeaker and card reader find in it."""

from typing import Protocol

from kiosk.errors import CardError
from kiosk.model import IdCard
from kiosk.ports import Image, Samples


class World(Protocol):
    """The shop as the simulated drivers see it; all methods may be called from any thread."""

    def picture(self, at: float) -> Image:
        """What stands before the camera at `at`."""

    def sound(self, at: float, count: int) -> Samples:
        """`count` samples of what the microphone hears from `at` on."""

    def card(self) -> IdCard | CardError | None:
        """What lies on the reader: a card, one that cannot be read, nothing."""

    def prompt(self, samples: Samples, at: float) -> None:
        """The terminal begins to say something."""
