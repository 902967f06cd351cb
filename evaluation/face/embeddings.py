"""Turn pictures into embeddings by the terminal's own steps: as camera frames and as card portraits."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from statistics import median
from typing import TypeVar

import cv2
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evaluation import pictures
from evaluation.face.card_portraits import photographed_portrait
from evaluation.face.datasets import FacePicture
from evaluation.face.frame_quality import FrameAssessment, assess_frame
from evaluation.output import progress
from evaluation.pictures import Skipped
from kiosk.errors import CardError, EngineError
from kiosk.face.reference import prepare_reference
from kiosk.model import IdCard
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Face, FaceEngine, FaceLandmarks, Image, Vector
from kiosk.settings import FaceSettings
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings, encode_portrait, id_photo

ORIGINAL_PHOTO, JPEG, WEBP = "as is", "102×126 JPEG q30", "102×126 WebP 1 KB"
REFERENCE_KINDS = (ORIGINAL_PHOTO, JPEG, WEBP)
PHOTOGRAPHED = "photographed card (simulated)"
_QUALITY = 30
_GAMMA, _NOISE = 2.2, 0.015

T = TypeVar("T")

Rows = NDArray[np.float32]
"""(pictures, length of a vector); a row of NaN where there is no embedding."""


class FaceEmbeddings(Struct, frozen=True, eq=False, kw_only=True):
    """All embeddings of one driver. `probes` and `references[kind]` are by mirrored: False, True.

    `assessments`: what the terminal's coaching makes of each picture; `cpu_ms`: the median of each step.
    """

    pictures: list[FacePicture]
    probes: dict[bool, Rows]
    references: dict[str, dict[bool, Rows]]
    assessments: list[FrameAssessment]
    skipped: Skipped
    cpu_ms: dict[str, float]


class MirroredEngine:
    """A `FaceEngine` that gets every picture mirrored."""

    def __init__(self, engine: FaceEngine) -> None:
        self.name, self.version, self._engine = engine.name, engine.version, engine
        self.thresholds, self.minimums = engine.thresholds, engine.minimums

    def detect(self, image: Image) -> Sequence[Face]:
        """Find faces in the mirrored picture."""
        return self._engine.detect(np.ascontiguousarray(image[:, ::-1]))

    def embed(self, image: Image, face: Face) -> Vector:
        """Embed a face of the mirrored picture."""
        return self._engine.embed(np.ascontiguousarray(image[:, ::-1]), face)


class TimedEngine:
    """A `FaceEngine` whose CPU time is measured step by step."""

    def __init__(self, engine: FaceEngine) -> None:
        self.name, self.version, self._engine = engine.name, engine.version, engine
        self.thresholds, self.minimums = engine.thresholds, engine.minimums
        self._ms: dict[str, list[float]] = defaultdict(list)

    def detect(self, image: Image) -> Sequence[Face]:
        """Find faces."""
        return self._timed("find faces", lambda: self._engine.detect(image))

    def embed(self, image: Image, face: Face) -> Vector:
        """Embed a face."""
        return self._timed("embed", lambda: self._engine.embed(image, face))

    def median_ms(self) -> dict[str, float]:
        """Return the median CPU time of each step, milliseconds."""
        return {step: median(times) for step, times in self._ms.items()}

    def _timed(self, step: str, work: Callable[[], T]) -> T:
        began = time.thread_time()
        try:
            return work()
        finally:
            self._ms[step].append(1000 * (time.thread_time() - began))


class EmbeddingOptions(Struct, frozen=True, eq=False, kw_only=True):
    """How pictures are turned into embeddings.

    `finder` determines about which face the ID photo is cut, for all drivers alike; `card`: also simulate a
    photographed card, with this made-up text on it; `light`: share of the light in which portraits are taken,
    below 1 in the dark; `mirrored`: all once more as the mean of both sides.
    """

    engine: FaceEngine
    finder: FaceEngine
    landmarks: FaceLandmarks
    settings: FaceSettings
    card: IdCard | None = None
    light: float = 1.0
    mirrored: bool = False


class _PictureEmbeddings(Struct, frozen=True, eq=False):
    """One picture's vectors, by kind of reference and mirrored."""

    vectors: dict[tuple[str, bool], Vector | None]
    assessment: FrameAssessment


