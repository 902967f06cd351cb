"""The printed face of a photographed card, over several frames: one frame may have been a bad one."""

import numpy as np

from kiosk.ports import Image, Vector


class CardPortrait:
    """Collects embeddings of one printed face; another face begins anew."""

    def __init__(self, frames: int, same_face: float) -> None:
        self._frames, self._same_face = frames, same_face
        self._vectors: list[Vector] = []
        self.portrait: Image | None = None  # of the newest frame

    def add(self, vector: Vector, portrait: Image) -> None:
        """One frame's face."""
        if self._vectors and float(self._vectors[-1] @ vector) < self._same_face:
            self._vectors.clear()
        self._vectors.append(vector)
        self.portrait = portrait

    def vector(self) -> Vector | None:
        """The mean of all, of unit length; None until there are enough."""
        if len(self._vectors) < self._frames:
            return None
        mean = np.mean(self._vectors, axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)
