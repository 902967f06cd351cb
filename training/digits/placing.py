"""Where to cut the 1.28 s window when a digit was shown at a known time, and how to judge six of them.

numpy only: the product's listener can copy it. Times in seconds, samples float32 at 16 kHz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
WINDOW = 20_480
FIRST_ANSWER_S = 0.15  # nobody answers sooner after a digit appears
LATE_ANSWER_S = 0.30  # an answer may run on this long into the next digit's time
BOX_S = 0.40  # a digit's loudest stretch
CENTRE_S = 0.52  # where in the window the middle of that stretch belongs
_BLOCK_S = 0.02

Samples = NDArray[np.float32]


def speech_band(samples: Samples) -> Samples:
    """Keep 200-4000 Hz: only to find the voice; the network gets the unfiltered samples."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(hz < 200) | (hz > 4000)] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def window_start(audio: Samples, shown_s: float, next_shown_s: float) -> int:
    """Return the first sample of the window for the digit shown from `shown_s` to `next_shown_s`.

    The loudest 0.4 s of the time in which the answer may lie is put at the middle of the voice's place.
    """
    first = int((shown_s + FIRST_ANSWER_S) * RATE)
    last = min(len(audio), int((next_shown_s + LATE_ANSWER_S) * RATE))
    block, box = int(_BLOCK_S * RATE), int(BOX_S / _BLOCK_S)
    span = speech_band(audio[first:last])
    loud = (span[: len(span) // block * block].reshape(-1, block) ** 2).mean(axis=1)
    if len(loud) <= box:
        return first
    sums = np.convolve(loud, np.ones(box), "valid")
    middle = first + (int(sums.argmax()) * block + box * block // 2)
    return middle - int(CENTRE_S * RATE)


def window_at(audio: Samples, start: int) -> Samples:
    """Cut one window, zeros where there is no audio."""
    window = np.zeros(WINDOW, np.float32)
    first, last = max(0, start), min(len(audio), start + WINDOW)
    if last > first:
        window[first - start : last - start] = audio[first:last]
    return window


def agrees(log_probs: NDArray[np.float32], expected: int) -> bool:
    """Tell whether the expected digit beats every other digit ([11] log posteriors; `other` is not asked)."""
    rivals = np.delete(log_probs[:10], expected)
    return bool(log_probs[expected] > rivals.max())
