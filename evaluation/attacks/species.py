"""The presentation attack instrument (PAI) species, and a function that makes any of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from evaluation.attacks.injected import InjectedFace
from evaluation.attacks.loop import LoopedVideo
from evaluation.attacks.mask import CutOutMask
from evaluation.attacks.printed import PrintedPhoto
from evaluation.attacks.screen import ScreenReplay
from evaluation.attacks.still import StillImage
from kiosk.ports import Image
from kiosk.simulators.light import ReflectanceMap
from kiosk.simulators.portrait import MODELS


class AttackInstrument(Protocol):
    """What is before, or in place of, the camera; takes the place of a `SimulatedHead`."""

    def render(self, at: float, *, mouth: float = 0.0, turn: float = 0.0, nod: float = 0.0) -> Image:
        """Render the picture at `at` seconds: (height, width, 3) BGR, always a new array.

        `mouth`, `turn`, `nod`: as of a `SimulatedHead`, for species that follow them.
        """

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap | float:
        """Return how it reflects the terminal's light at `at` (`simulators.light`); `wall`: of the wall."""


SPECIES: dict[str, Callable[..., AttackInstrument]] = {
    "print": PrintedPhoto,
    "screen": ScreenReplay,
    "mask": CutOutMask,
    "still": StillImage,
    "loop": LoopedVideo,
    "injected": InjectedFace,
}
"""Classes by name; each takes (photo, settings, size, seed, models), `settings` of a type of its own."""


def make(
    name: str, photo: Image, *, size: tuple[int, int] = (640, 480), seed: int = 0, models: Path = MODELS
) -> AttackInstrument:
    """Make an instrument of the species `name` from `photo`, with default parameters.

    Raises KeyError for an unknown name, ValueError if there is no face in the photo, ModelError, EngineError.
    """
    return SPECIES[name](photo, size=size, seed=seed, models=models)
