"""The sound of a video: a .wav beside it, or what is inside it (extra `clips`, which brings PyAV)."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from msgspec import Struct

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples


class Sound(Struct, frozen=True, eq=False):
    """Mono at `SAMPLE_RATE`; sample 0 belongs to the time of the video's first frame."""

    samples: Samples


class NoSound(Exception):  # noqa: N818 - reads as the fact it states
    """Why there is none; the text is a reason to be counted."""


def read(video: Path) -> Sound:
    """Raises NoSound."""
    beside = video.with_suffix(".wav")
    return _beside(beside) if beside.is_file() else _inside(video)


def _beside(path: Path) -> Sound:
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError):
        raise NoSound("sound unreadable") from None
    mono = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE)
    return Sound(np.asarray(mono, np.float32))


def _inside(path: Path) -> Sound:
    """Both streams keep their own time; the sound is moved to the video's."""
    av = _pyav()
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio or not container.streams.video:
                raise NoSound("without sound")
            audio, video = container.streams.audio[0], container.streams.video[0]
            late = _start_s(audio) - _start_s(video)
            mono = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            frames = [*container.decode(audio), None]  # None: what is still inside the resampler
            parts = [part.to_ndarray()[0] for frame in frames for part in mono.resample(frame)]
    except (av.FFmpegError, OSError):
        raise NoSound("sound unreadable") from None
    if not parts:
        raise NoSound("without sound")
    return Sound(_moved(np.concatenate(parts), round(late * SAMPLE_RATE)))


def _pyav() -> Any:
    try:
        import av
    except ImportError:
        raise NoSound("sound inside the video: it takes the extra `clips`, or a .wav beside it") from None
    return av


def _start_s(stream: Any) -> float:
    return float((stream.start_time or 0) * stream.time_base)


def _moved(samples: Samples, late: int) -> Samples:
    """Silence before what begins late; what began too early is cut off."""
    return np.concatenate([np.zeros(late, np.float32), samples]) if late > 0 else samples[-late:]
