"""PAI species `injected`: a computed face, fed in place of the camera as by a virtual camera.

Characteristics: it reacts as a live face does, mouth and all, but has passed no sensor: no noise, no
drifting exposure, and a new picture only at the rate at which it is computed.
"""

from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation.attacks.video import compress
from kiosk.ports import Image
from kiosk.simulators.camera_effects import SimulatedSensor
from kiosk.simulators.head import SimulatedHead
from kiosk.simulators.light import ReflectanceMap
from kiosk.simulators.portrait import MODELS


class InjectedSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`fps`: of the virtual camera; `quality`: of its JPEG, 0: raw pictures."""

    fps: float = 25.0
    quality: int = 0


class NoSensor(SimulatedSensor):
    """Returns scenes unchanged."""

    def __init__(self) -> None:
        pass

    def capture(self, scene: Image, at: float) -> Image:
        """Return a copy of `scene`."""
        return np.array(scene, np.uint8)


class InjectedFace:
    """A face that moves, rendered without a sensor.

    Raises ValueError if there is no face in `photo`; ModelError, EngineError.
    """

    def __init__(
        self,
        photo: Image,
        settings: InjectedSettings = InjectedSettings(),  # noqa: B008 - frozen
        *,
        size: tuple[int, int] = (640, 480),
        seed: int = 0,
        models: Path = MODELS,
    ) -> None:
        self._settings = settings
        self._head = SensorlessHead(photo, size, seed=seed, models=models)

    def render(self, at: float, *, mouth: float = 0.0, turn: float = 0.0, nod: float = 0.0) -> Image:
        """Render the frame at `at` seconds; `mouth`, `turn` and `nod` as of a `SimulatedHead`."""
        fps, quality = self._settings.fps, self._settings.quality
        frame = self._head.render(int(at * fps + 1e-6) / fps, mouth=mouth, turn=turn, nod=nod)
        return compress(frame, quality) if quality else frame

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap | float:
        """Return 0: no light of the shop falls on it."""
        return 0.0


class SensorlessHead(SimulatedHead):
    """A head rendered without a sensor."""

    def __init__(
        self, photo: Image, size: tuple[int, int] = (640, 480), *, seed: int = 0, models: Path = MODELS
    ) -> None:
        super().__init__(photo, size, seed=seed, models=models)
        self._sensor = NoSensor()
