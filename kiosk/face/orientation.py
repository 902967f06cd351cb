"""Finds a camera that is mounted upside down or on its side.

The detector finds a face that is turned too, but is less sure of it: in simulation 0.93 upright, 0.87 at most
in any other position (`kiosk evaluate camera`). So now and then the picture is looked at in all four
positions, until one has won several times in a row; if it is the upright one, no more is looked until the
next watch.
"""

from collections import deque
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from kiosk.ports import Face, Image

LOOK_EVERY_S = 0.7
MOST = 30
"""Looks of one watch: where nobody comes, or the engine is never sure, it ends all the same."""
VOTES = 3
"""Looks in a row that must agree: a person who bends down once says nothing."""
SURE = 0.85
"""The winner's score must be at least this …"""
AHEAD = 0.03
"""… and by so much better than the upright one's."""
_WIDTH = 320
_TURNS = (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)

Detect = Callable[[Image], Sequence[Face]]


class OrientationCheck:
    """Looks at some frames of one watch; four small detections for each of them."""

    def __init__(self) -> None:
        self._votes: deque[int] = deque(maxlen=VOTES)
        self._looked = float("-inf")
        self._looks = 0

    @property
    def turned(self) -> int:
        """Degrees, clockwise, by which the picture has to be turned; 0: as far as known it is upright."""
        agreed = len(self._votes) == VOTES and len(set(self._votes)) == 1
        return self._votes[0] if agreed else 0

    @property
    def doubted(self) -> bool:
        """Whether the last look spoke against it: a face is not to be judged then."""
        return bool(self._votes) and self._votes[-1] != 0

    def look(self, image: Image, at: float, detect: Detect) -> None:
        """Look at a frame if one is due. Raises EngineError."""
        upright = len(self._votes) == VOTES and not any(self._votes)
        if upright or self._looks >= MOST or at - self._looked < LOOK_EVERY_S:
            return
        self._looked, self._looks = at, self._looks + 1
        best = best_turn(image, detect)
        if best is not None:
            self._votes.append(best)


def best_turn(image: Image, detect: Detect) -> int | None:
    """Return the turn (0, 90, 180, 270 degrees clockwise) in which a face is surest; None without one."""
    upright, *turned = scores(image, detect)
    best = max(turned)
    if best >= SURE and best - upright >= AHEAD:
        return 90 * (turned.index(best) + 1)
    return 0 if upright >= SURE else None


def scores(image: Image, detect: Detect) -> list[float]:
    """Return how sure of a face the detector is in each position, the upright one first; 0: it finds none."""
    small = _shrunk(image)
    turned = [np.asarray(cv2.rotate(small, turn), np.uint8) for turn in _TURNS]
    return [_score(picture, detect) for picture in (small, *turned)]


def _score(image: Image, detect: Detect) -> float:
    found = detect(image)
    return found[0].score if found else 0.0


def _shrunk(image: Image) -> Image:
    scale = _WIDTH / max(image.shape[:2])
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
