"""From the end of a spoken digit to its verdict, in real time, and what recognising it costs."""

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct

from benchmarks.bench import Bench, load
from benchmarks.figures import Goal, Result, series
from evaluation.speech.drivers import RecordingRecogniser, measure_cost
from kiosk.drivers import make_driver
from kiosk.events import Event, WindowOpened
from kiosk.model import SAMPLE_RATE, AudioBlock, DigitHeard
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Recogniser, Samples
from kiosk.settings import Settings
from kiosk.settings import load as load_settings
from kiosk.simulators.customer_runner import VOICES
from kiosk.simulators.microphone import SimulatedMicrophone, SimulatedMicrophoneSettings
from kiosk.simulators.voice import Voice
from kiosk.speech.endpoint import Endpointer
from kiosk.speech.listener import Listener
from kiosk.speech.recognisers.embedded import WINDOW
from kiosk.worker import Worker

GOAL_MS, GOAL_CPU_MS, GOAL_MB = 300.0, 40.0, 150.0
SPEAKER = "zf_xiaoyi"
NOISE_DBFS = -58.0
LEAD_S = 1.0
"""Noise before the first digit: the endpointer has to know the floor."""
EVERY_S = 1.3
REACTION_S = 0.4
STEP = SAMPLE_RATE // 100
FADED_DB = 30.0
"""A voice has ended where its clip falls for good so far below its loudest 10 ms."""
BARE_DBFS = -40.0
"""The bare endpoint's fixed threshold."""


class _Spoken(Struct, frozen=True, eq=False):
    """A digit's clip, the seconds since the beginning when it sounds, and when its voice has faded."""

    samples: Samples
    at: float
    faded: float


class _Shop:
    """`World` for the microphone: steady noise, and digits at their times."""

    def __init__(self, spoken: list[_Spoken]) -> None:
        self._spoken = spoken
        self._noise = np.random.default_rng(7)
        self.began: float | None = None

    def sound(self, at: float, count: int) -> Samples:
        self.began = at if self.began is None else self.began
        level = np.float32(10 ** (NOISE_DBFS / 20))
        heard = self._noise.standard_normal(count, dtype=np.float32) * level
        for one in self._spoken:
            first = round((one.at + self.began - at) * SAMPLE_RATE)
            begin, end = max(0, first), min(count, first + len(one.samples))
            if begin < end:
                heard[begin:end] += one.samples[begin - first : end - first]
        return heard


