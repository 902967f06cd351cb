"""Attack instruments that a customer of `make attack` brings in the place of a face."""

from pathlib import Path

from kiosk.ports import Image
from kiosk.simulators.shop import Head

NAMES = ("print", "mask", "screen", "fine", "still", "loop", "injected")
"""`fine`: a telephone's display, leaned back; the others as in `evaluation.attacks`. `injected` is computed
while the challenge runs and answers digits and arrows; only the light of the shop never falls on it.
"""


def make(species: str, photo: Image, seed: int, models: Path) -> Head:
    """Make an instrument of this species from `photo`. Raises KeyError, ValueError, KioskError."""
    from evaluation import attacks  # slow to import, and no honest customer needs it
    from evaluation.attacks.screen import ScreenReplay, ScreenSettings

    if species == "fine":
        telephone = ScreenSettings(pitch_mm=0.06, nod_deg=-12, flicker=0.0, tremor_mm=1.0, clip_s=8.0)
        return ScreenReplay(photo, telephone, seed=seed, models=models)
    return attacks.make(species, photo, seed=seed, models=models)
