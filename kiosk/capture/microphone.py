"""Driver `sounddevice`: a microphone through PortAudio, resampled to 16 kHz, on the monotonic clock."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import soxr
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.capture import portaudio
from kiosk.capture.channel_selection import ChannelSelector
from kiosk.capture.sample_clock import SampleClock
from kiosk.codes import Code
from kiosk.errors import DeviceBusy, DeviceLost, DeviceMissing
from kiosk.model import SAMPLE_RATE, AudioBlock
from kiosk.ports import Context

log = logging.getLogger(__name__)

BLOCK_S = 0.02
MAX_CHANNELS = 2
"""Channels among which the one with sound is chosen: sound servers offer 32, most without meaning."""
FIRST_S = 3.0
"""PortAudio's first callback may take one to two seconds."""
AGE_MOST_S = 0.1
"""PulseAudio reports ages of 0.3–0.6 s in the first second, though the sound is as fresh as later (measured
with clicks of known times); a block that is really older than this would be lost to the customer anyway."""
DC_POLE = 0.995
"""Pole of the DC blocker y[n] = x[n] − x[n−1] + 0.995·y[n−1] at 16 kHz: −3 dB at 13 Hz."""


class MicrophoneSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`device`: part of a PortAudio name, an index, or "" for the default. `channel` counts from 1; 0 takes
    of the first two the one that has sound.

    `latency`: "low", "high" or seconds, as PortAudio takes it: how long this process may be held up before
    sound is lost; a third of it is added to the age of each block. `silent_s`: time without a block after
    which the microphone is lost.
    """

    device: str | int = ""
    channel: int = 0
    latency: str | float = 0.1
    silent_s: float = 1.0


class BlockReader:
    """Turns raw blocks into blocks of one channel at 16 kHz, without DC, timed. Used by one thread."""

    def __init__(self, rate: float, channel: int) -> None:
        self.rate = rate
        self._channel = channel
        self._selector = ChannelSelector(rate)
        self._clock = SampleClock(rate)
        self._resample = make_resampler(rate)
        self._dc_blocker = DcBlocker()
        self._in = 0  # raw samples since the first
        self._out = 0  # 16 kHz samples since the first
        self._seq = 0

    def take(self, raw: NDArray[np.float32], measured: float, overflow: bool) -> AudioBlock:
        """Return the block made of (n, channels) whose first sample was taken at `measured`.

        The resampler holds some sound back: the block begins that much earlier.
        """
        at, jumped = self._clock.take(len(raw), measured)
        held_back_s = self._in / self.rate - self._out / SAMPLE_RATE
        samples = self._dc_blocker.take(self._resample(raw[:, self._select_channel(raw)]))
        block = AudioBlock(samples=samples, seq=self._seq, at=at - held_back_s, lost=overflow or jumped)
        self._in += len(raw)
        self._out += len(samples)
        self._seq += 1
        return block

    def _select_channel(self, raw: NDArray[np.float32]) -> int:
        """Return the channel to take, from 0."""
        if self._channel:
            return self._channel - 1
        return self._selector.choose(raw) if raw.shape[1] > 1 and len(raw) else 0


class DcBlocker:
    """Filter y[n] = x[n] − x[n−1] + p·y[n−1] that goes on over blocks of any size."""

    def __init__(self, pole: float = DC_POLE) -> None:
        self._pole = pole
        self._x = 0.0
        self._y = 0.0
        self._begun = False

    def take(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the filtered samples, (n,) for (n,)."""
        if len(samples) == 0:
            return samples
        if not self._begun:
            self._begun, self._x = True, float(samples[0])
        steps = np.diff(samples.astype(np.float64), prepend=self._x)
        out = np.empty(len(samples))
        y = self._y
        for i, step in enumerate(steps.tolist()):
            y = step + self._pole * y
            out[i] = y
        self._x, self._y = float(samples[-1]), y
        return out.astype(np.float32)


