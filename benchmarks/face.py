"""What looking at one frame costs, and how many frames a second one core can look at."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.bench import Bench, load
from benchmarks.figures import Goal, Result, Series, series
from kiosk.errors import ModelError
from kiosk.events import Event
from kiosk.face.dlib_engine import DlibEngine, DlibSettings
from kiosk.face.landmarks import MediaPipeLandmarks, MediaPipeSettings
from kiosk.face.minifasnet import MiniFasNet, MiniFasNetSettings
from kiosk.face.no_liveness import NoLiveness, NoLivenessSettings
from kiosk.face.quality import measure
from kiosk.face.reflection import Reflection
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.face.watcher import FaceWatcher
from kiosk.model import FaceSeen, Frame
from kiosk.models import locate
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Image, Liveness
from kiosk.settings import load as load_settings
from kiosk.simulators.head import SimulatedHead
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings, chip_portrait
from kiosk.simulators.shop import PORTRAITS

GOAL_FPS = 15.0
SIZES = ((640, 480), (1280, 720))
FPS = 15.0
PERSON = "collins"
WHOLE_LOOK = "a look with liveness and embedding"
WHOLE_LOOK_MS = 35.0
NOT_INSTALLED = " The extra dlib is not installed, so face_recognition's recipe was not measured."


def run(bench: Bench) -> list[Result]:
    """At both sizes: the watcher as in a visit, beside engines that do everything on every frame."""
    photo = _photo(bench.models)
    portrait = chip_portrait(photo, bench.models)
    count = bench.times(150, 6)
    sizes = SIZES[:1] if bench.quick else SIZES
    return [_at_size(bench, photo, portrait, size, count) for size in sizes]


def _at_size(bench: Bench, photo: Image, portrait: bytes, size: tuple[int, int], count: int) -> Result:
    before = load()
    frames = _frames(SimulatedHead(photo, size, models=bench.models), count)
    costs, seen = _watched(bench.models, portrait, frames)
    every = frames[:: max(1, count // bench.times(30, 2))]
    plain = _timed(_plain(bench.models, size), every)
    baselines = [series("YuNet + SFace, every whole frame", "frames/s", _rates(plain))]
    recipe = _recipe(bench.models, every[: bench.times(30, 1)])
    baselines += recipe
    return Result(
        name="face",
        title=f"Frames looked at on one core, {size[0]}×{size[1]}",
        ours=series("FaceWatcher", "frames/s", _rates(costs)),
        baselines=tuple(baselines),
        parts=(*_parts(costs, seen, plain), *_steps(bench.models, every[: bench.times(30, 2)])),
        goal=Goal(GOAL_FPS, most=False),
        remark=_remark(costs, seen) + ("" if recipe else NOT_INSTALLED),
        load=before,
    )


def _rates(milliseconds: list[float]) -> Iterator[float]:
    """Frames a second by the mean of each tenth of the run: single looks differ by their kind."""
    tenth = max(1, len(milliseconds) // 10)
    for i in range(0, len(milliseconds) - tenth + 1, tenth):
        yield 1000.0 / max(1e-3, float(np.mean(milliseconds[i : i + tenth])))


def _parts(costs: list[float], seen: list[FaceSeen], plain: list[float]) -> Iterator[Series]:
    both = list(zip(costs, seen, strict=True))
    compared = [c for c, s in both if s.likeness is not None]
    looked = [c for c, s in both if s.likeness is None]
    yield series("a look, mean of all", "ms CPU", [float(np.mean(costs))])
    if looked:
        yield series("a look: faces, landmarks, quality", "ms CPU", looked)
    if compared:
        yield series(WHOLE_LOOK, "ms CPU", compared)
    yield series("YuNet + SFace, whole frame", "ms CPU", plain)


def _steps(models: Path, frames: list[Frame]) -> Iterator[Series]:
    """Each step of a look alone, on whole frames."""
    where = _context(models)
    engine, landmarks = SFace(SFaceSettings(), where), MediaPipeLandmarks(MediaPipeSettings(), where)
    liveness, light = _liveness(models), Reflection()
    faces = {id(frame.image): engine.detect(frame.image)[0] for frame in frames}

    def judged(image: Image) -> None:
        measure(image, faces[id(image)])
        light.measure(image, faces[id(image)])

    steps: dict[str, Callable[[Image], Any]] = {
        "find the face (YuNet, 320 px)": engine.detect,
        "landmarks, eyes": lambda image: landmarks.measure(image, faces[id(image)]),
        "quality, light": judged,
        "anti-spoof pair, both sides": lambda image: liveness.score(image, faces[id(image)]),
        "embedding (SFace)": lambda image: engine.embed(image, faces[id(image)]),
    }
    for name, step in steps.items():
        yield series(f"step: {name}", "ms CPU", _timed(step, frames))


def _remark(costs: list[float], seen: list[FaceSeen]) -> str:
    good = sum(s.good for s in seen)
    compared = sum(s.likeness is not None for s in seen)
    slowest = 1000 / float(np.percentile(costs, 90))
    return (
        f"{len(seen)} frames, {good} of them good, {compared} compared with the card{_whole(costs, seen)}; "
        f"were every frame like the dearest tenth, it would be {slowest:.0f} frames/s. Rendered heads."
    )


def _whole(costs: list[float], seen: list[FaceSeen]) -> str:
    """The median look that does everything, against its goal."""
    whole = [c for c, s in zip(costs, seen, strict=True) if s.likeness is not None and s.live is not None]
    if not whole:
        return ", none scored for liveness (its models are not installed)"
    median = float(np.median(whole))
    verdict = "reached" if median <= WHOLE_LOOK_MS else "missed"
    return f", {median:.0f} ms CPU with everything (goal ≤ {WHOLE_LOOK_MS:.0f} ms: {verdict})"


def _watched(models: Path, portrait: bytes, frames: list[Frame]) -> tuple[list[float], list[FaceSeen]]:
    """CPU milliseconds and result of each step. The watcher paces itself by CPU time here, so that what else
    the machine does changes nothing.
    """
    stop, seen, costs = threading.Event(), list[FaceSeen](), list[float]()
    waiting = iter(frames)
    began: list[float] = []

    def newest(_: float) -> Frame | None:
        now = time.thread_time()
        if began:
            costs.append(1000 * (now - began.pop()))
        frame = next(waiting, None)
        if frame is None:
            stop.set()
        else:
            began.append(time.thread_time())
        return frame

    def post(event: Event) -> None:
        if isinstance(event, FaceSeen):
            seen.append(event)

    where = _context(models)
    watcher = FaceWatcher(
        SFace(SFaceSettings(), where),
        MediaPipeLandmarks(MediaPipeSettings(), where),
        _liveness(models),
        decoder=SimulatedDecoder(SimulatedDecoderSettings(), where),
        settings=load_settings().face,
        newest=newest,
        post=post,
        clock=time.thread_time,
        same_face=SFace.thresholds.same_face,
    )
    watcher.watch(portrait)
    watcher.run(stop)
    watcher.forget()
    return costs, seen


def _liveness(models: Path) -> Liveness:
    """The anti-spoof pair; without its files (the operator brings them) nothing, and the remark says so."""
    try:
        return MiniFasNet(MiniFasNetSettings(), _context(models))
    except ModelError:
        return NoLiveness(NoLivenessSettings(), _context(models))


def _frames(head: SimulatedHead, count: int) -> list[Frame]:
    """Somebody who stands before the camera, blinks and sways."""
    first = time.thread_time() + 1000.0  # the watcher looks at nothing that is older than the watch
    return [Frame(image=head.render(i / FPS), seq=i, at=first + i / FPS) for i in range(count)]


def _plain(models: Path, size: tuple[int, int]) -> Callable[[Image], Any]:
    """The two networks as in their authors' examples: the whole picture, and an embedding each time."""
    cv2.setNumThreads(1)
    yunet = cv2.FaceDetectorYN.create(str(locate(models, "yunet")), "", size)
    sface = cv2.FaceRecognizerSF.create(str(locate(models, "sface")), "")

    def look(image: Image) -> Any:
        rows = yunet.detect(image)[1]
        return None if rows is None else sface.feature(sface.alignCrop(image, rows[0]))

    return look


