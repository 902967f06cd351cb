"""A video that somebody took of the person, as an attacker would have it: frames of a simulated head."""

import math
from pathlib import Path

import cv2
import numpy as np

from kiosk.ports import Image
from kiosk.simulators.head import Head

_SYLLABLES_HZ = 2.5  # how often a speaking mouth opens


def recorded(
    photo: Image,
    seconds: float,
    fps: float,
    size: tuple[int, int],
    seed: int,
    models: Path,
    quality: int = 80,
) -> list[Image]:
    """Frames of the person speaking, compressed once as JPEG of `quality`.

    Raises ValueError if there is no face in `photo`; ModelError, EngineError.
    """
    head = Head(photo, size, seed, models)
    times = np.arange(max(1, round(seconds * fps))) / fps
    return [compressed(head.render(float(at), mouth=spoken(float(at))), quality) for at in times]


def spoken(at: float) -> float:
    """How far a mouth that speaks without pause is open, 0…1."""
    return 0.45 * math.sqrt(max(0.0, math.sin(2 * math.pi * _SYLLABLES_HZ * at)))


def compressed(frame: Image, quality: int) -> Image:
    """The frame after JPEG of `quality`."""
    _, content = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
