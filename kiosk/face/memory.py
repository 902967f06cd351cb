"""All that is kept of a face during a visit, in one place, so that it can be forgotten in one."""

from collections import deque
from statistics import median

import cv2
import numpy as np
from msgspec import Struct

from kiosk.ports import Image, Vector

_LIVE_KEPT = 15
_LIVE_LEAST = 5


class Shot(Struct, frozen=True, eq=False):
    """One good frame: its rank and its embedding."""

    rank: float
    vector: Vector


class FaceMemory:
    """The card's face, the face that a clerk was asked about, the best frames of the present track, one
    picture; `forget` overwrites all.
    """

    def __init__(self, capacity: int) -> None:
        self.reference: Vector | None = None
        self._reviewed: Vector | None = None
        self.portrait: Image | None = None  # as decoded; for a clerk's eyes only
        self._capacity = capacity
        self._shots: list[Shot] = []
        self.frames = 0  # good frames of this track, kept or not
        self._live: deque[float] = deque(maxlen=_LIVE_KEPT)
        self._picture: Image | None = None
        self._picture_rank = 0.0

    @property
    def full(self) -> bool:
        return len(self._shots) >= self._capacity

    def refer(self, vector: Vector | None, portrait: Image | None = None) -> None:
        """The face that all are compared with."""
        _wipe(self.reference)
        _wipe(self.portrait)
        self.reference, self.portrait = vector, portrait

    def pair(self) -> tuple[Image | None, Image | None]:
        """The portrait and the best good frame, copies."""
        portrait, best = self.portrait, self._picture
        return None if portrait is None else portrait.copy(), None if best is None else best.copy()

    def add(self, rank: float, vector: Vector, picture: Image) -> None:
        """Keep a good frame if it is among the best. `picture` is copied if it is the very best."""
        if self._picture is None or rank > self._picture_rank:
            _wipe(self._picture)
            self._picture, self._picture_rank = picture.copy(), rank
        self.frames += 1
        self._shots = sorted([*self._shots, Shot(rank, vector)], key=lambda shot: -shot.rank)
        for worst in self._shots[self._capacity :]:
            _wipe(worst.vector)
        del self._shots[self._capacity :]

    def lived(self, score: float) -> None:
        self._live.append(score)

    def live_median(self) -> float | None:
        """None where fewer than five good frames were scored, unless there are no more than were."""
        enough = self._live and len(self._live) >= min(self.frames, _LIVE_LEAST)
        return median(self._live) if enough else None

    def likeness(self, vector: Vector) -> float | None:
        """Cosine to the card's face."""
        return None if self.reference is None else float(self.reference @ vector)

    def likeness_mean(self) -> float | None:
        """Cosine of the mean of the best frames to the card's face."""
        mean = self._mean()
        return None if self.reference is None or mean is None else float(self.reference @ mean)

    def keep_reviewed(self) -> None:
        """A clerk is shown this face; without a good frame of it there is nobody to be known again."""
        _wipe(self._reviewed)
        self._reviewed = self._mean()

    def likeness_reviewed(self) -> float | None:
        """Cosine of the mean of the best frames to the face that a clerk was shown last."""
        mean = self._mean()
        return None if self._reviewed is None or mean is None else float(self._reviewed @ mean)

    def _mean(self) -> Vector | None:
        """Of the best frames, of unit length."""
        if not self._shots:
            return None
        mean = np.mean([shot.vector for shot in self._shots], axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)

    def picture(self, longest_px: int, quality: int) -> bytes | None:
        """JPEG of the best good frame, made no larger than it was."""
        if self._picture is None:
            return None
        shrink = min(1.0, longest_px / max(self._picture.shape[:2]))
        small = cv2.resize(self._picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        _wipe(np.asarray(small, np.uint8))
        return jpeg.tobytes() if done else None

    def restart(self) -> None:
        """Another face: nothing of the one before may count for it."""
        for shot in self._shots:
            _wipe(shot.vector)
        _wipe(self._picture)
        self._shots.clear()
        self.frames = 0
        self._live.clear()
        self._picture, self._picture_rank = None, 0.0

    def begin(self) -> None:
        """Another watch of the same visit."""
        self.restart()
        self.refer(None)

    def forget(self) -> None:
        self.begin()
        _wipe(self._reviewed)
        self._reviewed = None


def _wipe(array: Vector | Image | None) -> None:
    if array is not None:
        array.fill(0)
