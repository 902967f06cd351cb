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
from kiosk.model import Answer, Frame, StreamSeen
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
        frames = SPECIES[species](self, person, _draw_parameters(random), random)
        for i, (at, stamp, picture) in enumerate(frames):
            seen = monitor.look(Frame(picture, i, at, stamp))
        verdict = judge_stream(seen, self._limits.stream)
        found = tuple(str(verdict.measured.get("findings") or "").split())
        return StreamTrial(
            species=species,
            person=person,
            findings=found,
            refused=verdict.answer is Answer.REFUSE,
            seen=seen,
        )

    def head(self, person: int, kind: type[SimulatedHead] = SimulatedHead) -> SimulatedHead:
        """Return the head of this kind and person."""
        key = (kind, person)
        if key not in self._heads:
            self._heads[key] = kind(self._portraits[person], _SIZE, person, self._models)
        return self._heads[key]


def _draw_parameters(random: np.random.Generator) -> StreamParameters:
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
    pictures: Iterator[Image], drawn: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Stamp pictures as a camera's frames that reach a program: each a little late."""
    for i, picture in enumerate(pictures):
        stamp = i / drawn.fps
        yield stamp + float(random.exponential(drawn.late_s)), stamp, picture


def _times(drawn: StreamParameters) -> Iterator[float]:
    yield from (drawn.began + i / drawn.fps for i in range(int(SECONDS * drawn.fps)))


# ── contents of frames ───────────────────────────────────────────────────────────────────────────────


def _rendered(head: SimulatedHead, drawn: StreamParameters) -> Iterator[Image]:
    for at in _times(drawn):
        yield head.render(at, mouth=speaking_mouth(at))


def _live(
    streams: StreamTrials, person: int, drawn: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Show a head to a camera, which may compress, and in poor light shows a picture twice."""

    def pictures() -> Iterator[Image]:
        last = None
        for picture in _rendered(streams.head(person), drawn):
            if last is None or random.random() >= drawn.held:
                last = compress(picture, drawn.quality) if drawn.quality else picture
            yield last

    return _timed(pictures(), drawn, random)


def _clip(streams: StreamTrials, person: int, drawn: StreamParameters) -> list[Image]:
    """Record the person; some recordings run there and back, so that there is no seam."""
    head = streams.head(person)
    times = [drawn.began + i / drawn.fps for i in range(int(drawn.length_s * drawn.fps))]
    clip = [compress(head.render(at, mouth=speaking_mouth(at)), 80) for at in times]
    return clip + clip[-2:0:-1] if drawn.back else clip


def _noised(pictures: Iterator[Image], drawn: StreamParameters, quality: int) -> Iterator[Image]:
    """Add new noise to each picture, as strong as a camera's, and compress it anew."""
    sensor = SimulatedSensor(_SIZE, int(drawn.began * 1000))
    for picture, at in zip(pictures, _times(drawn), strict=False):
        changed = sensor.capture(picture, at)
        yield compress(changed, quality) if quality else changed


def _loop(quality: int) -> Callable[..., Iterator[TimedFrame]]:
    """Return a species that repeats a recording.

    With `quality` every frame gets new noise and is compressed anew, so that no two pictures are the same.
    """

    def made(
        streams: StreamTrials, person: int, drawn: StreamParameters, random: np.random.Generator
    ) -> Iterator[TimedFrame]:
        clip = _clip(streams, person, drawn)
        again = (clip[i % len(clip)] for i in range(int(SECONDS * drawn.fps)))
        changed = _noised(again, drawn, quality) if quality else again
        return _timed(changed, drawn, random)

    return made


def _frozen(
    streams: StreamTrials, person: int, drawn: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Show one picture all the time, with new noise and compression."""
    one = _clip(streams, person, drawn)[0]
    return _timed(_noised((one for _ in _times(drawn)), drawn, 80), drawn, random)


def _computed(quality: int) -> Callable[..., Iterator[TimedFrame]]:
    """Return a species that injects a computed face, without a sensor's noise."""

    def made(
        streams: StreamTrials, person: int, drawn: StreamParameters, random: np.random.Generator
    ) -> Iterator[TimedFrame]:
        pictures = _rendered(streams.head(person, SensorlessHead), drawn)
        changed = (compress(p, quality) for p in pictures) if quality else pictures
        return _timed(changed, drawn, random)

    return made


def _computed_with_noise(
    streams: StreamTrials, person: int, drawn: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Add noise like a sensor's to a computed face: no measure of the stream can tell it from a camera."""
    pictures = _rendered(streams.head(person, SensorlessHead), drawn)
    return _timed(_noised(pictures, drawn, 0), drawn, random)


def _even(
    _: StreamTrials, __: int, drawn: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Deliver frames as a virtual camera does that keeps its clock to the microsecond."""
    for i, picture in enumerate(_plain_pictures(drawn)):
        at = i / drawn.fps + float(random.uniform(0, 1e-6))
        yield at, at, picture


def _fast(
    _: StreamTrials, __: int, drawn: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Deliver frames as fast as they can be read from a file."""
    for i, picture in enumerate(_plain_pictures(drawn)):
        at = i / 240 + float(random.exponential(2e-4))
        yield at, at, picture


def _backwards(
    _: StreamTrials, __: int, drawn: StreamParameters, random: np.random.Generator
) -> Iterator[TimedFrame]:
    """Deliver a recording's own time stamps: they go back where it begins anew."""
    length = int(drawn.length_s * drawn.fps)
    for i, picture in enumerate(_plain_pictures(drawn)):
        at = i / drawn.fps + float(random.exponential(drawn.late_s))
        yield at, (i % length) / drawn.fps, picture


def _plain_pictures(drawn: StreamParameters) -> Iterator[Image]:
    """Yield small pictures for species of which only the times matter."""
    sensor, grey = SimulatedSensor((160, 120), 1), np.full((120, 160, 3), 120, np.uint8)
    yield from (sensor.capture(grey, at) for at in _times(drawn))


SPECIES: dict[str, Callable[..., Iterator[TimedFrame]]] = {
    LIVE: _live,
    "loop": _loop(0),
    "loop-90": _loop(90),
    "loop-75": _loop(75),
    "loop-50": _loop(50),
    "loop-30": _loop(30),
    "frozen": _frozen,
    "computed": _computed(0),
    "computed-80": _computed(80),
    "computed-noise": _computed_with_noise,
    "even": _even,
    "fast": _fast,
    "backwards": _backwards,
}
"""Numbers in names: JPEG quality of every frame, each with new noise before."""
FINDINGS = (
    Code.STREAM_REPEATED,
    Code.STREAM_LOOP,
    Code.STREAM_TIMING,
    Code.STREAM_NO_NOISE,
    Code.STREAM_STILL,
)
