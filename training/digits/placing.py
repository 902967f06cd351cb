"""Where the terminal cuts a window: around the voice that its endpointer finds, silence outside of it.

`kiosk.speech.endpoint` for whole scenes at once, with its settings: the endpointer itself goes frame by
frame, which is too slow for so many windows. Samples float32 at 16 kHz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
WINDOW = 20_480
LEAD_S = 0.25  # kiosk.speech.recognisers.embedded
END_SILENCE_S = 0.15  # [speech] end_silence_s
THRESHOLD_DB, RELEASE = 9.0, 0.6
BELOW_PEAK_DB = 25.0
_FRAME, _HOP = 400, 160
_BAND = slice(6, 101)  # 240-4000 Hz
_HANN = np.hanning(_FRAME + 1)[:-1].astype(np.float32)

Samples = NDArray[np.float32]


def levels(samples: Samples) -> NDArray[np.float32]:
    """Return the level in dB (of any reference) between 240 and 4000 Hz of every frame, 10 ms apart."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP] * _HANN
    return 10 * np.log10((np.abs(np.fft.rfft(frames, axis=1)[:, _BAND]) ** 2).sum(axis=1) + 1e-9)


def voice(samples: Samples, near: int) -> tuple[int, int] | None:
    """Return onset and end (samples) of the voice around the sample `near`; None: none is found there."""
    loud = levels(samples)
    floor = float(np.percentile(loud, 30))
    here = (near - _FRAME // 2) // _HOP
    above = np.flatnonzero(loud >= floor + THRESHOLD_DB)
    above = above[above >= here - 12]
    if not len(above) or above[0] > here + 30:
        return None
    first = int(above[0])
    peak = float(loud[first : first + 60].max())
    on = np.flatnonzero(loud[first:] >= max(floor + THRESHOLD_DB * RELEASE, peak - BELOW_PEAK_DB)) + first
    gaps = np.flatnonzero(np.diff(on) > END_SILENCE_S * RATE / _HOP)
    last = int(on[gaps[0]]) if len(gaps) else int(on[-1])
    return first * _HOP + _FRAME // 2, last * _HOP + _FRAME // 2


def window(samples: Samples, onset: int, end: int, pad_s: float, behind_s: float) -> Samples:
    """Cut the window: the onset `LEAD_S` after its beginning, only what the terminal keeps of the sound."""
    begin = onset - int(LEAD_S * RATE)
    cut = window_at(samples, begin)
    cut[: max(0, onset - int(pad_s * RATE) - begin)] = 0
    cut[max(0, end + int(behind_s * RATE) - begin) :] = 0
    return cut


def window_at(audio: Samples, start: int) -> Samples:
    """Cut one window, zeros where there is no audio."""
    window = np.zeros(WINDOW, np.float32)
    first, last = max(0, start), min(len(audio), start + WINDOW)
    if last > first:
        window[first - start : last - start] = audio[first:last]
    return window
