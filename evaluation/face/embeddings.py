"""From pictures to embeddings by the product's own steps: as frame at the camera, as portrait of a card."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import TypeVar

import cv2
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evaluation import pictures
from evaluation.face.card_portraits import photographed
from evaluation.face.frame_quality import Coached, coached
from evaluation.face.datasets import Picture
from evaluation.output import progress
from evaluation.pictures import Skipped
from kiosk.errors import CardError, EngineError
from kiosk.face.reference import prepare_reference
from kiosk.model import IdCard
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Face, FaceEngine, FaceLandmarks, Image, Vector
from kiosk.settings import FaceSettings
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings, id_photo, packed

AS_IS, JPEG, WEBP = "as is", "102×126 JPEG q30", "102×126 WebP 1 KB"
REFERENCES = (AS_IS, JPEG, WEBP)
PHOTOGRAPHED = "photographed card (simulated)"
_QUALITY = 30
_GAMMA, _NOISE = 2.2, 0.015

T = TypeVar("T")

Rows = NDArray[np.float32]
"""(pictures, length of a vector); a row of NaN: there is none."""


class Gallery(Struct, frozen=True, eq=False):
    """All embeddings of one driver. `probes` and `references[kind]` are by mirrored: False, True.

    `coached`: what the terminal would have told the person at each picture.
    """

    pictures: list[Picture]
    probes: dict[bool, Rows]
    references: dict[str, dict[bool, Rows]]
    coached: list[Coached]
    skipped: Skipped
    cpu_ms: dict[str, float]  # the median of each step


class Mirrored:
    """A `FaceEngine` that sees everything mirrored."""

    def __init__(self, engine: FaceEngine) -> None:
        self.name, self.version, self._engine = engine.name, engine.version, engine
        self.thresholds, self.minimums = engine.thresholds, engine.minimums

    def detect(self, image: Image) -> Sequence[Face]:
        return self._engine.detect(_flipped(image))

    def embed(self, image: Image, face: Face) -> Vector:
        return self._engine.embed(_flipped(image), face)


class Timed:
    """A `FaceEngine` whose CPU time is noted step by step."""

    def __init__(self, engine: FaceEngine) -> None:
        self.name, self.version, self._engine = engine.name, engine.version, engine
        self.thresholds, self.minimums = engine.thresholds, engine.minimums
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


class Maker(Struct, frozen=True, eq=False):
    """All that turns pictures into embeddings. `finder` says about which face the ID photo is cut, for all
    drivers alike; `card`: also simulate a photographed card, with this made-up text on it; `light`: share of
    the light in which portraits are taken, below 1 in the dark; `mirrored`: all once more as the mean of both
    sides.
    """

    engine: FaceEngine
    finder: FaceEngine
    landmarks: FaceLandmarks
    settings: FaceSettings
    card: IdCard | None = None
    light: float = 1.0
    mirrored: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        return REFERENCES if self.card is None else (*REFERENCES, PHOTOGRAPHED)


class _One(Struct, frozen=True, eq=False):
    """One picture's: vectors by kind and mirrored."""

    vectors: dict[tuple[str, bool], Vector | None]
    coached: Coached


def gallery(maker: Maker, found: Sequence[Picture]) -> Gallery:
    """Embeds every picture."""
    timed, skipped = Timed(maker.engine), Counter[str]()
    maker = replace(maker, engine=timed)
    kept: list[Picture] = []
    made: list[_One] = []
    for picture in progress(found, timed.name):
        one = _embedded(maker, picture, len(kept), skipped)
        if one is not None:
            kept.append(picture)
            made.append(one)
    return Gallery(
        kept,
        _sides(made, AS_IS),
        {kind: _sides(made, kind) for kind in maker.kinds},
        [one.coached for one in made],
        skipped,
        timed.medians(),
    )


def jpeg(photo: Image) -> bytes:
    """An ID photo as a JPEG of quality 30: about 2 KB."""
    _, content = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return content.tobytes()


