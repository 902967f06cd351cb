"""Simulated camera streams: live heads, and what is injected in their place.

Each stream has random properties: frame rate, delay of frames, whether the camera compresses (as USB cameras
do), the length of a loop and where it was recorded. The measures and the rule are the terminal's own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation.attacks.injected import SensorlessHead
from evaluation.attacks.video import compress, speaking_mouth
from kiosk.capture.stream_integrity import StreamMonitor
from kiosk.codes import Code
from kiosk.model import Frame, StreamSeen, VerdictAnswer
from kiosk.ports import Image
from kiosk.settings import VisitSettings
from kiosk.simulators.camera_effects import SimulatedSensor
from kiosk.simulators.head import SimulatedHead
from kiosk.visit.rules.stream import judge_stream

LIVE = "live"
SECONDS = 14.0
"""Length of a stream; in a visit the camera is open for longer, from the consent to the last digit."""
_SIZE = (640, 480)
_LENGTHS_S = (1.5, 5.0)  # of a loop
_CAMERA = (0, 95, 85, 75)  # JPEG quality of the live camera, 0: raw pictures

TimedFrame = tuple[float, float, Image]
"""When the frame was read, its own time stamp (both in seconds), the picture."""


class StreamParameters(Struct, frozen=True, kw_only=True):
    """Random properties of one stream. `late_s`: mean delay of a frame; `held`: share shown twice.

    `length_s`: of a loop; `back`: it runs there and back.
    """

    fps: float
    late_s: float
    began: float
    quality: int
    held: float
    length_s: float
    back: bool


class StreamTrial(Struct, frozen=True, kw_only=True):
    """One stream: what was found in it, and whether the settings refuse it."""

    species: str
    person: int
    findings: tuple[str, ...]
    refused: bool
    seen: StreamSeen


class StreamTrials:
    """Simulates streams of people; heads are made once for each."""

    def __init__(self, portraits: list[Image], models: Path, limits: VisitSettings) -> None:
        self._portraits, self._models, self._limits = portraits, models, limits
        self._heads: dict[tuple[type[SimulatedHead], int], SimulatedHead] = {}

    def trial(self, species: str, number: int, seed: int) -> StreamTrial:
        """Simulate stream `number` of a species; the same seed gives the same.

        Raises ModelError, EngineError.
        """
        random = np.random.default_rng([seed, list(SPECIES).index(species), number])
        person = number % len(self._portraits)
        monitor, seen = StreamMonitor(), StreamSeen()
        frames = SPECIES[species](self, person, draw_parameters(random), random)
        for i, (at, stamp, picture) in enumerate(frames):
            seen = monitor.look(Frame(image=picture, seq=i, at=at, stamp=stamp))
        verdict = judge_stream(seen, self._limits.stream)
        found = tuple(str(verdict.measured.get("findings") or "").split())
        return StreamTrial(
            species=species,
            person=person,
            findings=found,
            refused=verdict.answer is VerdictAnswer.REFUSE,
            seen=seen,
        )

    def head(self, person: int, kind: type[SimulatedHead] = SimulatedHead) -> SimulatedHead:
        """Return the head of this kind and person."""
        key = (kind, person)
        if key not in self._heads:
            self._heads[key] = kind(self._portraits[person], _SIZE, seed=person, models=self._models)
        return self._heads[key]


def draw_parameters(random: np.random.Generator) -> StreamParameters:
    """Draw the properties of one stream."""
    return StreamParameters(
        fps=float(random.choice((15.0, 20.0, 25.0, 30.0))),
        late_s=float(random.uniform(0.0003, 0.003)),
        began=float(random.uniform(0, 1000)),
        quality=int(random.choice(_CAMERA)),
        held=float(random.choice((0.0, 0.0, 0.3))),
        length_s=float(random.uniform(*_LENGTHS_S)),
        back=bool(random.random() < 0.3),
    )


# ── times of frames ─────────────────────────────────────────────────────────────────────────────


def _timed(
    pictures: Iterator[Image], parameters: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Stamp pictures as a camera's frames that reach a program: each a little late."""
    for i, picture in enumerate(pictures):
        stamp = i / parameters.fps
        yield stamp + float(random.exponential(parameters.late_s)), stamp, picture


def _times(parameters: StreamParameters) -> Iterator[float]:
    yield from (parameters.began + i / parameters.fps for i in range(int(SECONDS * parameters.fps)))


# ── contents of frames ───────────────────────────────────────────────────────────────────────────────


def _rendered(head: SimulatedHead, parameters: StreamParameters) -> Iterator[Image]:
    for at in _times(parameters):
        yield head.render(at, mouth=speaking_mouth(at))


