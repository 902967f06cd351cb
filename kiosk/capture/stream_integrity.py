"""Measures of a camera's stream that tell a live sensor from pictures that are fed in its place.

A sensor never gives the same picture twice, never comes back to a whole second of movement, and is never
without noise. This module measures; `kiosk.visit.rules.stream` judges. One `StreamMonitor` per opening.
"""

import hashlib
from collections import deque
from statistics import median

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.model import Frame, StreamSeen
from kiosk.ports import Image

_SAMPLE = 8  # every eighth pixel is enough to recognise a picture
_FLAT = 2.0  # grey levels: without structure (a covered lens) all pictures are alike
_HASHES = 4096  # of pictures remembered: three minutes
_SIZE = (32, 24)
_SCALE = 50.0  # standard deviation of a coarse picture: then gain and offset of the exposure do not matter
_KEPT_S = 20.0
_NEAREST_S = 0.8  # what is younger is just the same movement
_EDGE_S = 0.15
_ALIKE = 0.5  # of the movement within 0.3 s: nearer to an old picture than that is a coincidence or a loop
_AMONG = 1.25  # times the least distance: noise makes two of one picture differ so much
_MOVING = 0.8  # such movement is more than the drift of light …
_FLOORS = 3.0  # … and so many times what noise alone makes
_LOOP_S = 2.0  # so much movement must come again at one and the same lag
_STILL = 0.4  # nothing moved: what differs is the drift of light, and noise
_USUAL_NOISE = 2.0  # grey levels, while it is not known
_BLOCK = 8
_NOISES = 25
_TIMES = 60


Floats = NDArray[np.floating]


class StreamMonitor:
    """Measures of one stream, from its opening on; every frame is to be looked at."""

    def __init__(self) -> None:
        self._frames = self._held = self._repeated = self._backwards = 0
        self._hashes: deque[bytes] = deque(maxlen=_HASHES)
        self._known: set[bytes] = set()
        self._times: deque[float] = deque(maxlen=_TIMES)
        self._stamp: float | None = None
        self._noise = NoiseMeter()
        self._loop = LoopDetector()

    def look(self, frame: Frame) -> StreamSeen:
        """Return what is known with this frame; takes at most two milliseconds at 1280×720."""
        self._frames += 1
        self._record_times(frame)
        if self._is_new(frame.image[::_SAMPLE, ::_SAMPLE]):
            self._noise.look(frame.image)
            self._loop.look(frame.image, frame.at, self._noise.level() or _USUAL_NOISE)
        gaps = np.diff(self._times)
        return StreamSeen(
            frames=self._frames,
            held=self._held,
            repeated=self._repeated,
            backwards=self._backwards,
            fps=round(1 / max(float(np.median(gaps)), 1e-6), 1) if len(gaps) > 5 else None,
            jitter_ms=round(1000 * float(np.std(gaps)), 3) if len(gaps) > 5 else None,
            noise=self._noise.level(),
            loop_s=self._loop.period_s,
            still_s=round(self._loop.still_s, 2),
        )

    def _record_times(self, frame: Frame) -> None:
        old = self._stamp
        late = bool(self._times) and frame.at <= self._times[-1]
        stale = old is not None and frame.stamp is not None and frame.stamp < old
        self._backwards += late or stale
        self._times.append(frame.at)
        self._stamp = frame.stamp

    def _is_new(self, sample: Image) -> bool:
        """Say whether the picture is a new one. One that a camera sends twice in a row is only held."""
        digest = hashlib.blake2b(sample.tobytes(), digest_size=8).digest()
        if self._hashes and digest == self._hashes[-1]:
            self._held += 1
            return False
        if digest in self._known and float(sample.std()) > _FLAT:
            self._repeated += 1
        if len(self._hashes) == _HASHES:
            self._known.discard(self._hashes[0])
        self._hashes.append(digest)
        self._known.add(digest)
        return True