class SoundDeviceMicrophone:
    """`ports.Microphone` through PortAudio."""

    Settings = MicrophoneSettings

    def __init__(self, settings: MicrophoneSettings, context: Context) -> None:
        self._settings = settings
        self._clock = context.clock
        self._stream: Any = None
        self._reader = BlockReader(SAMPLE_RATE, settings.channel)
        self._deliver: Callable[[AudioBlock], None] | None = None
        self._deadline = 0.0  # no block by then: lost

    def probe(self) -> None:
        """Look the device up in PortAudio's list; open it if a hanging stream keeps that from being renewed.

        Raises DeviceMissing, DeviceBusy.
        """
        self._find()
        if portaudio.stale() and self._stream is None:
            self.open(lambda _: None)
            self.close()

    def open(self, deliver: Callable[[AudioBlock], None]) -> None:
        """Open the stream; `deliver` is called on PortAudio's thread. Raises DeviceMissing, DeviceBusy."""
        self.close()
        found = self._find()
        self._reader = BlockReader(float(found["default_samplerate"]), self._settings.channel)
        self._deliver = deliver
        portaudio.opened()
        try:
            self._stream = self._start(found)
        except BaseException:
            portaudio.closed()
            raise
        self._deadline = self._clock() + FIRST_S

    def check(self) -> None:
        """Raise DeviceLost if the stream ended or no block came in time."""
        if self._stream is None:
            raise DeviceLost(Code.MICROPHONE_LOST, "not open")
        if not self._stream.active:
            raise DeviceLost(Code.MICROPHONE_LOST, "PortAudio ended the stream")
        if self._clock() > self._deadline:
            raise DeviceLost(Code.MICROPHONE_LOST, "no sound comes")

    def close(self) -> None:
        """Close the stream, or leave it behind if it hangs. Never raises."""
        stream, self._stream, self._deliver = self._stream, None, None
        if stream is not None and not portaudio.close(stream):
            log.warning("the microphone's stream hangs and is left behind")
        self._reader = BlockReader(SAMPLE_RATE, self._settings.channel)

    def _find(self) -> dict[str, Any]:
        found = portaudio.find(self._settings.device, "input", Code.MICROPHONE_MISSING)
        channels = int(found["max_input_channels"])
        if not 0 <= self._settings.channel <= channels:
            detail = f"{found['name']}: no channel {self._settings.channel} of {channels}"
            raise DeviceMissing(Code.MICROPHONE_MISSING, detail)
        return found

    def _start(self, found: dict[str, Any]) -> Any:
        sounddevice = portaudio.library(Code.MICROPHONE_MISSING)
        rate = float(found["default_samplerate"])
        try:
            stream = sounddevice.InputStream(
                samplerate=rate,
                blocksize=round(rate * BLOCK_S),
                device=found["index"],
                channels=self._settings.channel or min(MAX_CHANNELS, int(found["max_input_channels"])),
                dtype="float32",
                latency=self._settings.latency,
                callback=self._callback,
            )
            stream.start()
        except sounddevice.PortAudioError as error:
            raise device_error(error) from None
        return stream

    def _callback(self, raw: NDArray[np.float32], count: int, time: Any, status: Any) -> None:
        # On PortAudio's thread; `raw` is only valid during the call: copy, queue, return.
        now = self._clock()
        self._deadline = now + self._settings.silent_s
        age = max(time.currentTime - time.inputBufferAdcTime, count / self._reader.rate)
        deliver = self._deliver
        if deliver is not None:
            deliver(self._reader.take(raw, now - min(age, AGE_MOST_S), bool(status.input_overflow)))


def make_resampler(rate: float) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return a streaming resampler to 16 kHz, (n,) → (m,).

    Its output begins with the first sample: what it delays is held back, no silence is added.
    """
    if rate == SAMPLE_RATE:
        return np.copy
    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="MQ")
    return lambda samples: stream.resample_chunk(np.ascontiguousarray(samples)).reshape(-1)


def device_error(error: Exception) -> DeviceBusy | DeviceMissing:
    """Return our error for PortAudio's: −9985, device unavailable, means in use; else it is not there."""
    number = error.args[1] if len(error.args) > 1 else None
    if number == -9985:
        return DeviceBusy(Code.MICROPHONE_BUSY, str(error))
    return DeviceMissing(Code.MICROPHONE_MISSING, str(error))
