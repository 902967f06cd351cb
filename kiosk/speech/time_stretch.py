"""Play speech slower or faster at the same pitch: WSOLA (Verhelst and Roelands, 1993). Pure.

Frames of the sound are added up at a fixed distance; each is taken where, near its due place, it continues
most like the sound that followed the frame before.
"""

import numpy as np

from kiosk.ports import Samples

FRAME = 512
"""Samples of a frame, 32 ms: two periods of a low voice."""
HOP = FRAME // 2
SEARCH = 160
"""A frame may be taken 10 ms earlier or later than due."""
_WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)  # two of them, half a frame apart, add up to 1


def time_stretch(sound: Samples, speed: float) -> Samples:
    """Return the sound at another speed: (n,) → (about n / speed,).

    Sounds shorter than two frames stay as they are.
    """
    if speed == 1.0 or len(sound) < 2 * FRAME:
        return sound
    padded = np.pad(sound, (SEARCH, FRAME + SEARCH + HOP))
    count = int(len(sound) / speed) // HOP
    out = np.zeros(count * HOP + FRAME, np.float32)
    taken = SEARCH
    for i in range(count):
        due = SEARCH + min(round(i * HOP * speed), len(sound) - 1)
        taken = _nearest(padded, due, padded[taken + HOP : taken + HOP + FRAME]) if i else due
        out[i * HOP : i * HOP + FRAME] += _WINDOW * padded[taken : taken + FRAME]
    return out


def _nearest(sound: Samples, due: int, wanted: Samples) -> int:
    """Return where within ±`SEARCH` of `due` the sound is most like `wanted` (normalised correlation)."""
    around = sound[due - SEARCH : due + SEARCH + FRAME]
    frames = np.lib.stride_tricks.sliding_window_view(around, FRAME)
    if len(wanted) < FRAME or not len(frames):
        return due
    energy = np.sqrt(np.einsum("ij,ij->i", frames, frames)) + 1e-6
    return due - SEARCH + int(np.argmax(frames @ wanted / energy))
