"""Driver `minifasnet`: two small nets that tell a live face from a print (Silent-Face-Anti-Spoofing).

Each sees the face with other surroundings (2.7 and 4.0 boxes wide), 80×80 BGR, raw 0–255; class 1 of three
is "live". The score is the softmax of the mean of their logits, over the face and its mirror image: on half
of NUAA (182 live frames, 180 hand-held prints, 8 people) no print scored above 0.072; 1.6 % of the live
frames, and no live median of five, scored below 0.10, the threshold of the settings. The plain mean of
probabilities, not mirrored, rejected 5.5 % at its best threshold (`kiosk evaluate pad`, docs/evaluate.md).
Replays on bright screens are hardly tested: this is one measure of several, never the only one.
"""

from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.face.net import OnnxNet
from kiosk.face.weights import load_errors, require, run_errors
from kiosk.models import locate
from kiosk.ports import Context, Face, Image

_SIZE = 80  # pixels
_CLASSES, _LIVE = 3, 1  # how many classes, and which of them is "live"
_MIN_SPREAD = 0.5  # of the scores of noise and of darkness


class MiniFasNetSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Names in the manifest of models."""

    near: str = "minifasnet-v2"
    wide: str = "minifasnet-v1se"


class MiniFasNet:
    """`ports.Liveness`. Raises ModelError at construction."""

    Settings: ClassVar[type[Struct]] = MiniFasNetSettings
    name = "minifasnet"
    version = "minifasnet-v2+v1se"

    def __init__(self, settings: MiniFasNetSettings, context: Context) -> None:
        nets = ((2.7, settings.near), (4.0, settings.wide))
        self._nets = [(scale, AntiSpoofNet(locate(context.models, name))) for scale, name in nets]

    def score(self, image: Image, face: Face) -> float:
        """Return a score from 0 (attack) to 1 (live). Raises EngineError."""
        logits = []
        with run_errors(self.name):
            for scale, net in self._nets:
                crop = surroundings(image, face, scale)
                logits += [net.logits(crop), net.logits(np.ascontiguousarray(crop[:, ::-1]))]
        return live(np.mean(logits, axis=0))


class AntiSpoofNet:
    """One of the nets. Raises ModelError(MODEL_UNUSABLE) if it cannot tell noise from darkness.

    Fed 0…1 instead of 0…255, or with damaged weights, these nets answer nearly the same to every picture
    and would still look alive: noise must be far from darkness (measured: 0.99 against 0.03).
    """

    def __init__(self, path: Path, gain: float = 1.0) -> None:
        self._gain, self._net = gain, OnnxNet(path)
        with load_errors(path.name):
            answers = self.logits(np.zeros((_SIZE, _SIZE, 3), np.uint8))
        require(len(answers) == _CLASSES, path.name, f"{len(answers)} classes")
        with load_errors(path.name):
            noise = np.random.default_rng(0).integers(0, 256, (_SIZE, _SIZE, 3), np.uint8)
            spread = self.live(noise) - self.live(np.zeros_like(noise))
        require(spread > _MIN_SPREAD, path.name, f"noise and darkness differ by {spread:.3f} only")

    def live(self, crop: Image) -> float:
        """Return the probability of "live" for an (80, 80, 3) crop."""
        return live(self.logits(crop))

    def logits(self, crop: Image) -> NDArray[np.float64]:
        """Return the (3,) logits for an (80, 80, 3) crop."""
        answer = self._net.run(cv2.dnn.blobFromImage(crop, self._gain, (_SIZE, _SIZE)))
        return answer.astype(np.float64)


def live(logits: NDArray[np.float64]) -> float:
    """Return the softmax's probability of "live"; NaN for what is no number, which passes no rule."""
    powers = np.exp(logits - logits.max())
    return float(powers[_LIVE] / powers.sum())


def surroundings(image: Image, face: Face, scale: float) -> Image:
    """Return the part of the picture that is `scale` face boxes wide and high, (80, 80, 3).

    As in training, it is made smaller and shifted inwards where the picture ends.
    """
    height, width = image.shape[:2]
    scale = min(scale, (width - 1) / max(face.width, 1.0), (height - 1) / max(face.height, 1.0))
    x0, x1 = _inside(face.x + face.width / 2, face.width * scale, width)
    y0, y1 = _inside(face.y + face.height / 2, face.height * scale, height)
    return np.asarray(cv2.resize(image[y0:y1, x0:x1], (_SIZE, _SIZE)), np.uint8)


def _inside(centre: float, length: float, limit: int) -> tuple[int, int]:
    """Return begin and end of a stretch of `length` about `centre`, shifted into 0…`limit`."""
    begin = min(max(0.0, centre - length / 2), max(0.0, limit - 1 - length))
    return int(begin), max(int(begin) + 1, min(limit, int(begin + length) + 1))
