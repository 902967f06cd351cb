"""PAI species `loop`: a short video, fed again and again in place of the camera.

Characteristics: no display and no paper, but every frame comes back, bit by bit, after `length_s`, and
the head jumps at the seam.
"""

from pathlib import Path

from msgspec import Struct

from evaluation.attacks.video import record_video
from kiosk.ports import Image
from kiosk.simulators.light import ReflectanceMap
from kiosk.simulators.portrait import MODELS


class LoopSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`quality`: of the JPEG that each frame went through once; `there_and_back` hides the seam."""

    length_s: float = 2.0
    fps: float = 25.0
    quality: int = 80
    there_and_back: bool = False


class LoopedVideo:
    """A video of the person in an endless loop.

    Raises ValueError if there is no face in `photo`; ModelError, EngineError.
    """

    def __init__(
        self,
        photo: Image,
        settings: LoopSettings = LoopSettings(),  # noqa: B008 - frozen
        *,
        size: tuple[int, int] = (640, 480),
        seed: int = 0,
        models: Path = MODELS,
    ) -> None:
        self._fps = settings.fps
        clip = record_video(
            photo,
            settings.length_s,
            settings.fps,
            size=size,
            seed=seed,
            models=models,
            quality=settings.quality,
        )
        self._clip = clip + clip[-2:0:-1] if settings.there_and_back else clip

    @property
    def frames(self) -> int:
        """Number of frames until it repeats."""
        return len(self._clip)

    def render(self, at: float, *, mouth: float = 0.0, turn: float = 0.0, nod: float = 0.0) -> Image:
        """Render the frame at `at` seconds. The mouth moves as it was recorded."""
        return self._clip[int(at * self._fps + 1e-6) % len(self._clip)].copy()

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap | float:
        """Return 0: no light of the shop falls on it."""
        return 0.0