def embed_all(options: EmbeddingOptions, found: Sequence[FacePicture]) -> FaceEmbeddings:
    """Embed every picture; those without a face are skipped."""
    timed, skipped = TimedEngine(options.engine), Counter[str]()
    options = replace(options, engine=timed)
    kept: list[FacePicture] = []
    made: list[_PictureEmbeddings] = []
    for picture in progress(found, timed.name):
        one = _embed_picture(options, picture, len(kept), skipped)
        if one is not None:
            kept.append(picture)
            made.append(one)
    kinds = REFERENCE_KINDS if options.card is None else (*REFERENCE_KINDS, PHOTOGRAPHED)
    return FaceEmbeddings(
        pictures=kept,
        probes=_rows_by_side(made, ORIGINAL_PHOTO),
        references={kind: _rows_by_side(made, kind) for kind in kinds},
        assessments=[one.assessment for one in made],
        skipped=skipped,
        cpu_ms=timed.median_ms(),
    )


def jpeg(photo: Image) -> bytes:
    """Encode an ID photo as a JPEG of quality 30: about 2 KB."""
    _, content = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return content.tobytes()


def darkened(image: Image, share: float, seed: int) -> Image:
    """Simulate this share of the light: gamma 2.2, and the noise of a sensor that gets little light."""
    noise = np.random.default_rng(seed).normal(0, _NOISE, image.shape)
    dark = ((image / 255.0) ** _GAMMA * share) ** (1 / _GAMMA) + noise
    return np.asarray(np.clip(255 * dark, 0, 255), np.uint8)


ENCODERS: dict[str, Callable[[Image], bytes]] = {JPEG: jpeg, WEBP: encode_portrait}


def _embed_picture(
    options: EmbeddingOptions, picture: FacePicture, number: int, skipped: Skipped
) -> _PictureEmbeddings | None:
    """Return None if the picture cannot be used at all. Mirrored: the mean of both sides."""
    engine, image = options.engine, pictures.read_photo(picture.path)
    if image is None:
        skipped[pictures.UNREADABLE] += 1
        return None
    face = _largest_face(engine, image)
    plain = _embed_face(engine, image, face)
    if face is None or plain is None:
        skipped[pictures.NO_FACE] += 1
        return None
    vectors: dict[tuple[str, bool], Vector | None] = {(ORIGINAL_PHOTO, False): plain}
    portrait_face = _largest_face(options.finder, image)
    taken = image if options.light == 1 else darkened(image, options.light, number)
    portrait = None if portrait_face is None else id_photo(taken, portrait_face)
    for kind in ENCODERS:
        vectors[kind, False] = _embed_portrait(engine, kind, portrait)
    if options.mirrored:
        other = MirroredEngine(engine)
        mirrored = _embed_face(other, image, _largest_face(other, image))
        vectors[ORIGINAL_PHOTO, True] = _mean(plain, mirrored)
        for kind in ENCODERS:
            vectors[kind, True] = _mean(vectors[kind, False], _embed_portrait(other, kind, portrait))
    if options.card is not None and portrait_face is not None:
        vectors[PHOTOGRAPHED, False] = photographed_portrait(
            options.card, image, portrait_face, engine, options.settings, number
        )
    return _PictureEmbeddings(vectors, assess_frame(image, face, options.landmarks, options.settings))


def _largest_face(engine: FaceEngine, image: Image) -> Face | None:
    """Return None without a face, or if the engine fails."""
    with suppress(EngineError):
        return pictures.largest_face(engine, image)
    return None


def _embed_face(engine: FaceEngine, image: Image, face: Face | None) -> Vector | None:
    """Return None without a face, or if the engine fails."""
    with suppress(EngineError):
        return None if face is None else engine.embed(image, face)
    return None


def _embed_portrait(engine: FaceEngine, kind: str, portrait: Image | None) -> Vector | None:
    """Return None if the terminal could not use this portrait: failure to enrol."""
    if portrait is None:
        return None
    context = Context(resources=RESOURCES, models=RESOURCES, simulation=True, clock=time.monotonic)
    decoder = SimulatedDecoder(SimulatedDecoderSettings(), context)
    try:
        return prepare_reference(ENCODERS[kind](portrait), decoder, engine)[0]
    except (CardError, EngineError, ValueError):
        return None


def _mean(one: Vector | None, other: Vector | None) -> Vector | None:
    """Return the mean of two unit vectors, of unit length; `one` where the other is missing."""
    if one is None or other is None:
        return one
    both = one + other
    return np.asarray(both / np.linalg.norm(both), np.float32)


def _rows_by_side(made: Sequence[_PictureEmbeddings], kind: str) -> dict[bool, Rows]:
    """Return (pictures, length) by mirrored; a row of NaN where there is no embedding."""
    rows = {}
    for side in (False, True):
        vectors = [one.vectors.get((kind, side)) for one in made]
        length = next((len(v) for v in vectors if v is not None), 1)
        nothing = np.full(length, np.nan, np.float32)
        filled = [nothing if v is None else v for v in vectors]
        rows[side] = np.asarray(filled, np.float32).reshape(len(filled), length)
    return rows