class NoiseMeter:
    """Temporal noise where nothing moves: half the blocks of a frame differ from the last by noise alone."""

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None
        self._levels: deque[float] = deque(maxlen=_NOISES)

    def look(self, image: Image) -> None:
        """Add one frame."""
        now = image[::4, ::4, 1].astype(np.int16)
        last, self._last = self._last, now
        if last is None or last.shape != now.shape:
            return
        spread = _blocks(now - last).std(axis=(1, 3)).ravel()
        grey = _blocks(now).mean(axis=(1, 3)).ravel()
        usable = spread[(grey > 16) & (grey < 239)]  # a clipped block hides its noise
        if len(usable) >= 16:
            quiet = np.sort(usable)[: len(usable) // 2]
            self._levels.append(float(np.median(quiet)) / np.sqrt(2))

    def level(self) -> float | None:
        """Return the standard deviation in grey levels; None: not known yet."""
        return round(float(median(self._levels)), 3) if len(self._levels) >= _NOISES // 2 else None


class CoarsePicture(Struct, frozen=True, eq=False):
    """A picture in (768,) normalised grey levels. Two of the same scene differ by `floor` through noise."""

    at: float
    levels: NDArray[np.float32]
    floor: float


class LoopDetector:
    """Finds seconds of movement that come again at one lag, and pictures in which nothing moves.

    `period_s`: the lag of the loop that was found; `still_s`: how long nothing has moved.
    """

    def __init__(self) -> None:
        self.period_s: float | None = None
        self.still_s = 0.0
        self._past: deque[CoarsePicture] = deque()
        self._lag_s = 0.0
        self._since: float | None = None
        self._still: CoarsePicture | None = None

    def look(self, image: Image, at: float, noise: float) -> None:
        """Add one frame, taken at `at`. `noise`: standard deviation of a pixel, grey levels."""
        now = coarse_picture(image, at, noise)
        if self._still is None or _distance(now, self._still) > _STILL + 2 * now.floor:
            self._still = now
        self.still_s = at - self._still.at
        self._search(now)
        self._past.append(now)
        while at - self._past[0].at > _KEPT_S:
            self._past.popleft()

    def _search(self, now: CoarsePicture) -> None:
        recent = [old for old in self._past if 0.12 <= now.at - old.at <= 0.3]
        before = [old for old in self._past if now.at - old.at >= _NEAREST_S]
        if not recent or not before:
            return
        movement = _distance(now, recent[0])
        if movement < max(_MOVING, _FLOORS * now.floor):
            return
        ages = np.array([now.at - old.at for old in before])
        distances = np.sqrt(((np.stack([old.levels for old in before]) - now.levels) ** 2).mean(axis=1))
        self._follow_lag(now.at, ages, distances, _ALIKE * movement)

    def _follow_lag(self, at: float, ages: Floats, distances: Floats, limit: float) -> None:
        """Check that the picture of one lag ago is among the nearest again; else another lag may begin."""
        nearest = int(distances.argmin())
        if distances[nearest] >= 2 * limit or ages[nearest] < _NEAREST_S + _EDGE_S:
            self._since = None  # unlike anything before, or just going on slowly
        if distances[nearest] >= limit or ages[nearest] < _NEAREST_S + _EDGE_S:
            return
        if self._since is not None:
            supposed = int(np.abs(ages - self._lag_s).argmin())
            if distances[supposed] <= _AMONG * distances[nearest]:
                if at - self._since >= _LOOP_S:
                    self.period_s = round(self._lag_s, 2)
                return
        self._since, self._lag_s = at, float(ages[nearest])


def _blocks(plane: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return (rows, 8, columns, 8) of what fits."""
    rows, columns = plane.shape[0] // _BLOCK, plane.shape[1] // _BLOCK
    return plane[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)


def coarse_picture(image: Image, at: float, noise: float) -> CoarsePicture:
    """Return the picture reduced to 32×24, with the distance that `noise` makes between two of them."""
    small = cv2.resize(image[..., 1], _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    gain = _SCALE / max(float(small.std()), 1.0)
    averaged = max(1.0, image.shape[0] * image.shape[1] / (_SIZE[0] * _SIZE[1]))
    floor = noise * gain * float(np.sqrt(2 / averaged))
    levels = np.asarray((small - small.mean()) * gain, np.float32).ravel()
    return CoarsePicture(at, levels, floor)


def _distance(one: CoarsePicture, other: CoarsePicture) -> float:
    return float(np.sqrt(((one.levels - other.levels) ** 2).mean()))
