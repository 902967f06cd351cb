"""Where in the sound is a voice? Pure: silence is counted in seconds of audio, never by a clock.

Every 10 ms the power between 240 and 4000 Hz of a 25 ms Hann frame is compared with an adaptive noise floor
(median of the frames without voice of the last second), with hysteresis. The band leaves out DC and the hum
of 50/60 Hz mains with its first overtones; frames lie on a fixed grid, so the answer does not depend on how
the sound was cut into blocks.
"""

from collections import deque

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples
from kiosk.settings import SpeechSettings

HOP = 160
"""Samples between frames: 10 ms."""
FRAME = 400
"""Samples of a frame: 25 ms, so a bin of its spectrum is 40 Hz wide."""
BAND = slice(6, 101)
"""Bins of 240–4000 Hz: Hann leaks two bins, so 150 Hz stays outside."""
FULL_SCALE = 0.97
"""At or above, a sample counts as clipped; below 1, because resampling makes the plateaus ring."""
FLOOR_LOWEST_DBFS = -80.0
"""Digital silence must not make every rustle a voice."""
FLOOR_FRAMES = 100
"""The noise floor looks back one second …"""
FLOOR_FIRST = 8
"""… and no voice begins before it has seen 80 ms …"""
FLOOR_RESEED = 30
"""… and after a "voice" without end it believes the newest 0.3 s of it."""
RELEASE = 0.6
"""A voice goes on down to this share of `threshold_db` above the floor …"""
RELEASE_BELOW_PEAK_DB = 25.0
"""… but not further below its own peak than this: the room's echo is not the voice."""
CLICK_GAP_S = 0.06
"""What was shorter than `min_voice_s` and is followed by so much silence was a click."""
SNR_MOST_DB = 60.0

