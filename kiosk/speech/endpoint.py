"""Find the voices in a stream of sound. Pure: silence is counted in seconds of audio, never by a clock.

Every 10 ms the power between 240 and 4000 Hz of a 25 ms Hann frame is compared with an adaptive noise floor
(median of the frames without voice of the last second), with hysteresis. The band leaves out DC and the hum
of 50/60 Hz mains with its first overtones; frames lie on a fixed grid, so the result does not depend on how
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
"""Lowest noise floor: after digital silence not every rustle may be a voice."""
FLOOR_FRAMES = 100
"""The noise floor looks back one second …"""
FLOOR_FIRST = 8
"""… and no voice begins before it has seen 80 ms …"""
FLOOR_RESEED = 30
"""… and after a "voice" without end it takes the newest 0.3 s of it for noise."""
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


class VoiceSegment(Struct, frozen=True, kw_only=True):
    """One stretch of voice. `began`, `ended`: seconds of audio since the first sample ever fed."""

    began: float
    ended: float
    level_dbfs: float  # RMS of its voiced frames, 240–4000 Hz; a full-scale sine is −3
    snr_db: float  # that level over the noise floor, at most 60
    clipped: float  # share of samples at full scale


class FrameLevel(Struct, frozen=True):
    """Mean square of a 25 ms frame in the band, and the clipped samples among its middle 10 ms."""

    power: float
    clipped: int

    @property
    def dbfs(self) -> float:
        """Level in dBFS."""
        return decibels(self.power)


def decibels(power: float) -> float:
    """Return 10·log10 of the power, at least −120."""
    return 10.0 * float(np.log10(max(power, 1e-12)))


def measure(samples: NDArray[np.float32]) -> FrameLevel:
    """Measure the (400,) samples of a frame.

    By Parseval's theorem 2·Σ|X|²/(N·Σw²) over the band is the mean square in the band.
    """
    spectrum = np.fft.rfft(samples * _HANN)[BAND]
    power = _SCALE * float(np.sum(spectrum.real**2 + spectrum.imag**2))
    return FrameLevel(power, int(np.count_nonzero(np.abs(samples[_MIDDLE]) >= FULL_SCALE)))


class NoiseFloor:
    """Adaptive noise floor: median level of the last frames without voice."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=FLOOR_FRAMES)

    @property
    def ready(self) -> bool:
        """True once enough frames were heard."""
        return len(self._levels) >= FLOOR_FIRST

    @property
    def dbfs(self) -> float:
        """Level of the noise in dBFS."""
        return max(FLOOR_LOWEST_DBFS, float(np.median(self._levels)))

    def add(self, dbfs: float) -> None:
        """Add the level of a frame without voice."""
        self._levels.append(dbfs)

    def reseed(self, levels: list[float]) -> None:
        """Begin anew with the newest of `levels`."""
        self._levels = deque(levels[-FLOOR_RESEED:], maxlen=FLOOR_FRAMES)


class _OpenVoice:
    """A voice that goes on: its frames, and the index of the last loud one."""

    def __init__(self, index: int, floor_dbfs: float, release_dbfs: float) -> None:
        self.first = self.last = index
        self.loud_frames = 0
        self._floor = floor_dbfs
        self._release = release_dbfs
        self._peak = -120.0
        self.frames: list[FrameLevel] = []

    def add(self, index: int, frame: FrameLevel) -> None:
        """Add the next frame."""
        self.frames.append(frame)
        dbfs = frame.dbfs
        self._peak = max(self._peak, dbfs)
        if dbfs >= max(self._release, self._peak - RELEASE_BELOW_PEAK_DB):
            self.last = index
            self.loud_frames += 1

    def silent_s(self, index: int) -> float:
        """Return how long it was silent at frame `index`."""
        return _seconds(index - self.last)

    def tail(self) -> list[float]:
        """Return the levels (dBFS) of the frames behind the last loud one."""
        return [f.dbfs for f in self.frames[self.last - self.first + 1 :]]

    def segment(self) -> VoiceSegment:
        """Return the voice from its first to its last loud frame."""
        voiced = self.frames[: self.last - self.first + 1]
        level = decibels(sum(f.power for f in voiced) / len(voiced))
        return VoiceSegment(
            began=_centre_s(self.first),
            ended=_centre_s(self.last),
            level_dbfs=level,
            snr_db=min(SNR_MOST_DB, max(0.0, level - self._floor)),
            clipped=sum(f.clipped for f in voiced) / (HOP * len(voiced)),
        )


