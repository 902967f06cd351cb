"""Simulated streams for the findings on a camera's stream: live heads, and what is fed in their place.

Each is drawn anew: the rate, how late frames come, whether the camera compresses (as USB cameras do), the
length of a loop and where the person stood. The measures and the rule are the terminal's own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation.attacks.video import compressed, spoken
from evaluation.attacks.injected import Unseen
from kiosk.capture.stream_integrity import StreamMonitor
from kiosk.codes import Code
from kiosk.model import Answer, Frame, StreamSeen
from kiosk.ports import Image
from kiosk.settings import VisitSettings
from kiosk.simulators.camera_effects import Sensor
from kiosk.simulators.head import Head
from kiosk.visit.rules.stream import judge_stream

LIVE = "live"
SECONDS = 14.0
"""The camera is open from the consent to the last digit, which takes longer."""
_SIZE = (640, 480)
_LENGTHS_S = (1.5, 5.0)  # of a loop
_CAMERA = (0, 95, 85, 75)  # JPEG quality of the live camera, 0: raw pictures

Timed = tuple[float, float, Image]
"""When it was read, its own stamp, the picture; seconds."""


class Drawn(Struct, frozen=True):
    """What is by chance in one stream. `late_s`: spread of a frame's delay; `held`: share shown twice."""

    fps: float
    late_s: float
    began: float
    quality: int
    held: float
    length_s: float
    back: bool  # a loop that runs there and back


class Trial(Struct, frozen=True):
    """One stream: what was found in it, and whether the settings refuse it."""

    species: str
    person: int
    findings: tuple[str, ...]
    refused: bool
    seen: StreamSeen


class Streams:
    """Makes streams of people; heads are made once for each."""

    def __init__(self, portraits: list[Image], models: Path, limits: VisitSettings) -> None:
        self._portraits, self._models, self._limits = portraits, models, limits
        self._heads: dict[tuple[type[Head], int], Head] = {}

    def trial(self, species: str, number: int, seed: int) -> Trial:
        """Stream `number` of that species; the same seed gives the same. Raises ModelError, EngineError."""
        random = np.random.default_rng([seed, list(SPECIES).index(species), number])
        person = number % len(self._portraits)
        watch, seen = StreamMonitor(), StreamSeen()
        for i, (at, stamp, picture) in enumerate(SPECIES[species](self, person, _draw(random), random)):
            seen = watch.look(Frame(picture, i, at, stamp))
        verdict = judge_stream(seen, self._limits.stream)
        found = tuple(str(verdict.measured.get("findings") or "").split())
        return Trial(species, person, found, verdict.answer is Answer.REFUSE, seen)

    def head(self, person: int, kind: type[Head] = Head) -> Head:
        key = (kind, person)
        if key not in self._heads:
            self._heads[key] = kind(self._portraits[person], _SIZE, person, self._models)
        return self._heads[key]


def _draw(random: np.random.Generator) -> Drawn:
    return Drawn(
        fps=float(random.choice((15.0, 20.0, 25.0, 30.0))),
        late_s=float(random.uniform(0.0003, 0.003)),
        began=float(random.uniform(0, 1000)),
        quality=int(random.choice(_CAMERA)),
        held=float(random.choice((0.0, 0.0, 0.3))),
        length_s=float(random.uniform(*_LENGTHS_S)),
        back=bool(random.random() < 0.3),
    )


# ── when frames come ─────────────────────────────────────────────────────────────────────────────


