"""Make the chime that calls the clerk: two bell strokes, e″ and c″ (the door-bell's third downwards).

    python -m training.voices.chime

A struck bell is a sum of partials that die away, the higher ones sooner. The fundamentals, 659 and 523 Hz,
are where a small loudspeaker is loud and where ears lose little with age.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 24_000
STROKES = ((0.0, 659.26), (0.42, 523.25))
"""When, in seconds, and at which pitch in Hz."""
PARTIALS = ((1.0, 1.0, 1.1), (2.0, 0.35, 0.55), (3.0, 0.18, 0.3), (4.2, 0.08, 0.15))
"""Multiple of the pitch, loudness, and seconds until it has died away to a third."""
LENGTH_S = 1.9
ATTACK_S = 0.004
PEAK = 0.7
PATH = Path("resources/sounds/chime.ogg")


def chime() -> NDArray[np.float32]:
    """Return the chime, (n,) at `RATE`."""
    at = np.arange(round(LENGTH_S * RATE)) / RATE
    sound = np.zeros_like(at)
    for begins, pitch in STROKES:
        since = np.maximum(at - begins, 0.0)
        struck = (at >= begins) * np.minimum(since / ATTACK_S, 1.0)
        for multiple, loudness, decay_s in PARTIALS:
            sound += (
                struck * loudness * np.exp(-since / decay_s) * np.sin(2 * np.pi * pitch * multiple * since)
            )
    fade = np.minimum((LENGTH_S - at) / 0.1, 1.0)
    return (sound * fade * PEAK / np.abs(sound).max()).astype(np.float32)


if __name__ == "__main__":
    soundfile.write(PATH, chime(), RATE, format="OGG", subtype="VORBIS")
