"""The contract of every microphone, over real sound: PulseAudio through PortAudio, and the simulated shop.

Nothing here asks how fast the machine is: tests wait for so much sound or for a condition, and bounds on time
are lower bounds, or the length of a sound.
"""

import subprocess
import sys
import threading
import time
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from kiosk.capture import portaudio
from kiosk.capture.channel_selection import ChannelSelector
from kiosk.capture.microphone import (
    AGE_MOST_S,
    FIRST_S,
    BlockReader,
    DcBlocker,
    MicrophoneSettings,
    SoundDeviceMicrophone,
)
from kiosk.capture.sample_clock import SampleClock
from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import SAMPLE_RATE
from kiosk.paths import RESOURCES
from kiosk.ports import Context
from kiosk.settings import DriverChoice, driver_class, driver_settings
from tests.support.pulseaudio import Pulse, reason_to_skip
from tests.support.sounds import mix, noise, voice

WAIT_S = 60.0
"""Only a test that fails waits so long."""


def context(world=None, clock=time.monotonic):
    return Context(
        resources=RESOURCES, models=RESOURCES, simulation=world is not None, clock=clock, world=world
    )


def make(port, driver, world=None, **options):
    choice = DriverChoice(driver, options)
    kind = driver_class(port, choice)
    return kind(driver_settings(port, choice, kind.Settings), context(world))


class BlockCollector:
    """Keeps blocks, and when each came."""

    def __init__(self):
        self.blocks = []
        self.came = []
        self._grown = threading.Condition()

    def __call__(self, block):
        with self._grown:
            self.came.append(time.monotonic())
            self.blocks.append(block)
            self._grown.notify_all()

    @property
    def sound(self):
        return np.concatenate([b.samples for b in self.blocks])

    def wait_for_sound(self, seconds):
        """Until so much more sound has come than has by now, measured in samples."""
        already = len(self.blocks)

        def come():
            return sum(len(b.samples) for b in self.blocks[already:]) >= seconds * SAMPLE_RATE

        with self._grown:
            assert self._grown.wait_for(come, WAIT_S), "no sound comes"


@cache
def tune():
    """1.2 s that correlate only with themselves."""
    return mix(noise(1.2, -30.0, 7), (voice(2, 0.3), 0.1), (voice(7, 0.3), 0.5), (voice(4, 0.2), 0.9))


def likeness(heard, played):
    """Largest normalised cross-correlation over all shifts."""
    size = len(heard) + len(played)
    cross = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size)), size)[: len(heard)]
    energy = np.concatenate([[0.0], np.cumsum(heard.astype(np.float64) ** 2)])
    ends = np.minimum(np.arange(len(heard)) + len(played), len(heard))
    under = np.maximum(energy[ends] - energy[:-1], 1e-3)
    return float(np.max(cross / np.sqrt(under * np.sum(played**2))))


def assert_is_a_stream(collector):
    """Numbered without gaps, timed without jumps, never from the future."""
    blocks = collector.blocks
    assert [b.seq for b in blocks] == list(range(len(blocks)))
    assert not any(b.lost for b in blocks)
    assert all(b.samples.dtype == np.float32 and b.samples.ndim == 1 for b in blocks)
    ends = np.array([b.at + len(b.samples) / SAMPLE_RATE for b in blocks])
    ages = np.array(collector.came) - ends
    assert ages.min() > -0.02
    steps = np.array([b.at for b in blocks[1:]]) - ends[:-1]
    assert np.abs(steps).max() < 0.05
    assert np.abs(steps).mean() < 0.002


# ── the simulated shop ───────────────────────────────────────────────────────────────────────────


class TuneWorld:
    """A world in which a tune sounds for ever."""

    def __init__(self):
        self.played = []

    def sound(self, at, count):
        places = (round(at * SAMPLE_RATE) + np.arange(count)) % len(tune())
        return tune()[places]

    def prompt(self, samples, at):
        self.played.append(len(samples))


