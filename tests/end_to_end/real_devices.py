"""A simulated customer before real devices: seen over MJPEG, heard through PulseAudio, its card on a pty.

Everything on this side of the wire plays the person: the head is drawn with its mouth in time with the voice,
the voice goes into a sound server's null sink, the card into a reader that speaks SAM-V.
"""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest

from kiosk.capture.microphone import MicrophoneSettings, SoundDeviceMicrophone
from kiosk.model import SAMPLE_RATE, AudioBlock, IdCard
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Image, Samples
from kiosk.simulators.sam_v import SamVOnPty
from kiosk.simulators.shop import SimulatedShop
from kiosk.worker import Worker
from tests.support.mjpeg_server import MjpegServer
from tests.support.pulseaudio import Pulse

BLOCK_S = 0.02
RAW = ("--raw", "--format=float32le", f"--rate={SAMPLE_RATE}", "--channels=1", "--latency-msec=100")
HELD_UP_S = 0.3
FPS = 15.0
"""As many frames as the terminal looks at."""

Sound = Callable[[float, int], Samples]
"""What sounds from a moment on (monotonic clock): so many samples."""


class SoundPlayer:
    """Plays a source into the sink as it sounds, block by block, through PulseAudio's own client."""

    def __init__(self, pulse: Pulse, source: Sound) -> None:
        self.source = source
        self._player = subprocess.Popen(
            ["pacat", "--playback", "-d", "shop", *RAW],
            env=os.environ | pulse.environment,
            stdin=subprocess.PIPE,
            pipesize=4096,  # what waits in the pipe would stay late for ever
        )
        self._worker = Worker("player", self._run).start()

    def close(self) -> None:
        self._worker.stop()
        self._player.kill()
        self._player.communicate()

    def _run(self, stop: threading.Event) -> None:
        at = time.monotonic()
        while not stop.is_set():
            early = at + BLOCK_S - time.monotonic()
            if early > 0 and stop.wait(early):
                return
            if early < -HELD_UP_S:  # a busy machine: better a hole than to be late from now on
                at = time.monotonic()
                continue
            self._play(self.source(at, round(BLOCK_S * SAMPLE_RATE)))
            at += BLOCK_S

    def _play(self, samples: Samples) -> None:
        assert self._player.stdin is not None
        with suppress(BrokenPipeError):
            self._player.stdin.write(samples.tobytes())
            self._player.stdin.flush()


def lag_s(player: SoundPlayer) -> float:
    """How long after its time a sound reaches the terminal's microphone driver, measured with a click."""
    heard: list[AudioBlock] = []
    context = Context(resources=RESOURCES, models=RESOURCES, simulation=False, clock=time.monotonic)
    microphone = SoundDeviceMicrophone(MicrophoneSettings(device="pulse"), context)
    microphone.open(heard.append)
    try:
        _wait(lambda: len(heard) > 50)
        click_at = time.monotonic() + 0.3
        player.source = _click(click_at)
        _wait(lambda: _onset(heard) is not None)
    finally:
        microphone.close()
    onset = _onset(heard)
    assert onset is not None
    return onset - click_at


def _click(click_at: float) -> Sound:
    def sound(at: float, count: int) -> Samples:
        times = at + np.arange(count) / SAMPLE_RATE - click_at
        return np.where((times >= 0) & (times < 0.02), np.float32(0.5), np.float32(0)).astype(np.float32)

    return sound


def _onset(blocks: list[AudioBlock]) -> float | None:
    for block in list(blocks):
        loud = np.flatnonzero(np.abs(block.samples) > 0.1)
        if len(loud):
            return block.at + float(loud[0]) / SAMPLE_RATE
    return None


def _wait(done: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            pytest.fail("the sound server carries no sound")
        time.sleep(0.02)


class PersonAtRealDevices:
    """Real devices that perceive `shop`; `camera.url` and `reader.port` go into the settings."""

    def __init__(self, pulse: Pulse) -> None:
        self.shop: SimulatedShop | None = None
        self.camera = MjpegServer(FPS, self._picture)
        self.reader = SamVOnPty().__enter__()
        self._mouthpiece = SoundPlayer(pulse, _silence)
        self.lag_s = 0.0
        self._hand = Worker("card-hand", self._hold_card).start()

    def measure(self) -> None:
        """How late the sound is; pictures will be as late."""
        self.lag_s = lag_s(self._mouthpiece)

    def show(self, shop: SimulatedShop) -> None:
        """From now on this shop is before the terminal."""
        self.shop = shop
        self._mouthpiece.source = shop.sound

    def close(self) -> None:
        self._hand.stop()
        self._mouthpiece.close()
        self.reader.unplug()
        self.camera.kill()

    def _picture(self, _: int) -> Image:
        """What was so long ago as the sound that arrives now."""
        at = time.monotonic() - self.lag_s if self.shop else 0.0
        return self.shop.picture(at) if self.shop else np.zeros((480, 640, 3), np.uint8)

    def _hold_card(self, stop: threading.Event) -> None:
        """Lay the customer's card on the reader, and take it away, as the customer does."""
        lies = False
        while not stop.wait(0.05):
            card = self.shop.card() if self.shop else None
            if isinstance(card, IdCard) and not lies:
                self.reader.put(card)
            elif card is None and lies:
                self.reader.lift()
            lies = card is not None


def _silence(_: float, count: int) -> Samples:
    return np.zeros(count, np.float32)
