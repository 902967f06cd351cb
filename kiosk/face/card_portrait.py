"""Collects the embedding of a photographed card's face over several frames: one frame may be a bad one."""

from kiosk.face.geometry import unit_mean
from kiosk.ports import Image, Vector


class CardPortrait:
    """Embeddings of one printed face; another face begins anew."""

    def __init__(self, frames: int, same_face: float, number: str) -> None:
        """`frames`: how many are needed; `same_face`: cosine below which it is another face.

        `number`: which the card must show.
        """
        self.number = number
        self._frames, self._same_face = frames, same_face
        self._vectors: list[Vector] = []
        self.portrait: Image | None = None  # of the newest frame

    def add(self, vector: Vector, portrait: Image) -> None:
        """Add one frame's face."""
        if self._vectors and float(self._vectors[-1] @ vector) < self._same_face:
            self._vectors.clear()
        self._vectors.append(vector)
        self.portrait = portrait

    def vector(self) -> Vector | None:
        """Return the mean of all, of unit length; None until there are enough."""
        return None if len(self._vectors) < self._frames else unit_mean(self._vectors)
