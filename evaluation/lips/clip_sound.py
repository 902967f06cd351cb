"""Sound of a video: a .wav beside it, or what is inside of it (extra `clips`, which brings PyAV)."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples


class NoSound(Exception):  # noqa: N818 - reads as the fact it states
    """The video has no usable sound; the text is a reason to be counted."""


def read(video: Path) -> Samples:
    """Return (n,) at `SAMPLE_RATE`; sample 0 belongs to the time of the first frame. Raises NoSound."""
    beside = video.with_suffix(".wav")
    return _read_wav(beside) if beside.is_file() else _decode(video)


def _read_wav(path: Path) -> Samples:
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError):
        raise NoSound("sound unreadable") from None
    mono = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE)
    return np.asarray(mono, np.float32)


def _decode(path: Path) -> Samples:
    """Decode the video's sound; both streams keep their own time, so the sound is moved to the video's."""
    try:
        import av
    except ImportError:
        raise NoSound("sound inside the video: it takes the extra `clips`, or a .wav beside it") from None
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio or not container.streams.video:
                raise NoSound("without sound")
            audio, video = container.streams.audio[0], container.streams.video[0]
            late = round((_start_s(audio) - _start_s(video)) * SAMPLE_RATE)
            mono = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            frames = [*container.decode(audio), None]  # None: what is still inside the resampler
            parts = [part.to_ndarray()[0] for frame in frames for part in mono.resample(frame)]
    except (av.FFmpegError, OSError):
        raise NoSound("sound unreadable") from None
    if not parts:
        raise NoSound("without sound")
    samples = np.concatenate(parts)
    if late > 0:
        return np.concatenate([np.zeros(late, np.float32), samples])
    return np.asarray(samples[-late:], np.float32)


def _start_s(stream: Any) -> float:
    return float((stream.start_time or 0) * stream.time_base)