_HANN = np.hanning(FRAME + 1)[:-1].astype(np.float32)
_SCALE = 2.0 / (FRAME * float(np.sum(_HANN**2)))
_MIDDLE = slice((FRAME - HOP) // 2, (FRAME + HOP) // 2)


class Segment(Struct, frozen=True):
    """One stretch of voice. `began`, `ended`: seconds of audio since the first sample ever fed."""

    began: float
    ended: float
    level_dbfs: float  # RMS of its voiced frames, 240–4000 Hz; a full-scale sine is −3
    snr_db: float  # that level over the noise floor, at most 60
    clipped: float  # share of samples at full scale


class Frame(Struct, frozen=True):
    """What one 25 ms frame says: mean square in the band, and clipped samples among its middle 10 ms."""

    power: float
    clipped: int

    @property
    def dbfs(self) -> float:
        return decibels(self.power)


def decibels(power: float) -> float:
    """10·log10, at least −120."""
    return 10.0 * float(np.log10(max(power, 1e-12)))


def measure(samples: NDArray[np.float32]) -> Frame:
    """(400,) → Frame. Parseval: 2·Σ|X|²/(N·Σw²) over the band is the mean square in the band."""
    spectrum = np.fft.rfft(samples * _HANN)[BAND]
    power = _SCALE * float(np.sum(spectrum.real**2 + spectrum.imag**2))
    return Frame(power, int(np.count_nonzero(np.abs(samples[_MIDDLE]) >= FULL_SCALE)))


class NoiseFloor:
    """Median level of the frames without voice."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=FLOOR_FRAMES)

    @property
    def ready(self) -> bool:
        return len(self._levels) >= FLOOR_FIRST

    @property
    def dbfs(self) -> float:
        return max(FLOOR_LOWEST_DBFS, float(np.median(self._levels)))

    def add(self, dbfs: float) -> None:
        self._levels.append(dbfs)

    def reseed(self, levels: list[float]) -> None:
        self._levels = deque(levels[-FLOOR_RESEED:], maxlen=FLOOR_FRAMES)


class _Voice:
    """A voice that goes on: its frames, and the last one that was loud."""

    def __init__(self, index: int, floor_dbfs: float, release_dbfs: float) -> None:
        self.first = self.last = index
        self.loud = 0
        self._floor = floor_dbfs
        self._release = release_dbfs
        self._peak = -120.0
        self.frames: list[Frame] = []

    def add(self, index: int, frame: Frame) -> None:
        self.frames.append(frame)
        dbfs = frame.dbfs
        self._peak = max(self._peak, dbfs)
        if dbfs >= max(self._release, self._peak - RELEASE_BELOW_PEAK_DB):
            self.last = index
            self.loud += 1

    def silent_s(self, index: int) -> float:
        return _seconds(index - self.last)

    def tail(self) -> list[float]:
        """Levels of the frames behind the last loud one."""
        return [f.dbfs for f in self.frames[self.last - self.first + 1 :]]

    def segment(self) -> Segment:
        voiced = self.frames[: self.last - self.first + 1]
        level = decibels(sum(f.power for f in voiced) / len(voiced))
        return Segment(
            began=_centre(self.first),
            ended=_centre(self.last),
            level_dbfs=level,
            snr_db=min(SNR_MOST_DB, max(0.0, level - self._floor)),
            clipped=sum(f.clipped for f in voiced) / (HOP * len(voiced)),
        )


class Endpointer:
    """Feed it sound in blocks of any size; it answers with the voices that have ended."""

    def __init__(self, settings: SpeechSettings) -> None:
        self._settings = settings
        self._rest = np.zeros(0, np.float32)
        self._index = 0  # of the next frame
        self._floor = NoiseFloor()
        self._voice: _Voice | None = None
        self.level_dbfs = -120.0
        """Level of the newest frame."""

    @property
    def heard_s(self) -> float:
        """Seconds of audio that have been judged."""
        return _centre(self._index - 1)

    @property
    def floor_dbfs(self) -> float | None:
        """Level of the noise; None before it has been heard for long enough."""
        return self._floor.dbfs if self._floor.ready else None

    @property
    def open_since_s(self) -> float | None:
        """When the voice that goes on (or may turn out to be a click) began."""
        return None if self._voice is None else _centre(self._voice.first)

    def fading(self, silence_s: float) -> Segment | None:
        """The voice that goes on, as it will be if the silence of already `silence_s` lasts."""
        voice = self._voice
        if voice is None or not self._is_voice(voice) or voice.silent_s(self._index - 1) < silence_s:
            return None
        return voice.segment()

    def feed(self, samples: Samples) -> list[Segment]:
        """(n,) float32, finite → the voices that ended in it, oldest first."""
        sound = np.concatenate([self._rest, samples])
        count = max(0, (len(sound) - FRAME) // HOP + 1)
        frames = [measure(sound[i * HOP : i * HOP + FRAME]) for i in range(count)]
        self._rest = sound[count * HOP :].copy()
        ended = [self._step(frame) for frame in frames]
        return [segment for segment in ended if segment is not None]

    def cut(self) -> None:
        """End without result what goes on, keep the noise floor: a new challenge begins."""
        self._voice = None

    def wipe(self) -> None:
        """Overwrite the samples that are still held."""
        self._rest[:] = 0.0

    def _step(self, frame: Frame) -> Segment | None:
        index, self._index = self._index, self._index + 1
        self.level_dbfs = frame.dbfs
        if self._voice is None:
            self._begin(index, frame)
            return None
        self._voice.add(index, frame)
        return self._end(self._voice, index)

    def _begin(self, index: int, frame: Frame) -> None:
        if not self._floor.ready or frame.dbfs < self._threshold(1.0):
            self._floor.add(frame.dbfs)
            return
        self._voice = _Voice(index, self._floor.dbfs, self._threshold(RELEASE))
        self._voice.add(index, frame)

    def _end(self, voice: _Voice, index: int) -> Segment | None:
        if _seconds(index - voice.first) >= self._settings.max_voice_s:
            self._floor.reseed([f.dbfs for f in voice.frames])
            self._voice = None
            return voice.segment()
        real = self._is_voice(voice)
        if voice.silent_s(index) < (self._settings.end_silence_s if real else CLICK_GAP_S):
            return None
        for dbfs in voice.tail():
            self._floor.add(dbfs)
        self._voice = None
        return voice.segment() if real else None

    def _is_voice(self, voice: _Voice) -> bool:
        return _seconds(voice.loud) >= self._settings.min_voice_s

    def _threshold(self, share: float) -> float:
        """Above the floor, and never below what is too quiet to be meant for us."""
        above = self._settings.threshold_db * share
        quietest = self._settings.min_level_dbfs - self._settings.threshold_db * (1.0 - share)
        return max(self._floor.dbfs + above, quietest)


def _seconds(frames: int) -> float:
    return frames * HOP / SAMPLE_RATE


def _centre(index: int) -> float:
    return (index * HOP + FRAME / 2) / SAMPLE_RATE