class BareEndpoint:
    """The least that ends a voice: 10 ms louder than a fixed level, then silence for so long.

    `ends` are the times at which it was sure.
    """

    def __init__(self, end_silence_s: float) -> None:
        self._needed = round(end_silence_s * 100)
        self._silent: int | None = None  # steps of silence since the voice; None: no voice
        self.ends: list[float] = []

    def hear(self, block: AudioBlock) -> None:
        """A block of whole 10 ms steps."""
        steps = block.samples[: len(block.samples) // STEP * STEP].reshape(-1, STEP)
        loud = np.sqrt(np.mean(steps**2, axis=1)) > 10 ** (BARE_DBFS / 20)
        for step in loud:
            self._step(bool(step))

    def _step(self, loud: bool) -> None:
        if loud:
            self._silent = 0
        elif self._silent is not None:
            self._silent += 1
            if self._silent >= self._needed:
                self._silent = None
                self.ends.append(time.monotonic())


def run(bench: Bench) -> list[Result]:
    """The listener and the bare endpoint hear the same microphone at the same time."""
    before = load()
    settings = load_settings()
    spoken = _speech(bench.times(12, 2))
    recogniser = _recogniser(settings, bench.models)
    cpu = _costs(recogniser, bench.times(30, 3))
    ours, bare, right = _listen(spoken, recogniser, settings)
    return [
        Result(
            name="digit",
            title="End of a digit's voice to its verdict",
            ours=series("Listener with recogniser", "ms", ours),
            baselines=(series("energy-only endpoint, no recogniser", "ms", bare),),
            parts=(
                series("of it the silence that is waited for", "ms", [1000 * settings.speech.end_silence_s]),
            ),
            goal=Goal(GOAL_MS),
            remark=f"{right} of {len(spoken)} digits were also recognised. Synthetic voice, real time.",
            load=before,
        ),
        Result(
            name="digit",
            title="CPU of a digit's recognition",
            ours=series(f"recogniser {recogniser.name}", "ms CPU", cpu),
            baselines=(series("finding the voice in as much sound", "ms CPU", _endpointing(len(cpu))),),
            goal=Goal(GOAL_CPU_MS),
            load=before,
        ),
        _memory(recogniser, settings, bench.times(10, 2)),
    ]


def _memory(recogniser: Recogniser, settings: Settings, count: int) -> Result:
    """The engine in a process of its own: loaded, and asked a few times."""
    noted, before = RecordingRecogniser(recogniser), load()
    for clip in _speech(4):
        noted.score(clip.samples, 0)
    costs = [measure_cost(settings.recogniser.driver, noted, settings) for _ in range(count)]
    known = [(c.process_mb, c.engine_mb) for c in costs if c and c.process_mb and c.engine_mb]
    return Result(
        name="digit",
        title="Memory of the digit engine's process (RSS)",
        ours=series("process with the engine", "MB", [whole for whole, _ in known]),
        baselines=(series("the same without it", "MB", [whole - engine for whole, engine in known]),),
        goal=Goal(GOAL_MB),
        load=before,
    )


def _listen(
    spoken: list[_Spoken], recogniser: Recogniser, settings: Settings
) -> tuple[list[float], list[float], int]:
    """Milliseconds from fading to DigitHeard, the same of the bare endpoint, digits recognised."""
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    ear = Listener(recogniser, settings.speech, post=heard.put, clock=time.monotonic)
    bare = BareEndpoint(settings.speech.end_silence_s)
    shop = _Shop(spoken)
    context = Context(
        resources=RESOURCES, models=RESOURCES, simulation=True, clock=time.monotonic, world=shop
    )
    microphone = SimulatedMicrophone(SimulatedMicrophoneSettings(), context)

    def deliver(block: AudioBlock) -> None:
        bare.hear(block)
        ear.feed(block)

    worker = Worker("speech", ear.run).start()
    ear.listen(len(spoken))
    microphone.open(deliver)
    try:
        events = list(_read(spoken, ear, heard, shop))
    finally:
        microphone.close()
        worker.stop()
    began = shop.began or 0.0
    ours = [1000 * (h.at - (began + s.faded)) for h, s in zip(events, spoken, strict=True) if h.scores]
    least = [_first_after(bare.ends, began + s.faded) for s in spoken]
    right = sum(bool(h.scores) and int(np.argmax(h.scores)) == i % 10 for i, h in enumerate(events))
    return ours, [1000 * wait for wait in least if wait is not None], right


def _read(
    spoken: list[_Spoken], ear: Listener, heard: "queue.SimpleQueue[Event]", shop: _Shop
) -> Iterator[DigitHeard]:
    """Open each digit's window when it would be painted; what was heard in it."""
    sounding = threading.Event()
    while shop.began is None and not sounding.wait(0.01):
        pass
    for window, one in enumerate(spoken):
        opens = (shop.began or 0.0) + one.at - REACTION_S
        sounding.wait(max(0.0, opens - time.monotonic()))
        ear.open_window(WindowOpened(window, opens, opens + EVERY_S))
        event = heard.get(timeout=10.0)
        assert isinstance(event, DigitHeard)
        yield event


def _first_after(times: list[float], at: float) -> float | None:
    """How long after `at` the first of the times comes; None if none does before the next digit."""
    return next((t - at for t in times if 0 <= t - at < EVERY_S), None)


def _speech(count: int) -> list[_Spoken]:
    voice = Voice(VOICES / SPEAKER, seed=1)
    clips = [voice.say(i % 10) for i in range(count)]
    at = [LEAD_S + REACTION_S + i * EVERY_S for i in range(count)]
    return [_Spoken(clip, t, t + _faded_s(clip)) for clip, t in zip(clips, at, strict=True)]


def _faded_s(samples: Samples) -> float:
    """Seconds until the last 10 ms that are loud enough to belong to the voice."""
    steps = samples[: len(samples) // STEP * STEP].reshape(-1, STEP)
    power = np.mean(steps**2, axis=1)
    return float(np.flatnonzero(power > power.max() * 10 ** (-FADED_DB / 10))[-1] + 1) * STEP / SAMPLE_RATE


def _recogniser(settings: Settings, models: Path) -> Recogniser:
    where = Context(resources=RESOURCES, models=models, simulation=True, clock=time.monotonic)
    made: Recogniser = make_driver(settings, "recogniser", where)
    return made


def _endpointing(count: int) -> list[float]:
    """CPU milliseconds of the endpointer for as much sound as the network looks at."""
    ear = Endpointer(load_settings().speech)
    sound = np.random.default_rng(3).standard_normal(WINDOW).astype(np.float32) * np.float32(0.01)
    costs = []
    for _ in range(count):
        began = time.process_time()
        ear.feed(sound)
        costs.append(1000 * (time.process_time() - began))
    return costs


def _costs(recogniser: Recogniser, count: int) -> list[float]:
    """CPU milliseconds of one answer, in all threads."""
    clips = [one.samples for one in _speech(min(count, 10))]
    recogniser.score(clips[0], 0)
    costs = []
    for i in range(count):
        began = time.process_time()
        recogniser.score(clips[i % len(clips)], 0)
        costs.append(1000 * (time.process_time() - began))
    return costs
