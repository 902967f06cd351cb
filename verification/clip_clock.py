"""Puts the page's times on the clip's own clock.

The recorder does not tell when its first frame was taken: its `start` event comes 30 to 335 ms late, and
frames are missing now and then, so they cannot be matched by number. But the page knows when each frame was
captured (`requestVideoFrameCallback`), and the pattern of these times is in the clip again: the offset at
which most frames have a capture time within `NEAR_S` is the right one (tried: standard deviation 0.2–0.7 ms;
still within 3 ms with a seventh of the times and a fifth of the frames removed; docs/verification.md).
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

EARLIEST_S, LATEST_S = -0.1, 0.5
"""Where the clip may begin after the call of `MediaRecorder.start()`."""
STEP_S = 0.001
NEAR_S = 0.003
LEAST_FRAMES = 30
_TIE = 0.02
"""A very even camera fits almost as well one frame later: among such offsets the one nearest to the call."""


class Alignment(Struct, frozen=True, kw_only=True):
    """`offset_s`: page time after the call, minus clip time. `matched`: share of times that found a frame.

    `matched` is of the frames or of the capture times, whichever are fewer.
    """

    offset_s: float
    matched: float


def align(frames_s: Sequence[float], captured_s: Sequence[float]) -> Alignment | None:
    """Return how the clocks belong together; None if there is too little to compare.

    `frames_s`: times of the clip's frames, the first at 0. `captured_s`: the page's capture times, seconds
    after the call of `start()`. Both rise.
    """
    frames = np.unique(np.asarray(frames_s, np.float64))
    captured = np.unique(np.asarray(captured_s, np.float64))
    if not len(frames) or not len(captured):
        return None
    # Before the recorder started and after it ended the page had frames that are not in the clip.
    within = (captured >= EARLIEST_S) & (captured <= frames[-1] + LATEST_S)
    captured = captured[within]
    if min(len(frames), len(captured)) < LEAST_FRAMES:
        return None
    offsets = np.arange(EARLIEST_S, LATEST_S + STEP_S / 2, STEP_S)
    votes = np.array([int((_distances(frames + offset, captured) <= NEAR_S).sum()) for offset in offsets])
    good = np.flatnonzero(votes >= votes.max() * (1 - _TIE))
    best = float(offsets[good[np.abs(offsets[good]).argmin()]])
    best = _refined(frames, captured, best)
    distances = _distances(frames + best, captured)
    inside = (captured >= best - NEAR_S) & (captured <= frames[-1] + best + NEAR_S)
    fewer = min(len(frames), int(inside.sum()))
    if fewer < LEAST_FRAMES:
        return None
    return Alignment(offset_s=best, matched=min(1.0, int((distances <= NEAR_S).sum()) / fewer))


def _refined(frames: NDArray[np.float64], captured: NDArray[np.float64], offset: float) -> float:
    """Move the offset to the middle of what voted for it."""
    nearest = _nearest(frames + offset, captured)
    residuals = nearest - (frames + offset)
    voted = residuals[np.abs(residuals) <= NEAR_S]
    return offset + float(np.median(voted)) if len(voted) else offset


def _distances(times: NDArray[np.float64], captured: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.abs(_nearest(times, captured) - times))


def _nearest(times: NDArray[np.float64], captured: NDArray[np.float64]) -> NDArray[np.float64]:
    right = np.clip(np.searchsorted(captured, times), 1, len(captured) - 1)
    left = right - 1
    is_left = times - captured[left] <= captured[right] - times
    return np.asarray(np.where(is_left, captured[left], captured[right]))