def darkened(image: Image, share: float, seed: int) -> Image:
    """As if taken with this share of the light: gamma 2.2, and the noise of a sensor that sees little."""
    noise = np.random.default_rng(seed).normal(0, _NOISE, image.shape)
    dark = ((image / 255.0) ** _GAMMA * share) ** (1 / _GAMMA) + noise
    return np.asarray(np.clip(255 * dark, 0, 255), np.uint8)


PORTRAITS: dict[str, Callable[[Image], bytes]] = {JPEG: jpeg, WEBP: packed}


def _embedded(maker: Maker, picture: Picture, number: int, skipped: Skipped) -> _One | None:
    """None if the picture cannot be used at all. Mirrored: the mean of both sides."""
    engine, image = maker.engine, pictures.photo(picture.path)
    if image is None:
        skipped[pictures.UNREADABLE] += 1
        return None
    face = _largest(engine, image)
    plain = None if face is None else _vector(engine, image, face)
    if face is None or plain is None:
        skipped[pictures.NO_FACE] += 1
        return None
    vectors: dict[tuple[str, bool], Vector | None] = {(AS_IS, False): plain}
    sitter = _largest(maker.finder, image)
    taken = image if maker.light == 1 else darkened(image, maker.light, number)
    portrait = None if sitter is None else id_photo(taken, sitter)
    for kind in PORTRAITS:
        vectors[kind, False] = _portrait(engine, kind, portrait)
    if maker.mirrored:
        other = Mirrored(engine)
        vectors[AS_IS, True] = _mean(plain, _frame(other, image))
        for kind in PORTRAITS:
            vectors[kind, True] = _mean(vectors[kind, False], _portrait(other, kind, portrait))
    if maker.card is not None and sitter is not None:
        vectors[PHOTOGRAPHED, False] = photographed(maker.card, image, sitter, engine, maker.settings, number)
    return _One(vectors, coached(image, face, maker.landmarks, maker.settings))


def _frame(engine: FaceEngine, image: Image) -> Vector | None:
    """None: no face, or the engine failed."""
    face = _largest(engine, image)
    return None if face is None else _vector(engine, image, face)


def _largest(engine: FaceEngine, image: Image) -> Face | None:
    try:
        return pictures.largest(engine, image)
    except EngineError:
        return None


def _vector(engine: FaceEngine, image: Image, face: Face) -> Vector | None:
    try:
        return engine.embed(image, face)
    except EngineError:
        return None


def _portrait(engine: FaceEngine, kind: str, portrait: Image | None) -> Vector | None:
    """None: the terminal could not use this portrait; it would refuse the card (failure to enrol)."""
    if portrait is None:
        return None
    context = Context(RESOURCES, RESOURCES, simulation=True, clock=time.monotonic)
    decoder = SimulatedDecoder(SimulatedDecoderSettings(), context)
    try:
        return prepare_reference(PORTRAITS[kind](portrait), decoder, engine)[0]
    except (CardError, EngineError, ValueError):
        return None


def _mean(one: Vector | None, other: Vector | None) -> Vector | None:
    """Of two unit vectors, of unit length; where the mirrored one is missing the plain one stands alone."""
    if one is None or other is None:
        return one
    both = one + other
    return np.asarray(both / np.linalg.norm(both), np.float32)


def _sides(made: Sequence[_One], kind: str) -> dict[bool, Rows]:
    return {side: _rows([one.vectors.get((kind, side)) for one in made]) for side in (False, True)}


def _rows(vectors: Sequence[Vector | None]) -> Rows:
    length = next((len(v) for v in vectors if v is not None), 1)
    nothing = np.full(length, np.nan, np.float32)
    rows = [nothing if v is None else v for v in vectors]
    return np.asarray(rows, np.float32).reshape(len(rows), length)


def _flipped(image: Image) -> Image:
    return np.ascontiguousarray(image[:, ::-1])
