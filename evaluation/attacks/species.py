"""The list of species, and one way to make any of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from evaluation.attacks.injected import InjectedFace
from evaluation.attacks.loop import LoopedVideo
from evaluation.attacks.mask import CutOutMask
from evaluation.attacks.printed import Print
from evaluation.attacks.screen import ScreenReplay
from evaluation.attacks.still import StillImage
from kiosk.ports import Image
from kiosk.simulators.light import Map
from kiosk.simulators.portrait import MODELS


class Attack(Protocol):
    """Stands where a `Head` could stand."""

    def render(self, at: float, *, mouth: float = 0.0) -> Image:
        """(height, width, 3) BGR at `at` seconds, always a new array.

        `mouth`: 0 … 1 wide open, for species that have one that moves.
        """

    def answers(self, at: float, wall: float = 0.04) -> Map | float:
        """How it throws the terminal's light back at `at`; see `simulators.light`."""


SPECIES: dict[str, Callable[..., Attack]] = {
    "print": Print,
    "screen": ScreenReplay,
    "mask": CutOutMask,
    "still": StillImage,
    "loop": LoopedVideo,
    "injected": InjectedFace,
}
"""Each takes (photo, settings, size, seed, models); `settings` is its own frozen type, with defaults."""


def make(
    name: str, photo: Image, size: tuple[int, int] = (640, 480), seed: int = 0, models: Path = MODELS
) -> Attack:
    """The species `name` made from `photo`, with its usual parameters.

    Raises KeyError for an unknown name, ValueError if there is no face in the photo, ModelError, EngineError.
    """
    return SPECIES[name](photo, size=size, seed=seed, models=models)
