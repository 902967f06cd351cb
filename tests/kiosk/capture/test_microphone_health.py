"""Silence, a loop and a lone tone are no sound of a room; voices and hum beside them are."""

import itertools

import numpy as np
import pytest

from kiosk.capture import microphone_health
from kiosk.capture.feed import MicrophoneFeed
from kiosk.capture.microphone_health import PROVEN_S, REPEATED_S, SILENT_S, TONE_S, MicrophoneHealth
from kiosk.capture.supervisor import SLOW_FAULTS, Supervisor
from kiosk.codes import Code
from kiosk.commands import check
from kiosk.commands.sound_check import HEARD_DB, describe_level, played_tone, tone_rise_db
from kiosk.errors import DeviceMissing
from kiosk.events import DeviceFailed, DeviceReady, Event
from kiosk.model import SAMPLE_RATE, AudioBlock, Device
from kiosk.settings import load

BLOCK = SAMPLE_RATE // 50
RANDOM = np.random.default_rng(1)
BEGINNING = RANDOM.bit_generator.state


@pytest.fixture(autouse=True)
def same_noise():
    """Begin each test with the same noise, in whatever order they run."""
    RANDOM.bit_generator.state = BEGINNING


def room(at: int) -> np.ndarray:
    return 0.001 * RANDOM.standard_normal(BLOCK)


def silence(at: int) -> np.ndarray:
    return np.zeros(BLOCK)


LOOPED = 0.01 * RANDOM.standard_normal(BLOCK)


def loop(at: int) -> np.ndarray:
    return LOOPED


def tone(at: int) -> np.ndarray:
    return 0.05 * np.sin(2 * np.pi * 313.0 * (np.arange(BLOCK) + at) / SAMPLE_RATE) + 0.01 * room(at)


def hum_in_a_room(at: int) -> np.ndarray:
    return 0.002 * np.sin(2 * np.pi * 50.0 * (np.arange(BLOCK) + at) / SAMPLE_RATE) + room(at)


def voice(at: int) -> np.ndarray:
    """Two formants that come and go, with the quiet room between."""
    times = (np.arange(BLOCK) + at) / SAMPLE_RATE
    loud = np.clip(np.sin(2 * np.pi * 1.3 * times), 0, 1)
    return 0.1 * loud * (np.sin(2 * np.pi * 210 * times) + 0.6 * np.sin(2 * np.pi * 1270 * times)) + room(at)


def heard(sound, seconds: float, health: MicrophoneHealth | None = None) -> MicrophoneHealth:
    health = health or MicrophoneHealth()
    for n in range(round(seconds * SAMPLE_RATE / BLOCK)):
        samples = np.asarray(sound(n * BLOCK), np.float32)
        health.look(AudioBlock(samples=samples, seq=n, at=n * BLOCK / SAMPLE_RATE))
    return health


@pytest.mark.parametrize(
    ("sound", "limit_s", "word"),
    [(silence, SILENT_S, "silence"), (loop, REPEATED_S, "again"), (tone, TONE_S, "tone")],
)
def test_what_is_no_sound_of_a_room_is_told_after_a_while(sound, limit_s, word):
    assert heard(sound, limit_s - 1.1).fault == ""
    assert word in heard(sound, limit_s + 1.1).fault


@pytest.mark.parametrize("sound", [room, hum_in_a_room, voice])
def test_a_room_is_no_fault(sound):
    health = heard(sound, 2 * SILENT_S)
    assert health.fault == ""
    assert health.proven


def test_a_microphone_that_cuts_off_what_is_quiet_is_heard_when_somebody_speaks():
    health = MicrophoneHealth()
    for _ in range(3):
        heard(silence, SILENT_S - 1, health)
        heard(voice, 0.5, health)
    assert health.fault == ""


@pytest.mark.parametrize("sound", [silence, loop, tone])
def test_no_fault_sounds_like_a_room(sound):
    assert not heard(sound, 3 * PROVEN_S).proven


