"""Read talking clips as two series over time: how far the mouth is open, and how loud the sound is."""

from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation import pictures
from evaluation.lips import clip_sound
from kiosk.errors import EngineError
from kiosk.model import SAMPLE_RATE
from kiosk.ports import FaceEngine, FaceLandmarks, Image, Samples

_LEVEL_S = 0.06
BAND_HZ = (500.0, 3000.0)
"""What an opening jaw makes louder: the first formant of open vowels rises above 500 Hz, that of closed
ones stays below (Fant, 1960); lips go best with 300–3000 Hz (Chandrasekaran et al., 2009)."""
_MOST_MISSING = 0.2
_USUAL_FPS = 25.0

Series = NDArray[np.float64]


class TalkingClip(Struct, frozen=True, eq=False, kw_only=True):
    """`mouth[i]`, `level[i]`: opening (inner-lip distance over the mouth's width) and loudness at i / fps.

    `speaker`: the folder below the data's; clips that lie loose count as one speaker's.
    """

    speaker: str
    fps: float
    mouth: Series
    level: Series
    sound: Samples


class UnusableClip(Exception):  # noqa: N818 - reads as the fact it states
    """The clip cannot be used; the text is a reason to be counted."""


def read(path: Path, folder: Path, engine: FaceEngine, landmarks: FaceLandmarks) -> TalkingClip:
    """Read a video below `folder` and its sound. Raises UnusableClip."""
    try:
        sound = clip_sound.read(path)
    except clip_sound.NoSound as reason:
        raise UnusableClip(str(reason)) from None
    video = cv2.VideoCapture(str(path))
    fps = float(video.get(cv2.CAP_PROP_FPS))
    video.release()
    fps = fps if 1 <= fps <= 240 else _USUAL_FPS
    mouth = _interpolate([_opening(image, engine, landmarks) for image in pictures.read_frames(path)])
    level = loudness(sound, len(mouth), fps)
    length = min(len(mouth), int(len(sound) / SAMPLE_RATE * fps))
    if length < fps:
        raise UnusableClip("shorter than a second")
    parts = path.relative_to(folder).parts
    return TalkingClip(
        speaker=parts[0] if len(parts) > 1 else "",
        fps=fps,
        mouth=mouth[:length],
        level=level[:length],
        sound=sound,
    )


def loudness(sound: Samples, frames: int, fps: float) -> Series:
    """Return (frames,): fourth root of the power in `BAND_HZ` around each frame's time.

    This is about how loud it sounds.
    """
    sound = band_pass(sound)
    half = round(_LEVEL_S / 2 * SAMPLE_RATE)
    total = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])
    centres = np.rint(np.arange(frames) / fps * SAMPLE_RATE).astype(np.int64)
    begins, ends = (np.clip(centres + side, 0, len(sound)) for side in (-half, half))
    power = (total[ends] - total[begins]) / np.maximum(ends - begins, 1)
    return np.asarray(np.maximum(power, 0) ** 0.25)


def band_pass(sound: Samples) -> Samples:
    """Return the sound between the limits of `BAND_HZ`, of the same length."""
    padded = np.pad(sound, SAMPLE_RATE // 4)  # so that the end does not wrap to the beginning
    spectrum = np.fft.rfft(padded)
    hertz = np.fft.rfftfreq(len(padded), 1 / SAMPLE_RATE)
    spectrum[(hertz < BAND_HZ[0]) | (hertz > BAND_HZ[1])] = 0
    return np.asarray(np.fft.irfft(spectrum, len(padded))[SAMPLE_RATE // 4 :][: len(sound)], np.float32)


def _opening(image: Image, engine: FaceEngine, landmarks: FaceLandmarks) -> float | None:
    try:
        face = pictures.largest_face(engine, image)
        return None if face is None else landmarks.measure(image, face).mouth
    except EngineError:
        return None


def _interpolate(openings: list[float | None]) -> Series:
    """Interpolate short gaps. Raises UnusableClip if too much is missing."""
    known = [i for i, opening in enumerate(openings) if opening is not None]
    if not openings:
        raise UnusableClip(pictures.UNREADABLE)
    if len(known) < (1 - _MOST_MISSING) * len(openings):
        raise UnusableClip(pictures.NO_FACE)
    values = [opening for opening in openings if opening is not None]
    return np.interp(np.arange(len(openings)), known, values)