class Endpointer:
    """Voice activity detector: `feed` takes sound in blocks of any size and returns the voices that ended."""

    def __init__(self, settings: SpeechSettings) -> None:
        self._settings = settings
        self._rest = np.zeros(0, np.float32)
        self._index = 0  # of the next frame
        self._floor = NoiseFloor()
        self._voice: _OpenVoice | None = None
        self.level_dbfs = -120.0
        """Level of the newest frame."""

    @property
    def processed_s(self) -> float:
        """Seconds of audio that have been processed."""
        return _centre_s(self._index - 1)

    @property
    def floor_dbfs(self) -> float | None:
        """Level of the noise; None before it has been heard for long enough."""
        return self._floor.dbfs if self._floor.ready else None

    @property
    def open_since_s(self) -> float | None:
        """When the voice that goes on (or may turn out to be a click) began."""
        return None if self._voice is None else _centre_s(self._voice.first)

    def provisional(self, silence_s: float) -> VoiceSegment | None:
        """Return the open voice as it will be if its silence, of already `silence_s`, lasts; else None."""
        voice = self._voice
        if voice is None or not self._is_voice(voice) or voice.silent_s(self._index - 1) < silence_s:
            return None
        return voice.segment()

    def feed(self, samples: Samples) -> list[VoiceSegment]:
        """Process (n,) finite samples; return the voices that ended in them, oldest first."""
        sound = np.concatenate([self._rest, samples])
        count = max(0, (len(sound) - FRAME) // HOP + 1)
        frames = [measure(sound[i * HOP : i * HOP + FRAME]) for i in range(count)]
        self._rest = sound[count * HOP :].copy()
        ended = [self._step(frame) for frame in frames]
        return [segment for segment in ended if segment is not None]

    def reset(self) -> None:
        """Drop the open voice and keep the noise floor: a new challenge begins."""
        self._voice = None

    def clear(self) -> None:
        """Overwrite the samples that are still held."""
        self._rest[:] = 0.0

    def _step(self, frame: FrameLevel) -> VoiceSegment | None:
        index, self._index = self._index, self._index + 1
        self.level_dbfs = frame.dbfs
        if self._voice is not None:
            self._voice.add(index, frame)
            return self._end(self._voice, index)
        if not self._floor.ready or frame.dbfs < self._threshold(1.0):
            self._floor.add(frame.dbfs)
            return None
        self._voice = _OpenVoice(index, self._floor.dbfs, self._threshold(RELEASE))
        self._voice.add(index, frame)
        return None

    def _end(self, voice: _OpenVoice, index: int) -> VoiceSegment | None:
        """End the voice if it is too long or was silent for long enough; return it unless it was a click."""
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

    def _is_voice(self, voice: _OpenVoice) -> bool:
        return _seconds(voice.loud_frames) >= self._settings.min_voice_s

    def _threshold(self, share: float) -> float:
        """Return the level (dBFS) at `share` of the threshold above the floor, not too quiet."""
        above = self._settings.threshold_db * share
        quietest = self._settings.min_level_dbfs - self._settings.threshold_db * (1.0 - share)
        return max(self._floor.dbfs + above, quietest)


def _seconds(frames: int) -> float:
    return frames * HOP / SAMPLE_RATE


def _centre_s(index: int) -> float:
    """Return the time of the middle of a frame."""
    return (index * HOP + FRAME / 2) / SAMPLE_RATE
