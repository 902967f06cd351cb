"""Counts whether it is still the same face. Pure: fed with times and embeddings, no picture."""

from kiosk.ports import Vector

UNCOMPARED_S = 2.0
"""Seconds in which a face is seen without a comparable frame, after which it is not known to be the same."""


class Track:
    """Number that counts up whenever the face is lost, doubled, exchanged, or not compared for too long."""

    def __init__(self, same_face: float, max_gap_s: float) -> None:
        self.number = 0
        self._same_face, self._max_gap_s = same_face, max_gap_s
        self._first: Vector | None = None
        self._seen_at: float | None = None
        self._compared_at = 0.0

    @property
    def known(self) -> bool:
        """Whether there is a first face to compare with."""
        return self._first is not None

    def record_absence(self, at: float) -> None:
        """Note a frame without a face."""
        if self._seen_at is not None and at - self._seen_at > self._max_gap_s:
            self.cut()

    def record_face(self, at: float) -> None:
        """Note a frame with exactly one face."""
        self.record_absence(at)
        if self.known and at - self._compared_at > UNCOMPARED_S:
            self.cut()
        self._seen_at = at

    def compare(self, vector: Vector, at: float, *, good: bool) -> float | None:
        """Return the likeness to the first face of this track; below `same_face` a new track begins.

        Only a good frame can become the first face. None: there was nothing to compare with.
        """
        likeness = None if self._first is None else float(self._first @ vector)
        if likeness is not None and not likeness >= self._same_face:  # a NaN is another face
            self.cut()
            self._seen_at = at
        if self._first is None and good:
            self._first = vector.copy()
        self._compared_at = at
        return likeness

    def cut(self) -> None:
        """Take what comes now for another face until shown otherwise. Cutting twice counts once."""
        if self._seen_at is not None or self._first is not None:
            self.number += 1
        self._erase()

    def forget(self) -> None:
        """Erase everything and count from 0."""
        self._erase()
        self.number = 0

    def _erase(self) -> None:
        if self._first is not None:
            self._first.fill(0)
        self._first = self._seen_at = None
