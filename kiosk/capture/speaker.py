"""Drivers `sounddevice` and `none`: a loudspeaker through PortAudio, or a terminal that does not speak."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import soxr
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.capture import portaudio
from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Context, Samples

PATIENCE_S = 3.0
"""A sound that takes so much longer than its length is stuck."""


class SpeakerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`device`: part of a PortAudio name, an index, or "" for the default. `echo_s`: how long a sound can
    still be heard after the device has taken it; more for a loudspeaker that is itself late (Bluetooth: 0.3).
    `latency`: as PortAudio takes it; how long this process may be held up before a prompt stutters.
    """

    device: str | int = ""
    echo_s: float = 0.15
    latency: str | float = 0.2


class NoSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """No options."""


class SoundDeviceSpeaker:
    """`ports.Speaker` through PortAudio. A stream is open only while something is played."""

    Settings = SpeakerSettings

    def __init__(self, settings: SpeakerSettings, context: Context) -> None:
        self._settings = settings
        self._found: dict[str, Any] | None = None
        self._stopped = threading.Event()

    def open(self) -> None:
        """Look the device up. Raises DeviceMissing."""
        self._found = portaudio.find(self._settings.device, "output", Code.SPEAKER_MISSING)
        self._stopped.clear()

    def play(self, samples: Samples) -> None:
        """Play the samples and return when they have been heard, or after `stop`. Raises DeviceLost."""
        if self._found is None:
            raise DeviceLost(Code.SPEAKER_MISSING, "not open")
        rate = float(self._found["default_samplerate"])
        sound = soxr.resample(samples, SAMPLE_RATE, rate).astype(np.float32)
        try:
            self._play_resampled(sound, rate, self._found["index"])
        finally:
            self._stopped.clear()

    def stop(self) -> None:
        """End the sound that plays, or that is just about to."""
        self._stopped.set()

    def close(self) -> None:
        """Forget the device."""
        self._found = None

    def _play_resampled(self, sound: NDArray[np.float32], rate: float, index: int) -> None:
        sounddevice = portaudio.library(Code.SPEAKER_MISSING)
        playback = Playback(sound, sounddevice.CallbackStop)
        done = self._stopped  # also set when the stream has finished
        ended = threading.Event()

        def finished() -> None:
            ended.set()
            done.set()

        stream = self._start(playback, finished, rate, index)
        in_time = done.wait(len(sound) / rate + PATIENCE_S)
        broken = not in_time or (ended.is_set() and not playback.over)
        if ended.is_set() and playback.over:  # PortAudio is done some 20 ms before the sound is (null sink)
            time.sleep(self._settings.echo_s)
        if not portaudio.close(stream) or broken:
            raise DeviceLost(Code.SPEAKER_MISSING, "the sound did not get out")

    def _start(self, playback: "Playback", finished: Callable[[], None], rate: float, index: int) -> Any:
        sounddevice = portaudio.library(Code.SPEAKER_MISSING)
        portaudio.opened()
        try:
            stream = sounddevice.OutputStream(
                samplerate=rate,
                device=index,
                channels=1,
                dtype="float32",
                latency=self._settings.latency,
                callback=playback.fill,
                finished_callback=finished,
            )
            playback.trailing = round(stream.latency * rate)
            stream.start()
        except sounddevice.PortAudioError as error:
            portaudio.closed()
            raise DeviceLost(Code.SPEAKER_MISSING, str(error)) from None
        return stream


class Playback:
    """The rest of a sound that is being played; `fill` is called by PortAudio.

    `trailing`: samples of silence after the sound, as many as the device keeps in its buffer. A stream that
    ends over ALSA's PulseAudio plug-in drops its buffer, and with it the last word: 0.2 s of 1.2 s.
    """

    def __init__(self, sound: NDArray[np.float32], stop: type[BaseException]) -> None:
        self.trailing = 0
        self._sound = sound
        self._stop = stop
        self._at = 0

    @property
    def over(self) -> bool:
        """Whether the sound and the silence after it were taken."""
        return self._at >= len(self._sound) + self.trailing

    def fill(self, out: NDArray[np.float32], count: int, time: Any, status: Any) -> None:
        """Write the next `count` samples into `out`, (count, 1). Raises the stop exception at the end."""
        piece = self._sound[self._at : self._at + count]
        out[: len(piece), 0] = piece
        out[len(piece) :, 0] = 0.0
        self._at += count
        if self.over:
            raise self._stop


class NoSpeaker:
    """Driver `none`: prompts are only on the screen."""

    Settings = NoSettings

    def __init__(self, settings: NoSettings, context: Context) -> None:
        pass

    def open(self) -> None:
        pass

    def play(self, samples: Samples) -> None:
        pass

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass
