"""How often to look, and how often to do the dear part of looking, so that one core is enough."""

import math

MAX_STRIDE = 6
STEADY_STRIDE = 3
"""Once the best frames are found, every third looked-at frame is enough to see that it is the same face."""
_EARLY = 0.25  # of a period: a camera that jitters about the wanted rate must not lose every second frame
_WEIGHT = 0.2  # of the newest measurement in the running mean


class FrameScheduler:
    """At most `max_fps` looks a second; of these every n-th one with the embedding, n by measured cost."""

    def __init__(self, max_fps: float) -> None:
        self._period = 1.0 / max_fps
        self._next = -math.inf
        self._since = MAX_STRIDE
        self._look_s = self._embed_s = 0.0

    def due(self, at: float) -> bool:
        """Is the frame taken at `at` to be looked at?"""
        if at < self._next - _EARLY * self._period:
            return False
        self._next = max(self._next, at - self._period) + self._period
        self._since += 1
        return True

    def embed_due(self, *, steady: bool) -> bool:
        """Is this look's embedding wanted? `steady`: enough is known, only continuity counts."""
        return self._since >= max(self.stride, STEADY_STRIDE if steady else 1)

    def embedded(self, seconds: float) -> None:
        self._since = 0
        self._embed_s = _mean(self._embed_s, seconds)

    def looked(self, seconds: float) -> None:
        """What the rest of the look cost."""
        self._look_s = _mean(self._look_s, seconds)

    @property
    def stride(self) -> int:
        """Every how many looks the embedding fits into the time that is left."""
        left = self._period - self._look_s
        if self._embed_s <= 0:
            return 1
        return min(MAX_STRIDE, math.ceil(self._embed_s / left)) if left > 0 else MAX_STRIDE


def _mean(old: float, new: float) -> float:
    return new if old == 0 else (1 - _WEIGHT) * old + _WEIGHT * new
