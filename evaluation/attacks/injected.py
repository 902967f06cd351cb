"""Species `injected`: a face that is computed and fed in place of the camera, as a virtual camera would.

What distinguishes it: it answers as a live face does, mouth and all, but no sensor has seen it: no noise, no
drifting exposure, and a new picture only at the rate at which it is computed.
"""

from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation.attacks.video import compressed
from kiosk.ports import Image
from kiosk.simulators.camera_effects import Sensor
from kiosk.simulators.head import Head
from kiosk.simulators.light import Map
from kiosk.simulators.portrait import MODELS


class InjectedSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`fps`: of the virtual camera; `quality`: of its JPEG, 0: raw pictures."""

    fps: float = 25.0
    quality: int = 0


class NoSensor(Sensor):
    """Gives the scene as it is."""

    def __init__(self) -> None:
        pass

    def see(self, scene: Image, at: float) -> Image:
        return np.array(scene, np.uint8)


class InjectedFace:
    """Raises ValueError if there is no face in `photo`; ModelError, EngineError."""

    def __init__(
        self,
        photo: Image,
        settings: InjectedSettings = InjectedSettings(),  # noqa: B008 - frozen
        size: tuple[int, int] = (640, 480),
        seed: int = 0,
        models: Path = MODELS,
    ) -> None:
        self._settings = settings
        self._head = Unseen(photo, size, seed, models)

    def render(self, at: float, *, mouth: float = 0.0) -> Image:
        """The frame at `at` seconds; `mouth` 0 as in the photo … 1 wide open."""
        fps, quality = self._settings.fps, self._settings.quality
        frame = self._head.render(int(at * fps + 1e-6) / fps, mouth=mouth)
        return compressed(frame, quality) if quality else frame

    def answers(self, at: float, wall: float = 0.04) -> Map | float:
        """No light of this room ever falls on it."""
        return 0.0


class Unseen(Head):
    """A head that no sensor looks at."""

    def __init__(self, photo: Image, size: tuple[int, int], seed: int, models: Path) -> None:
        super().__init__(photo, size, seed, models)
        self._sensor = NoSensor()