def test_the_simulated_microphone_is_a_stream_in_real_time():
    microphone, collector = make("microphone", "simulated", TuneWorld()), BlockCollector()
    microphone.probe()
    began = time.monotonic()
    microphone.open(collector)
    collector.wait_for_sound(1.5)
    assert time.monotonic() - began >= 1.5
    microphone.check()
    microphone.close()
    microphone.close()
    assert_is_a_stream(collector)


def test_the_simulated_microphone_that_was_closed_is_lost():
    microphone = make("microphone", "simulated", TuneWorld())
    with pytest.raises(DeviceLost):
        microphone.check()


def test_without_a_world_there_is_no_simulated_microphone():
    with pytest.raises(DeviceMissing):
        make("microphone", "simulated").probe()


def test_the_simulated_speaker_lasts_as_long_as_the_sound_and_can_be_stopped():
    world = TuneWorld()
    speaker = make("speaker", "simulated", world)
    speaker.open()
    began = time.monotonic()
    speaker.play(noise(0.3))
    assert time.monotonic() - began >= 0.29
    threading.Timer(0.2, speaker.stop).start()
    began = time.monotonic()
    speaker.play(noise(WAIT_S))
    assert time.monotonic() - began < WAIT_S / 2
    assert world.played == [4800, WAIT_S * SAMPLE_RATE]
    speaker.close()


def test_no_speaker_says_nothing_at_once():
    speaker = make("speaker", "none")
    speaker.open()
    speaker.play(noise(10.0))
    speaker.stop()
    speaker.close()


