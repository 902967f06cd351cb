"""Judges whether what an open microphone delivers is sound of a room: no digital silence, loop or lone tone.

A muted or wrong input gives zeros, a driver that hangs the same block again and again, a broken cable a tone.
Thresholds were set on simulated sound (`tests/kiosk/capture/test_microphone_health.py`), not on real
microphones. Some real ones cut quiet sound off to zeros by themselves, so silence must last long: longer than
the terminal itself is quiet in a visit.
"""

import numpy as np

from kiosk.model import SAMPLE_RATE, AudioBlock
from kiosk.ports import Samples

SILENT_S = 20.0
REPEATED_S = 3.0
TONE_S = 10.0
PROVEN_S = 2.0
"""So long it must sound like a room again after one of these faults."""
TONE_SHARE = 0.98
"""Of the power in one tone: speech has less than half, whistling is over sooner than `TONE_S`."""
TONE_LEAST = 1e-4
"""Root mean square below which a tone is just what is left of the room: −80 dBFS."""
_ZERO = 1e-7
_BINS = 2  # on each side of a tone's peak, which a window spreads


class MicrophoneHealth:
    """What one opening of a microphone has sounded like; every block is to be looked at, on one thread."""

    def __init__(self) -> None:
        self._silent = self._repeated = self._tone = self._sound = 0  # samples in a row
        self._last: bytes = b""
        self._window: list[Samples] = []
        self._windowed = 0
        self._tone_bin = -1

    def look(self, block: AudioBlock) -> None:
        """Take note of a block."""
        count, content = len(block.samples), block.samples.tobytes()
        zero = count == 0 or float(np.max(np.abs(block.samples))) < _ZERO
        self._silent = self._silent + count if zero else 0
        self._repeated = self._repeated + count if content == self._last and not zero else 0
        self._last = content
        self._sound = 0 if zero or self._repeated else self._sound + count
        self._window.append(block.samples)
        self._windowed += count
        if self._windowed >= SAMPLE_RATE:
            self._end_window(np.concatenate(self._window))
            self._window, self._windowed = [], 0

    @property
    def fault(self) -> str:
        """What is wrong, for engineers; empty: nothing."""
        faults = (
            (self._silent, SILENT_S, "digital silence"),
            (self._repeated, REPEATED_S, "the same block again and again"),
            (self._tone, TONE_S, "one tone and nothing else"),
        )
        return next((what for run, limit_s, what in faults if run >= limit_s * SAMPLE_RATE), "")

    @property
    def proven(self) -> bool:
        """Whether it sounds like a room, and has for a while."""
        return self._sound >= PROVEN_S * SAMPLE_RATE and not self._tone

    def _end_window(self, samples: Samples) -> None:
        peak = tone_bin(samples)
        same = peak is not None and (self._tone == 0 or abs(peak - self._tone_bin) <= 1)
        self._tone = self._tone + len(samples) if same else 0
        self._tone_bin = peak if peak is not None else -1


def tone_bin(samples: Samples) -> int | None:
    """Return the number of the frequency that holds nearly all power; None if none does."""
    if float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) < TONE_LEAST:
        return None
    power = np.square(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))))
    peak = int(np.argmax(power))
    share = power[max(0, peak - _BINS) : peak + _BINS + 1].sum() / power.sum()
    return peak if share >= TONE_SHARE else None
