"""Video of the person as an attacker would have it: frames of a simulated head that speaks."""

import math
from pathlib import Path

import cv2
import numpy as np

from kiosk.ports import Image
from kiosk.simulators.head import SimulatedHead

_SYLLABLES_HZ = 2.5  # how often a speaking mouth opens


def record_video(
    photo: Image,
    seconds: float,
    fps: float,
    *,
    size: tuple[int, int],
    seed: int,
    models: Path,
    quality: int = 80,
) -> list[Image]:
    """Return frames of the person speaking, compressed once as JPEG of `quality`.

    Raises ValueError if there is no face in `photo`; ModelError, EngineError.
    """
    head = SimulatedHead(photo, size, seed=seed, models=models)
    times = np.arange(max(1, round(seconds * fps))) / fps
    return [compress(head.render(float(at), mouth=speaking_mouth(float(at))), quality) for at in times]


def speaking_mouth(at: float) -> float:
    """Return how far a mouth that speaks without pause is open at `at` seconds, 0…1."""
    return 0.45 * math.sqrt(max(0.0, math.sin(2 * math.pi * _SYLLABLES_HZ * at)))


def compress(frame: Image, quality: int) -> Image:
    """Return the frame after JPEG compression of `quality`, 0…100."""
    _, content = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