# ── what happens to a block ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_any_rate_becomes_sixteen_kilohertz_at_the_right_time(rate):
    """A click at 0.5 s is still a click at 0.5 s, whatever the resampler holds back."""
    raw = np.zeros((rate, 1), np.float32)
    raw[rate // 2 : rate // 2 + rate // 1000] = 0.5
    reader, size = BlockReader(rate, channel=1), rate // 50
    made = [reader.take(raw[i : i + size], 100.0 + i / rate, False) for i in range(0, rate, size)]
    loudest = max(made, key=lambda b: np.max(np.abs(b.samples), initial=0.0))
    at = loudest.at + int(np.argmax(np.abs(loudest.samples))) / SAMPLE_RATE
    assert at == pytest.approx(100.5, abs=0.002)
    assert not any(b.lost for b in made)
    assert sum(len(b.samples) for b in made) == pytest.approx(SAMPLE_RATE, abs=SAMPLE_RATE * 0.06)


def test_the_chosen_channel_is_taken():
    raw = np.stack([noise(0.1, seed=1), noise(0.1, seed=2)], axis=1)
    assert BlockReader(SAMPLE_RATE, 2).take(raw, 0.0, False).samples[200:] == pytest.approx(
        raw[200:, 1], abs=0.01
    )


@pytest.mark.parametrize("live", [0, 1])
def test_without_a_choice_the_channel_with_sound_is_taken(live):
    """The dead one hisses a little and has an offset; silence at the beginning decides nothing."""
    raw = np.stack([noise(3.0, -88.0, seed=1), noise(3.0, -88.0, seed=2)], axis=1)
    raw[:, 1 - live] += 0.3
    sound = mix(noise(3.0, -60.0, 3), (voice(4, 1.0), 1.0))
    raw[:, live] = sound
    reader = BlockReader(SAMPLE_RATE, 0)
    heard = [reader.take(raw[i : i + 320], i / SAMPLE_RATE, False).samples for i in range(0, len(raw), 320)]
    assert likeness(np.concatenate(heard), sound[SAMPLE_RATE:]) > 0.98


def test_two_live_channels_are_never_exchanged():
    selector, rng = ChannelSelector(SAMPLE_RATE), np.random.default_rng(1)
    for i in range(500):
        louder = 2.5 if (i // 50) % 2 else 0.4
        assert selector.choose(rng.standard_normal((320, 2)).astype(np.float32) * [0.01, 0.01 * louder]) == 0


def test_a_channel_without_numbers_is_never_chosen():
    raw = np.stack([noise(0.02, -50.0), np.full(320, np.nan, np.float32)], axis=1)
    assert ChannelSelector(SAMPLE_RATE).choose(raw) == 0


def test_direct_current_goes_and_speech_stays():
    sound = voice(3, 1.0)
    clean = DcBlocker().take(sound + np.float32(0.2))
    assert abs(clean[8000:].mean()) < 1e-3
    assert np.corrcoef(clean[800:], sound[800:])[0, 1] > 0.99


def test_the_dc_blocker_works_in_pieces_as_in_one():
    sound, pieces = voice(3, 0.5), DcBlocker()
    cut = [pieces.take(sound[a:b]) for a, b in ((0, 1), (1, 1), (1, 700), (700, 8000))]
    assert np.concatenate(cut) == pytest.approx(DcBlocker().take(sound), abs=1e-6)


def test_overflow_and_jumps_are_lost_sound():
    raw = np.zeros((320, 1), np.float32)
    assert BlockReader(SAMPLE_RATE, 1).take(raw, 0.0, True).lost
    reader = BlockReader(SAMPLE_RATE, 1)
    lost = [reader.take(raw, i * 0.02 + (1.5 if i > 10 else 0.0), False).lost for i in range(60)]
    assert lost.count(True) == 1
    assert lost.index(True) * 0.02 < 1.0


def test_a_busy_computer_that_catches_up_has_lost_nothing():
    """Held up for 0.6 s, then thirty blocks at once: their times are as if nothing had been."""
    reader, raw = BlockReader(SAMPLE_RATE, 1), np.zeros((320, 1), np.float32)
    arrivals = [max(i * 0.02, 1.6) if 50 <= i < 80 else i * 0.02 for i in range(200)]
    made = [reader.take(raw, at, False) for at in arrivals]
    assert not any(b.lost for b in made)
    assert [b.at for b in made] == pytest.approx([i * 0.02 for i in range(200)], abs=0.1)


def test_late_callbacks_do_not_move_the_clock():
    """Every tenth callback is up to 80 ms late: times stay within 10 ms."""
    clock, rng = SampleClock(48_000), np.random.default_rng(1)
    for i in range(2000):
        late = rng.uniform(0, 0.08) if i % 10 == 0 else rng.uniform(0, 0.003)
        at, jumped = clock.take(960, i * 0.02 + late)
        assert not jumped
        if i > 50:
            assert at == pytest.approx(i * 0.02, abs=0.01)


def test_a_crystal_that_is_off_is_followed():
    """0.1 % is more than any sound card is off: after ten minutes the time is still right."""
    clock = SampleClock(48_000)
    for i in range(30_000):
        at, _ = clock.take(960, i * 0.02 * 1.001)
    assert at == pytest.approx(29_999 * 0.02 * 1.001, abs=0.01)


# ── PortAudio, played by a stub ──────────────────────────────────────────────────────────────────


class Clock:
    """Stands still until it is set."""

    now = 1000.0

    def __call__(self):
        return self.now


class StubStream:
    """An input stream of PortAudio whose callbacks the test makes."""

    active = True

    def __init__(self, **options):
        self._callback = options["callback"]
        self._count = options["blocksize"]

    def start(self): ...

    def abort(self, ignore_errors): ...

    def close(self, ignore_errors): ...

    def deliver(self, age=0.02):
        """A block of silence whose first sample PortAudio says to be `age` seconds old."""
        times = SimpleNamespace(currentTime=7.0, inputBufferAdcTime=7.0 - age)
        raw = np.zeros((self._count, 1), np.float32)
        self._callback(raw, self._count, times, SimpleNamespace(input_overflow=False))


@pytest.fixture
def stub(monkeypatch):
    """A microphone on a stub of PortAudio: clock, microphone, its blocks, its stream."""
    made = []

    def stream(**options):
        made.append(StubStream(**options))
        return made[-1]

    library = SimpleNamespace(InputStream=stream, PortAudioError=RuntimeError)
    found = {"name": "stub", "index": 0, "max_input_channels": 1, "default_samplerate": 16_000.0}
    monkeypatch.setattr(portaudio, "library", lambda code: library)
    monkeypatch.setattr(portaudio, "find", lambda device, kind, code: found)
    clock, collector = Clock(), BlockCollector()
    microphone = SoundDeviceMicrophone(MicrophoneSettings(silent_s=1.0), context(clock=clock))
    microphone.open(collector)
    yield SimpleNamespace(clock=clock, microphone=microphone, collector=collector, stream=made[0])
    microphone.close()


def test_a_microphone_without_a_first_block_is_lost(stub):
    stub.clock.now += FIRST_S
    stub.microphone.check()
    stub.clock.now += 0.01
    with pytest.raises(DeviceLost):
        stub.microphone.check()


def test_a_microphone_that_falls_silent_is_lost(stub):
    stub.stream.deliver()
    stub.clock.now += 1.0
    stub.microphone.check()
    stub.clock.now += 0.01
    with pytest.raises(DeviceLost):
        stub.microphone.check()


def test_a_stream_that_portaudio_ended_is_lost(stub):
    stub.stream.active = False
    with pytest.raises(DeviceLost):
        stub.microphone.check()


@pytest.mark.parametrize("reported", [0.0, 0.05, 0.6])
def test_a_block_is_believed_to_be_a_little_old_at_most(stub, reported):
    """PulseAudio reports ages of up to 0.6 s in the first second of a stream that is fresh."""
    stub.stream.deliver(reported)
    (block,) = stub.collector.blocks
    age = stub.clock.now - block.at
    assert age == pytest.approx(min(max(reported, 0.02), AGE_MOST_S))


# ── PortAudio over a real sound server ───────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    reason = reason_to_skip()
    if reason:
        pytest.skip(reason)
    pulse = Pulse(tmp_path_factory.mktemp("pulse"))
    pulse.start()
    yield pulse
    pulse.kill()


@pytest.fixture
def pulse(server, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def microphone(pulse):
    microphone = make("microphone", "sounddevice", device="pulse")
    yield microphone
    microphone.close()


def test_what_is_played_is_heard(pulse, microphone):
    microphone.probe()
    collector = BlockCollector()
    microphone.open(collector)
    collector.wait_for_sound(0.1)
    assert pulse.play(tune()).wait(WAIT_S) == 0
    collector.wait_for_sound(0.7)
    microphone.check()
    microphone.close()
    assert likeness(collector.sound, tune()) > 0.95
    assert_is_a_stream(collector)


def test_what_the_speaker_says_the_microphone_hears(pulse, microphone):
    speaker, collector = make("speaker", "sounddevice", device="pulse"), BlockCollector()
    microphone.open(collector)
    collector.wait_for_sound(0.1)
    speaker.open()
    began = time.monotonic()
    speaker.play(tune())
    assert time.monotonic() - began > 1.1
    collector.wait_for_sound(0.5)
    microphone.close()
    speaker.close()
    assert likeness(collector.sound, tune()) > 0.9


def test_a_prompt_is_over_before_the_microphone_may_listen(pulse, microphone):
    """Its end is heard before `play` returns: a prompt is never taken for the customer."""
    speaker, collector = make("speaker", "sounddevice", device="pulse"), BlockCollector()
    microphone.open(collector)
    collector.wait_for_sound(1.0)  # PulseAudio's ages settle
    speaker.open()
    speaker.play(tune())
    returned = time.monotonic()
    collector.wait_for_sound(0.5)
    microphone.close()
    heard = [b for b in collector.blocks if np.max(np.abs(b.samples), initial=0.0) > 10 ** (-50 / 20)]
    assert heard, "nothing was played"
    assert heard[-1].at + len(heard[-1].samples) / SAMPLE_RATE < returned


def test_the_speaker_can_be_silenced(pulse):
    speaker = make("speaker", "sounddevice", device="pulse")
    speaker.open()
    threading.Timer(0.5, speaker.stop).start()
    began = time.monotonic()
    speaker.play(np.tile(tune(), 50))
    assert time.monotonic() - began < 1.2 * 50 / 2
    speaker.close()


def wait_until_lost(microphone):
    """Until `check` says so; how soon is asked on the stub."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            microphone.check()
        except DeviceLost:
            return
        time.sleep(0.1)
    pytest.fail("never lost")


def test_a_suspended_source_is_lost_and_its_stream_closes(pulse, microphone):
    collector = BlockCollector()
    microphone.open(collector)
    collector.wait_for_sound(0.1)
    pulse.control("suspend-source", "ear", "1")
    try:
        wait_until_lost(microphone)
        microphone.close()
        assert not portaudio.stale()
    finally:
        pulse.control("suspend-source", "ear", "0")


APART = """
import sys, threading, time
from kiosk.capture.channel_selection import ChannelSelector
from kiosk.capture.microphone import MicrophoneSettings, SoundDeviceMicrophone
from kiosk.errors import DeviceError
from kiosk.paths import RESOURCES
from kiosk.ports import Context
context = Context(resources=RESOURCES, models=RESOURCES, simulation=False, clock=time.monotonic)
microphone = SoundDeviceMicrophone(MicrophoneSettings(device="pulse"), context)
def hear():
    heard = threading.Event()
    microphone.open(lambda block: heard.set())
    assert heard.wait(60)
for line in sys.stdin:
    try:
        hear() if line == "hear\\n" else getattr(microphone, line.strip())()
        print("done", flush=True)
    except DeviceError as error:
        print(type(error).__name__, error.code, flush=True)
"""


class MicrophoneProcess:
    """A microphone in a process of its own: killing the sound server may leave a stream hanging for ever,
    and in that process PortAudio's list of devices is never refreshed again."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-c", APART],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def do(self, verb):
        """hear, probe, check or close; what came of it."""
        self._process.stdin.write(f"{verb}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def check(self):
        said = self.do("check")
        if said == f"DeviceLost {Code.MICROPHONE_LOST}":
            raise DeviceLost(Code.MICROPHONE_LOST)
        assert said == "done"

    def end(self):
        """How it ended by itself."""
        self._process.communicate(timeout=WAIT_S)
        return self._process.returncode

    def kill(self):
        self._process.kill()
        self._process.wait(WAIT_S)


@pytest.fixture
def apart(pulse):
    made = MicrophoneProcess()
    yield made
    made.kill()


def test_unplugged_it_is_lost_and_it_comes_back(pulse, apart):
    assert apart.do("hear") == "done"
    pulse.kill()
    try:
        wait_until_lost(apart)
        assert apart.do("close") == "done"
        assert apart.do("hear") == f"DeviceMissing {Code.MICROPHONE_MISSING}"
    finally:
        pulse.start()
    assert apart.do("probe") == "done"
    assert apart.do("hear") == "done"
    assert apart.do("check") == "done"


def test_the_process_can_end_although_the_sound_server_died(pulse, apart):
    """libpulse sometimes deadlocks then, and PortAudio's own farewell would wait for it."""
    assert apart.do("hear") == "done"
    pulse.kill()
    try:
        assert apart.do("close") == "done"
        assert apart.end() == 0
    finally:
        pulse.start()


@pytest.mark.parametrize("options", [{"device": "no such microphone"}, {"device": 999}, {"channel": 500}])
def test_a_microphone_that_is_not_there_is_missing(pulse, options):
    microphone = make("microphone", "sounddevice", **{"device": "pulse", **options})
    with pytest.raises(DeviceMissing):
        microphone.probe()
    with pytest.raises(DeviceMissing):
        microphone.open(BlockCollector())
    with pytest.raises(DeviceLost):
        microphone.check()
    microphone.close()


def test_a_speaker_that_is_not_there_is_missing(pulse):
    with pytest.raises(DeviceMissing):
        make("speaker", "sounddevice", device="no such speaker").open()
