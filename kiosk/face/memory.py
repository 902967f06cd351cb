"""Keeps all that is known of a face during a visit in one place, so that one call erases it."""

from collections import deque
from statistics import median

import cv2
import numpy as np
from msgspec import Struct

from kiosk.face.geometry import unit_mean
from kiosk.ports import Image, Vector

_LIVE_SCORES = 15  # newest ones that the median is over
_MIN_LIVE_SCORES = 5


class GoodFrame(Struct, frozen=True, eq=False):
    """Rank and embedding of a frame that was good enough to be matched."""

    rank: float
    vector: Vector


class FaceMemory:
    """The card's face, the face that a clerk was asked about, good frames of the present track and one
    picture. `forget` overwrites all.

    Which frames are kept: those that differ most, of the two most alike the better one. Frames of one second
    are nearly one picture, and their mean says no more than one of them; another pose, expression or light
    takes the chance out of it.
    """

    def __init__(self, capacity: int) -> None:
        self.reference: Vector | None = None
        self._reviewed: Vector | None = None
        self.portrait: Image | None = None  # as decoded; for a clerk's eyes only
        self._capacity = capacity
        self._kept: list[GoodFrame] = []
        self.frames = 0  # good frames of this track, kept or not
        self._live: deque[float] = deque(maxlen=_LIVE_SCORES)
        self._picture: Image | None = None
        self._picture_rank = 0.0

    @property
    def full(self) -> bool:
        return len(self._kept) >= self._capacity

    def set_reference(self, vector: Vector | None, portrait: Image | None = None) -> None:
        """Set the face that all are compared with, and its picture for a clerk."""
        _wipe(self.reference)
        _wipe(self.portrait)
        self.reference, self.portrait = vector, portrait

    def pair(self) -> tuple[Image | None, Image | None]:
        """Return copies of the portrait and of the best good frame."""
        pictures = (self.portrait, self._picture)
        portrait, best = (None if picture is None else picture.copy() for picture in pictures)
        return portrait, best

    def add(self, rank: float, vector: Vector, picture: Image) -> None:
        """Keep a good frame, or one that it replaces. `picture` is copied if it is the very best."""
        if self._picture is None or rank > self._picture_rank:
            _wipe(self._picture)
            self._picture, self._picture_rank = picture.copy(), rank
        self.frames += 1
        self._kept.append(GoodFrame(rank, vector))
        if len(self._kept) > self._capacity:
            _wipe(self._kept.pop(_redundant(self._kept)).vector)

    def add_live_score(self, score: float) -> None:
        """Add the liveness score of a good frame."""
        self._live.append(score)

    def live_median(self) -> float | None:
        """Return the median liveness score of the present track.

        None where fewer than five good frames were scored, unless there are no more than were.
        """
        enough = self._live and len(self._live) >= min(self.frames, _MIN_LIVE_SCORES)
        return median(self._live) if enough else None

    def likeness(self, vector: Vector) -> float | None:
        """Return the cosine to the card's face."""
        return None if self.reference is None else float(self.reference @ vector)

    def likeness_mean(self) -> float | None:
        """Return the cosine of the mean of the kept frames to the card's face."""
        mean = self.mean()
        return None if self.reference is None or mean is None else float(self.reference @ mean)

    def keep_reviewed(self) -> None:
        """Keep the mean of the kept frames as the face that a clerk is shown; none without a good frame."""
        _wipe(self._reviewed)
        self._reviewed = self.mean()

    def likeness_reviewed(self) -> float | None:
        """Return the cosine of the mean of the kept frames to the face that a clerk was shown last."""
        mean = self.mean()
        return None if self._reviewed is None or mean is None else float(self._reviewed @ mean)

    def mean(self) -> Vector | None:
        """Return the mean of the kept frames, of unit length; None without one."""
        return unit_mean([frame.vector for frame in self._kept]) if self._kept else None

    def picture(self, longest_px: int, quality: int) -> bytes | None:
        """Return the best good frame as JPEG, made no larger than it was; None if there is none."""
        if self._picture is None:
            return None
        shrink = min(1.0, longest_px / max(self._picture.shape[:2]))
        small = cv2.resize(self._picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        _wipe(np.asarray(small, np.uint8))
        return jpeg.tobytes() if done else None

    def restart(self) -> None:
        """Erase what is known of the present face: nothing of it may count for the next one."""
        for frame in self._kept:
            _wipe(frame.vector)
        _wipe(self._picture)
        self._kept.clear()
        self.frames = 0
        self._live.clear()
        self._picture, self._picture_rank = None, 0.0

    def begin(self) -> None:
        """Erase the reference, too, for another watch of the same visit."""
        self.restart()
        self.set_reference(None)

    def forget(self) -> None:
        """Erase everything."""
        self.begin()
        _wipe(self._reviewed)
        self._reviewed = None


def _redundant(frames: list[GoodFrame]) -> int:
    """Return the index of the worse of the two frames that are most alike."""
    vectors = np.stack([frame.vector for frame in frames])
    # einsum, not a product of matrices: that packs them into buffers of its own, which nobody overwrites.
    alike = np.einsum("id,jd->ij", vectors, vectors)
    vectors.fill(0)
    np.fill_diagonal(alike, -np.inf)
    one, other = np.unravel_index(int(alike.argmax()), alike.shape)
    return int(one if frames[one].rank < frames[other].rank else other)


def _wipe(array: Vector | Image | None) -> None:
    if array is not None:
        array.fill(0)