def _recipe(models: Path, frames: list[Frame]) -> list[Series]:
    """`face_recognition`'s own: dlib finds faces in the picture twice as large, then describes one."""
    try:
        engine = DlibEngine(DlibSettings(upsample=1), _context(models))
    except ModelError:
        return []

    def look(image: Image) -> Any:
        faces = engine.detect(image)
        return engine.embed(image, faces[0]) if faces else None

    return [series("face_recognition's recipe, every frame", "frames/s", _rates(_timed(look, frames)))]


def _timed(look: Callable[[Image], Any], frames: list[Frame]) -> list[float]:
    """CPU milliseconds of each; the first call, which makes buffers, is not counted."""
    look(frames[0].image)
    costs = []
    for frame in frames:
        began = time.thread_time()
        look(frame.image)
        costs.append(1000 * (time.thread_time() - began))
    return costs


def _photo(models: Path) -> Image:
    photo = cv2.imread(str(models / "people" / PORTRAITS[PERSON]))
    if photo is None:
        raise FileNotFoundError(f"{PORTRAITS[PERSON]}: `kiosk models install` brings it")
    return np.asarray(photo, np.uint8)


def _context(models: Path) -> Context:
    return Context(resources=RESOURCES, models=models, simulation=True, clock=time.monotonic)
