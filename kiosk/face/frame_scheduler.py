"""Decides which frames are looked at, and for which the expensive part is done: one core must be enough."""

import math

MAX_STRIDE = 6
STEADY_STRIDE = 3
"""Once there are enough frames, every third looked-at frame is enough to see that it is the same face."""
_EARLY = 0.25  # of a period: a camera that jitters about the wanted rate must not lose every second frame
_WEIGHT = 0.2  # of the newest measurement in the running mean


class FrameScheduler:
    """At most `max_fps` looks a second; of these every n-th one with the embedding, n by measured cost."""

    def __init__(self, max_fps: float) -> None:
        self._period = 1.0 / max_fps
        self._next = -math.inf
        self._looks_since = MAX_STRIDE  # the last embedding
        self._look_s = self._embed_s = 0.0

    def due(self, at: float) -> bool:
        """Say whether the frame taken at `at` is to be looked at, and count it if so."""
        if at < self._next - _EARLY * self._period:
            return False
        self._next = max(self._next, at - self._period) + self._period
        self._looks_since += 1
        return True

    def embed_due(self, *, steady: bool) -> bool:
        """Say whether this look's embedding is wanted. `steady`: enough is known, only continuity counts."""
        return self._looks_since >= max(self.stride, STEADY_STRIDE if steady else 1)

    def record_embedding(self, seconds: float) -> None:
        """Note what embedding and liveness cost."""
        self._looks_since = 0
        self._embed_s = _running_mean(self._embed_s, seconds)

    def record_look(self, seconds: float) -> None:
        """Note what a look cost without the embedding."""
        self._look_s = _running_mean(self._look_s, seconds)

    @property
    def stride(self) -> int:
        """Number of looks in whose spare time one embedding fits."""
        spare = self._period - self._look_s
        if self._embed_s <= 0:
            return 1
        return min(MAX_STRIDE, math.ceil(self._embed_s / spare)) if spare > 0 else MAX_STRIDE


def _running_mean(old: float, new: float) -> float:
    return new if old == 0 else (1 - _WEIGHT) * old + _WEIGHT * new