class Device_:
    """A microphone that delivers a second of `sound` whenever it is asked."""

    def __init__(self, sound) -> None:
        self.sound, self.openings, self._numbers = sound, 0, itertools.count()
        self._deliver = None

    def probe(self) -> None: ...

    def open(self, deliver) -> None:
        self._deliver, self.openings = deliver, self.openings + 1
        self.check()

    def check(self) -> None:
        for _ in range(SAMPLE_RATE // BLOCK):
            n = next(self._numbers)
            samples = np.asarray(self.sound(n * BLOCK), np.float32)
            self._deliver(AudioBlock(samples=samples, seq=n, at=n * BLOCK / SAMPLE_RATE))

    def close(self) -> None: ...


@pytest.mark.parametrize("sound", [silence, loop, tone])
def test_the_terminal_is_told_and_told_again_once_there_is_sound(sound):
    device, posted = Device_(sound), list[Event]()
    feed = MicrophoneFeed(device, lambda block: None, check_s=0.0)
    supervisor = Supervisor(Device.MICROPHONE, feed, posted.append)
    supervisor.run_once(False)
    for _ in range(round(SILENT_S) + 3):
        if len(posted) < 2:
            supervisor.run_once(True)
    ready, dead = DeviceReady(Device.MICROPHONE), DeviceFailed(Device.MICROPHONE, Code.MICROPHONE_DEAD)
    assert posted == [ready, dead]
    supervisor.run_once(True)  # it opens and delivers: that is not enough
    assert posted == [ready, dead]
    device.sound = room
    for _ in range(round(PROVEN_S) + 1):
        supervisor.run_once(True)
    assert posted == [ready, dead, ready]
    assert Code.MICROPHONE_DEAD in SLOW_FAULTS


# ── kiosk check ──────────────────────────────────────────────────────────────────────────────────


def blocks(sound, seconds: float = 1.0) -> list[np.ndarray]:
    count = round(seconds * SAMPLE_RATE / BLOCK)
    return [np.asarray(sound(n * BLOCK), np.float32) for n in range(count)]


@pytest.mark.parametrize(
    ("sound", "word", "code"),
    [
        (silence, "silence", Code.MICROPHONE_DEAD),
        (loop, "again", Code.MICROPHONE_DEAD),
        (tone, "tone", Code.MICROPHONE_DEAD),
        (lambda at: np.clip(1000 * room(at), -1, 1), "CLIPPED", Code.MICROPHONE_CLIPPED),
        (room, "dBFS", Code.OK),
        (voice, "dBFS", Code.OK),
    ],
)
def test_the_check_names_what_it_hears(sound, word, code):
    text, found = describe_level(blocks(sound))
    assert word in text
    assert found is code


@pytest.mark.parametrize(("loss_db", "heard_it"), [(0, True), (20, True), (40, True), (100, False)])
def test_a_loudspeaker_is_heard_through_the_room_or_it_is_not(loss_db, heard_it):
    played = played_tone() * np.float32(10 ** (-loss_db / 20))
    for _ in range(100):
        before = np.concatenate(blocks(room))
        during = np.concatenate(blocks(room))[: len(played)] + played
        assert (tone_rise_db(before, during) >= HEARD_DB) is heard_it


def test_a_tone_that_is_always_in_the_room_is_not_the_loudspeaker():
    always = 10 * played_tone()
    assert tone_rise_db(always, always) < HEARD_DB
    assert tone_rise_db(always, np.zeros(0, np.float32)) < HEARD_DB


def test_the_limits_are_longer_than_people_are_quiet():
    assert microphone_health.SILENT_S >= 20.0


class Room:
    """A loudspeaker and a microphone in one room; `loss_db` lies between them."""

    def __init__(self, loss_db: float) -> None:
        self.gain, self.closed = 10 ** (-loss_db / 20), 0
        self._deliver = None

    def open(self, deliver=None) -> None:
        self._deliver = deliver or self._deliver
        if deliver is not None:
            self._hear(np.zeros(BLOCK))

    def play(self, samples) -> None:
        for at in range(0, len(samples), BLOCK):
            self._hear(samples[at : at + BLOCK] * self.gain)

    def close(self) -> None:
        self.closed += 1

    def _hear(self, sound) -> None:
        samples = (sound + 0.001 * RANDOM.standard_normal(len(sound))).astype(np.float32)
        self._deliver(AudioBlock(samples=samples, seq=0, at=0.0))


@pytest.mark.parametrize(("loss_db", "code"), [(20, Code.OK), (90, Code.SPEAKER_UNHEARD)])
def test_the_check_plays_a_tone_and_listens(loss_db, code, monkeypatch):
    place = Room(loss_db)
    monkeypatch.setattr(check, "make_driver", lambda *_: place)
    monkeypatch.setattr(check, "listen", lambda *_: np.concatenate(blocks(room)))
    found = check.check_speaker(load(), None)
    assert (found.code if isinstance(found, check.Finding) else Code.OK) is code
    assert place.closed == 2


def test_without_a_microphone_the_loudspeaker_is_only_opened(monkeypatch):
    class Missing:
        def open(self, _) -> None:
            raise DeviceMissing(Code.MICROPHONE_MISSING, "none")

        def close(self) -> None: ...

    monkeypatch.setattr(
        check, "make_driver", lambda settings, port, context: Room(0) if port == "speaker" else Missing()
    )
    assert "not listened to" in check.check_speaker(load(), None)