def live(
    streams: StreamTrials, person: int, parameters: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Show a head to a camera, which may compress, and in poor light shows a picture twice."""

    def pictures() -> Iterator[Image]:
        last = None
        for picture in _rendered(streams.head(person), parameters):
            if last is None or random.random() >= parameters.held:
                last = compress(picture, parameters.quality) if parameters.quality else picture
            yield last

    return _timed(pictures(), parameters, random)


def _clip(streams: StreamTrials, person: int, parameters: StreamParameters) -> list[Image]:
    """Record the person; some recordings run there and back, so that there is no seam."""
    head = streams.head(person)
    times = [parameters.began + i / parameters.fps for i in range(int(parameters.length_s * parameters.fps))]
    clip = [compress(head.render(at, mouth=speaking_mouth(at)), 80) for at in times]
    return clip + clip[-2:0:-1] if parameters.back else clip


def _noised(pictures: Iterator[Image], parameters: StreamParameters, quality: int) -> Iterator[Image]:
    """Add new noise to each picture, as strong as a camera's, and compress it anew."""
    sensor = SimulatedSensor(_SIZE, int(parameters.began * 1000))
    for picture, at in zip(pictures, _times(parameters), strict=False):
        changed = sensor.capture(picture, at)
        yield compress(changed, quality) if quality else changed


def looped_recording(quality: int) -> Callable[..., Iterator[TimedFrame]]:
    """Return a species that repeats a recording.

    With `quality` every frame gets new noise and is compressed anew, so that no two pictures are the same.
    """

    def made(
        streams: StreamTrials, person: int, parameters: StreamParameters, random: np.random.Generator
    ) -> Iterator[TimedFrame]:
        clip = _clip(streams, person, parameters)
        again = (clip[i % len(clip)] for i in range(int(SECONDS * parameters.fps)))
        changed = _noised(again, parameters, quality) if quality else again
        return _timed(changed, parameters, random)

    return made


def frozen_picture(
    streams: StreamTrials, person: int, parameters: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Show one picture all the time, with new noise and compression."""
    one = _clip(streams, person, parameters)[0]
    return _timed(_noised((one for _ in _times(parameters)), parameters, 80), parameters, random)


def computed_face(quality: int) -> Callable[..., Iterator[TimedFrame]]:
    """Return a species that injects a computed face, without a sensor's noise."""

    def made(
        streams: StreamTrials, person: int, parameters: StreamParameters, random: np.random.Generator
    ) -> Iterator[TimedFrame]:
        pictures = _rendered(streams.head(person, SensorlessHead), parameters)
        changed = (compress(p, quality) for p in pictures) if quality else pictures
        return _timed(changed, parameters, random)

    return made


def computed_with_noise(
    streams: StreamTrials, person: int, parameters: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Add noise like a sensor's to a computed face: no measure of the stream can tell it from a camera."""
    pictures = _rendered(streams.head(person, SensorlessHead), parameters)
    return _timed(_noised(pictures, parameters, 0), parameters, random)


def even_times(
    _: StreamTrials, __: int, parameters: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Deliver frames as a virtual camera does that keeps its clock to the microsecond."""
    for i, picture in enumerate(_plain_pictures(parameters)):
        at = i / parameters.fps + float(random.uniform(0, 1e-6))
        yield at, at, picture


def fast_times(
    _: StreamTrials, __: int, parameters: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Deliver frames as fast as they can be read from a file."""
    for i, picture in enumerate(_plain_pictures(parameters)):
        at = i / 240 + float(random.exponential(2e-4))
        yield at, at, picture


def backward_stamps(
    _: StreamTrials, __: int, parameters: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Deliver a recording's own time stamps: they go back where it begins anew."""
    length = int(parameters.length_s * parameters.fps)
    for i, picture in enumerate(_plain_pictures(parameters)):
        at = i / parameters.fps + float(random.exponential(parameters.late_s))
        yield at, (i % length) / parameters.fps, picture


def _plain_pictures(parameters: StreamParameters) -> Iterator[Image]:
    """Yield small pictures for species of which only the times matter."""
    sensor, grey = SimulatedSensor((160, 120), 1), np.full((120, 160, 3), 120, np.uint8)
    yield from (sensor.capture(grey, at) for at in _times(parameters))


SPECIES: dict[str, Callable[..., Iterator[TimedFrame]]] = {
    LIVE: live,
    "loop": looped_recording(0),
    "loop-90": looped_recording(90),
    "loop-75": looped_recording(75),
    "loop-50": looped_recording(50),
    "loop-30": looped_recording(30),
    "frozen": frozen_picture,
    "computed": computed_face(0),
    "computed-80": computed_face(80),
    "computed-noise": computed_with_noise,
    "even": even_times,
    "fast": fast_times,
    "backwards": backward_stamps,
}
"""Numbers in names: JPEG quality of every frame, each with new noise before."""
FINDINGS = (
    Code.STREAM_REPEATED,
    Code.STREAM_LOOP,
    Code.STREAM_TIMING,
    Code.STREAM_NO_NOISE,
    Code.STREAM_STILL,
)
