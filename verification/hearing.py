"""Plays a clip's sound to the terminal's listener, with the digits' display times on the clip's clock."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from kiosk.events import DigitShown, Event
from kiosk.model import SAMPLE_RATE, AudioBlock, Challenge, DigitHeard
from kiosk.ports import Recogniser, Samples
from kiosk.speech.listener import Listener
from kiosk.visit.reading import Reading
from verification.settings import Settings

BLOCK = SAMPLE_RATE // 50
"""20 ms, as a terminal's microphone delivers."""


def challenge_of(digits: Sequence[int], shown_s: Sequence[float]) -> Challenge:
    """Return the challenge whose digits were displayed at these times."""
    gaps = tuple(later - earlier for earlier, later in pairwise(shown_s))
    return Challenge(id="", digits=tuple(digits), gaps_s=(*gaps, 0.0), expires_unix=0.0)


class Hearing:
    """One reading: `run` plays the sound to its end, or until every digit was heard."""

    def __init__(self, challenge: Challenge, shown_s: Sequence[float], settings: Settings) -> None:
        self.reading = Reading(challenge, settings.visit, False)
        self._settings = settings
        self._waiting = list(shown_s)
        self._opens = max(0.0, shown_s[0] - settings.digits.first_s)
        self._open = False
        self._now = 0.0

    def run(self, sound: Samples, recogniser: Recogniser) -> list[DigitHeard]:
        """Return what was heard in the window of each digit. `sound`: its first sample is at 0."""
        listener = Listener(recogniser, self._settings.speech, post=self._take, clock=lambda: self._now)
        for block in _blocks(sound):
            self._now = block.at + BLOCK / SAMPLE_RATE
            self._show_due(listener)
            listener.feed(block)
            while listener.step(0.0):
                pass
            if self.reading.complete() or (not self._waiting and self._now > self.reading.deadline()):
                break
        listener.forget()
        listener.step(0.0)
        return self.reading.in_order()

    def _show_due(self, listener: Listener) -> None:
        if not self._open and self._now >= self._opens:
            self._open = True
            listener.listen(self.reading.count)
        while self._waiting and self._waiting[0] <= self._now:
            shown = DigitShown(self.reading.count - len(self._waiting), self._waiting.pop(0))
            self.reading.next_digit()
            opened = self.reading.painted(shown)
            assert opened is not None  # display times rise: `evidence` has checked it
            listener.open_window(opened)

    def _take(self, event: Event) -> None:
        if isinstance(event, DigitHeard):
            self.reading.answered(event)


def _blocks(sound: Samples) -> Iterator[AudioBlock]:
    """Yield the sound in blocks, then silence without end."""
    whole = np.pad(sound, (0, -len(sound) % BLOCK)).reshape(-1, BLOCK)
    silence, seq = np.zeros(BLOCK, np.float32), 0
    while True:
        samples = whole[seq] if seq < len(whole) else silence
        yield AudioBlock(samples=samples, seq=seq, at=seq * BLOCK / SAMPLE_RATE)
        seq += 1