def _timed(pictures: Iterator[Image], drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
    """As a camera's frames reach a program: each a little late."""
    for i, picture in enumerate(pictures):
        stamp = i / drawn.fps
        yield stamp + float(random.exponential(drawn.late_s)), stamp, picture


def _times(drawn: Drawn) -> Iterator[float]:
    yield from (drawn.began + i / drawn.fps for i in range(int(SECONDS * drawn.fps)))


# ── what they show ───────────────────────────────────────────────────────────────────────────────


def _rendered(head: Head, drawn: Drawn) -> Iterator[Image]:
    for at in _times(drawn):
        yield head.render(at, mouth=spoken(at))


def _live(streams: Streams, person: int, drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
    """A head before a camera, which may compress, and in poor light shows a picture twice."""

    def pictures() -> Iterator[Image]:
        last = None
        for picture in _rendered(streams.head(person), drawn):
            if last is None or random.random() >= drawn.held:
                last = compressed(picture, drawn.quality) if drawn.quality else picture
            yield last

    return _timed(pictures(), drawn, random)


def _clip(streams: Streams, person: int, drawn: Drawn) -> list[Image]:
    """A recording of the person; some run there and back, so that there is no seam."""
    head = streams.head(person)
    times = [drawn.began + i / drawn.fps for i in range(int(drawn.length_s * drawn.fps))]
    clip = [compressed(head.render(at, mouth=spoken(at)), 80) for at in times]
    return clip + clip[-2:0:-1] if drawn.back else clip


def _noised(pictures: Iterator[Image], drawn: Drawn, quality: int) -> Iterator[Image]:
    """With new noise on each, as strong as a camera's, and compressed anew."""
    sensor = Sensor(_SIZE, int(drawn.began * 1000))
    for picture, at in zip(pictures, _times(drawn), strict=False):
        changed = sensor.see(picture, at)
        yield compressed(changed, quality) if quality else changed


def _loop(quality: int) -> Callable[..., Iterator[Timed]]:
    """A recording that comes again and again; with `quality` every frame gets new noise and is compressed
    anew, so that no two pictures are the same.
    """

    def made(streams: Streams, person: int, drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
        clip = _clip(streams, person, drawn)
        again = (clip[i % len(clip)] for i in range(int(SECONDS * drawn.fps)))
        changed = _noised(again, drawn, quality) if quality else again
        return _timed(changed, drawn, random)

    return made


def _frozen(streams: Streams, person: int, drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
    """One picture for all the time, with new noise and compression."""
    one = _clip(streams, person, drawn)[0]
    return _timed(_noised((one for _ in _times(drawn)), drawn, 80), drawn, random)


def _fed(quality: int) -> Callable[..., Iterator[Timed]]:
    """A computed face that no sensor has seen."""

    def made(streams: Streams, person: int, drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
        pictures = _rendered(streams.head(person, Unseen), drawn)
        changed = (compressed(p, quality) for p in pictures) if quality else pictures
        return _timed(changed, drawn, random)

    return made


def _disguised(streams: Streams, person: int, drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
    """… to which noise like a sensor's was added: what no look at the stream can tell."""
    pictures = _rendered(streams.head(person, Unseen), drawn)
    return _timed(_noised(pictures, drawn, 0), drawn, random)


def _even(_: Streams, __: int, drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
    """A virtual camera that hands over its frames by the clock, to the microsecond."""
    for i, picture in enumerate(_some(drawn)):
        at = i / drawn.fps + float(random.uniform(0, 1e-6))
        yield at, at, picture


def _fast(_: Streams, __: int, drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
    """Frames as fast as they can be read from a file."""
    for i, picture in enumerate(_some(drawn)):
        at = i / 240 + float(random.exponential(2e-4))
        yield at, at, picture


def _backwards(_: Streams, __: int, drawn: Drawn, random: np.random.Generator) -> Iterator[Timed]:
    """A recording's own stamps: they go back where it begins anew."""
    length = int(drawn.length_s * drawn.fps)
    for i, picture in enumerate(_some(drawn)):
        at = i / drawn.fps + float(random.exponential(drawn.late_s))
        yield at, (i % length) / drawn.fps, picture


def _some(drawn: Drawn) -> Iterator[Image]:
    """Pictures for where only the times matter."""
    sensor, grey = Sensor((160, 120), 1), np.full((120, 160, 3), 120, np.uint8)
    yield from (sensor.see(grey, at) for at in _times(drawn))


SPECIES: dict[str, Callable[..., Iterator[Timed]]] = {
    LIVE: _live,
    "loop": _loop(0),
    "loop-90": _loop(90),
    "loop-75": _loop(75),
    "loop-50": _loop(50),
    "loop-30": _loop(30),
    "frozen": _frozen,
    "computed": _fed(0),
    "computed-80": _fed(80),
    "computed-noise": _disguised,
    "even": _even,
    "fast": _fast,
    "backwards": _backwards,
}
"""Numbers are JPEG qualities of every frame, each with new noise before."""
FINDINGS = (
    Code.STREAM_REPEATED,
    Code.STREAM_LOOP,
    Code.STREAM_TIMING,
    Code.STREAM_NO_NOISE,
    Code.STREAM_STILL,
)
