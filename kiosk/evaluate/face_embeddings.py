"""From pictures to embeddings by the product's own steps: as frame at the camera, as portrait of a card."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import TypeVar

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.errors import CardError, EngineError
from kiosk.evaluate import pictures
from kiosk.evaluate.face_pictures import Picture
from kiosk.evaluate.output import progress
from kiosk.evaluate.pictures import Skipped
from kiosk.face.reference import reference
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Face, FaceEngine, Image, Vector
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings, id_photo, packed

AS_IS, JPEG, WEBP = "as is", "102×126 JPEG q30", "102×126 WebP 1 KB"
REFERENCES = (AS_IS, JPEG, WEBP)
_QUALITY = 30

T = TypeVar("T")

Rows = NDArray[np.float32]
"""(pictures, length of a vector); a row of NaN: there is none."""


class Gallery(Struct, frozen=True, eq=False):
    """All embeddings of one driver. `probes` and `references[kind]` are by mirrored: False, True."""

    pictures: list[Picture]
    probes: dict[bool, Rows]
    references: dict[str, dict[bool, Rows]]
    skipped: Skipped
    cpu_ms: dict[str, float]  # the median of each step


class Mirrored:
    """A `FaceEngine` that sees everything mirrored."""

    def __init__(self, engine: FaceEngine) -> None:
        self.name, self.version, self._engine = engine.name, engine.version, engine

    def detect(self, image: Image) -> Sequence[Face]:
        return self._engine.detect(_flipped(image))

    def embed(self, image: Image, face: Face) -> Vector:
        return self._engine.embed(_flipped(image), face)


class Timed:
    """A `FaceEngine` whose CPU time is noted step by step."""

    def __init__(self, engine: FaceEngine) -> None:
        self.name, self.version, self._engine = engine.name, engine.version, engine
        self._ms: dict[str, list[float]] = defaultdict(list)

    def detect(self, image: Image) -> Sequence[Face]:
        return self._noted("find faces", lambda: self._engine.detect(image))

    def embed(self, image: Image, face: Face) -> Vector:
        return self._noted("embed", lambda: self._engine.embed(image, face))

    def medians(self) -> dict[str, float]:
        return {step: median(times) for step, times in self._ms.items()}

    def _noted(self, step: str, do: Callable[[], T]) -> T:
        began = time.thread_time()
        try:
            return do()
        finally:
            self._ms[step].append(1000 * (time.thread_time() - began))


def gallery(engine: FaceEngine, finder: FaceEngine, found: Sequence[Picture]) -> Gallery:
    """Embeds every picture. `finder` says about which face the ID photo is cut, for all drivers alike."""
    timed, skipped = Timed(engine), Counter[str]()
    kept: list[Picture] = []
    made: list[dict[tuple[str, bool], Vector | None]] = []
    for picture in progress(found, engine.name):
        one = _embedded(timed, finder, picture, skipped)
        if one is not None:
            kept.append(picture)
            made.append(one)
    return Gallery(
        kept,
        _sides(made, AS_IS),
        {
            kind: {side: _rows([one[kind, side] for one in made]) for side in (False, True)}
            for kind in REFERENCES
        },
        skipped,
        timed.medians(),
    )


def jpeg(photo: Image) -> bytes:
    """An ID photo as a JPEG of quality 30: about 2 KB."""
    _, content = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return content.tobytes()


PORTRAITS: dict[str, Callable[[Image], bytes]] = {JPEG: jpeg, WEBP: packed}


def _embedded(
    engine: FaceEngine, finder: FaceEngine, picture: Picture, skipped: Skipped
) -> dict[tuple[str, bool], Vector | None] | None:
    """By kind and mirrored; None if the picture cannot be used at all. Mirrored: the mean of both sides."""
    image = pictures.photo(picture.path)
    if image is None:
        skipped[pictures.UNREADABLE] += 1
        return None
    plain = _frame(engine, image)
    if plain is None:
        skipped[pictures.NO_FACE] += 1
        return None
    vectors: dict[tuple[str, bool], Vector | None] = {(AS_IS, False): plain}
    vectors[AS_IS, True] = _mean(plain, _frame(Mirrored(engine), image))
    portrait = _id_photo(finder, image)
    for kind in PORTRAITS:
        vectors[kind, False] = one = _portrait(engine, kind, portrait)
        vectors[kind, True] = _mean(one, _portrait(Mirrored(engine), kind, portrait))
    return vectors


def _frame(engine: FaceEngine, image: Image) -> Vector | None:
    """None: no face, or the engine failed."""
    try:
        face = pictures.largest(engine, image)
        return None if face is None else engine.embed(image, face)
    except EngineError:
        return None


def _id_photo(finder: FaceEngine, image: Image) -> Image | None:
    """None: no face, or the finder failed."""
    try:
        face = pictures.largest(finder, image)
    except EngineError:
        return None
    return None if face is None else id_photo(image, face)


def _portrait(engine: FaceEngine, kind: str, portrait: Image | None) -> Vector | None:
    """None: the terminal could not use this portrait; it would refuse the card (failure to enrol)."""
    if portrait is None:
        return None
    context = Context(RESOURCES, RESOURCES, simulation=True, clock=time.monotonic)
    decoder = SimulatedDecoder(SimulatedDecoderSettings(), context)
    try:
        return reference(PORTRAITS[kind](portrait), decoder, engine)[0]
    except (CardError, EngineError, ValueError):
        return None


def _mean(one: Vector | None, other: Vector | None) -> Vector | None:
    """Of two unit vectors, of unit length; where the mirrored one is missing the plain one stands alone."""
    if one is None or other is None:
        return one
    both = one + other
    return np.asarray(both / np.linalg.norm(both), np.float32)


def _sides(made: Sequence[dict[tuple[str, bool], Vector | None]], kind: str) -> dict[bool, Rows]:
    return {side: _rows([one[kind, side] for one in made]) for side in (False, True)}


def _rows(vectors: Sequence[Vector | None]) -> Rows:
    length = next((len(v) for v in vectors if v is not None), 1)
    nothing = np.full(length, np.nan, np.float32)
    rows = [nothing if v is None else v for v in vectors]
    return np.asarray(rows, np.float32).reshape(len(rows), length)


def _flipped(image: Image) -> Image:
    return np.ascontiguousarray(image[:, ::-1])
