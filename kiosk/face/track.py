"""Is it still the same face? Pure: fed with times and embeddings, no picture."""

from kiosk.ports import Vector

UNCOMPARED_S = 2.0
"""A face that is seen for so long without a frame that could be compared is not known to be the same."""


class Track:
    """Counts up whenever the face is lost, doubled, exchanged, or could not be compared for too long."""

    def __init__(self, same_face: float, max_gap_s: float) -> None:
        self.number = 0
        self._same_face, self._max_gap_s = same_face, max_gap_s
        self._first: Vector | None = None
        self._seen_at: float | None = None
        self._compared_at = 0.0

    @property
    def known(self) -> bool:
        """There is a first face to compare with."""
        return self._first is not None

    def lost(self, at: float) -> None:
        """No face in this frame."""
        if self._seen_at is not None and at - self._seen_at > self._max_gap_s:
            self.cut()

    def seen(self, at: float) -> None:
        """Exactly one face in this frame."""
        self.lost(at)
        if self.known and at - self._compared_at > UNCOMPARED_S:
            self.cut()
        self._seen_at = at

    def compare(self, vector: Vector, at: float, *, good: bool) -> float | None:
        """Likeness to the first face of this track; below `same_face` a new track begins.

        Only a good frame can become the first face. None: there was nothing to compare with.
        """
        likeness = None if self._first is None else float(self._first @ vector)
        if likeness is not None and not likeness >= self._same_face:  # a NaN is nobody
            self.cut()
            self._seen_at = at
        if self._first is None and good:
            self._first = vector.copy()
        self._compared_at = at
        return likeness

    def cut(self) -> None:
        """What comes now is another face until shown otherwise. Cutting twice counts once."""
        if self._seen_at is not None or self._first is not None:
            self.number += 1
        self._erase()

    def forget(self) -> None:
        """Begin as new."""
        self._erase()
        self.number = 0

    def _erase(self) -> None:
        if self._first is not None:
            self._first.fill(0)
        self._first = self._seen_at = None
