"""Sound rows of `kiosk check`: what the microphone hears, and whether it hears the loudspeaker."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from kiosk.capture.microphone_health import tone_bin
from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.model import SAMPLE_RATE, AudioBlock
from kiosk.ports import Microphone, Samples

FIRST_BLOCK_S = 3.0
"""A sound card may take this long for its first block."""
CLIPPED_DBFS = -0.3
TONE_HZ = 1000.0
TONE_S = 0.8
HEARD_DB = 10.0
"""By so much the tone must stand out while it is played."""


class Recorder:
    """Collects blocks of an open microphone."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self._blocks = queue.SimpleQueue[AudioBlock]()

    def deliver(self, block: AudioBlock) -> None:
        """Take a block, on the driver's thread."""
        self._blocks.put(block)
        self.arrived.set()

    def take(self) -> list[Samples]:
        """Return the blocks since the last call."""
        return [self._blocks.get().samples for _ in range(self._blocks.qsize())]

    def samples(self) -> Samples:
        """Return what came since the last call: (n,), perhaps nothing."""
        return np.concatenate([np.zeros(0, np.float32), *self.take()])


@contextmanager
def recording(microphone: Microphone) -> Iterator[Recorder]:
    """Open the microphone and wait for its first block. Raises DeviceError."""
    recorder = Recorder()
    try:
        microphone.open(recorder.deliver)
        if not recorder.arrived.wait(FIRST_BLOCK_S):
            raise DeviceLost(Code.MICROPHONE_LOST, "it opens, but no sound comes")
        yield recorder
    finally:
        microphone.close()


def describe_level(blocks: list[Samples]) -> tuple[str, Code]:
    """Describe level and peak for setting the gain, and what needs care; a voice is at −35 to −12 dBFS."""
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    if not np.any(samples):
        return "digital silence: muted, or the wrong input", Code.MICROPHONE_DEAD
    rms = 10 * np.log10(max(float(np.mean(np.square(samples, dtype=np.float64))), 1e-12))
    peak = 20 * np.log10(float(np.max(np.abs(samples))))
    text = f"{rms:.0f} dBFS, peak {peak:.0f}"
    if len(blocks) > 2 and all(np.array_equal(block, blocks[0]) for block in blocks):
        return f"{text}, the same block again and again", Code.MICROPHONE_DEAD
    if tone_bin(samples) is not None:
        return f"{text}, one tone and nothing else", Code.MICROPHONE_DEAD
    if peak > CLIPPED_DBFS:
        return f"{text}, CLIPPED: lower the gain", Code.MICROPHONE_CLIPPED
    return text, Code.OK


def played_tone() -> Samples:
    """Return the tone that is played, with soft ends."""
    at = np.arange(round(TONE_S * SAMPLE_RATE)) / SAMPLE_RATE
    ends = np.clip(np.minimum(at, TONE_S - at) / 0.05, 0.0, 1.0)
    return (0.3 * ends * np.sin(2 * np.pi * TONE_HZ * at)).astype(np.float32)


def tone_rise_db(before: Samples, during: Samples) -> float:
    """Return by how many decibels the tone stands out in `during` from what the room was `before`.

    The power of noise at one frequency is drawn anew each time and often nearly nothing; its mean over the
    frequencies around is steady. It falls with the length over which it is measured; that of a tone does not.
    """
    if len(before) == 0 or len(during) == 0:
        return 0.0
    around = TONE_HZ + np.arange(-100.0, 101.0, 10.0)
    noise = float(np.mean([_power(before, hz) for hz in around])) * len(before) / len(during)
    quiet = max(noise, _power(before, TONE_HZ), 1e-12)
    return float(10 * np.log10(max(_power(during, TONE_HZ), 1e-12) / quiet))


def _power(samples: Samples, hz: float) -> float:
    at = np.arange(len(samples)) / SAMPLE_RATE
    part = np.mean(samples * np.hanning(len(samples)) * np.exp(-2j * np.pi * hz * at))
    return float(abs(part)) ** 2


def listen(recorder: Recorder, seconds: float) -> Samples:
    """Return what is heard from now on for so long."""
    recorder.take()
    time.sleep(seconds)
    return recorder.samples()
