"""Play sound to the terminal's own `Listener` faster than real time, with a clock of its own.

Windows are opened and closed by the visit's own `Reading`, blocks are those of the microphone, so what is
heard here is what the terminal would hear. `RecordingPlayback` has fixed display times; in a
`SimulatedReading` digits are shown as the visit paces them, and the reader answers them.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np

from evaluation.speech.challenge_audio import BREATH_S, LEAD_S, ChallengeAudio
from evaluation.speech.reading_plan import ReadingPlan, Turn
from kiosk.events import DigitShown, Event
from kiosk.model import SAMPLE_RATE, AudioBlock, Challenge, DigitHeard
from kiosk.ports import Recogniser, Samples
from kiosk.settings import SpeechSettings, VisitSettings
from kiosk.speech.listener import Listener
from kiosk.visit.reading import LISTENER_PATIENCE_S, Reading

BLOCK = SAMPLE_RATE // 50
"""20 ms, as the microphone delivers."""


class RecordingPlayback:
    """Plays one `ChallengeAudio`, whose display times are given, to a `Listener`."""

    def __init__(
        self, audio: ChallengeAudio, recogniser: Recogniser, *, speech: SpeechSettings, limits: VisitSettings
    ) -> None:
        self.now = 0.0
        self._audio = audio
        pace = msgspec.structs.replace(limits.pace, factor=1.0)  # the gaps are not stretched
        limits_as_shown = msgspec.structs.replace(limits, pace=pace)
        self._reading = Reading(challenge_of(audio), limits_as_shown, False)
        self._listener = Listener(recogniser, speech, post=self._take, clock=lambda: self.now)
        self._opens = max(0.0, audio.shown[0] - limits.digits.first_s)
        self._open = False
        self._waiting = list(audio.shown)

    def run(self) -> tuple[DigitHeard, ...]:
        """Return what was heard in each window; one without an answer in the visit's patience is empty."""
        for block in _blocks(self._audio.samples):
            self.now = block.at + BLOCK / SAMPLE_RATE
            self._show_due_digits()
            self._listener.feed(block)
            while self._listener.step(0.0):
                pass
            late = not self._waiting and self.now > self._reading.deadline()
            if self._reading.complete() or late:
                break
        return tuple(self._reading.in_order())

    def _show_due_digits(self) -> None:
        """Begin to listen, and show the digits, when their time comes."""
        if not self._open and self.now >= self._opens:
            self._open = True
            self._listener.listen(self._reading.count)
        while self._waiting and self._waiting[0] <= self.now:
            shown = DigitShown(self._reading.count - len(self._waiting), self._waiting.pop(0))
            self._reading.next_digit()
            opened = self._reading.painted(shown)
            assert opened is not None  # display times rise
            self._listener.open_window(opened)

    def _take(self, event: Event) -> None:
        if isinstance(event, DigitHeard):
            self._reading.answered(event)


class SimulatedReading:
    """A reader before the terminal: digits are shown as the visit paces them, and the reader answers them.

    The visit's own `Reading` says when the next digit comes, so a terminal that waits for a slow reader does
    so here. `background`: the shop's noise, (n,); at its end the reading is over.
    """

    def __init__(
        self,
        plan: ReadingPlan,
        background: Samples,
        recogniser: Recogniser,
        *,
        speech: SpeechSettings,
        limits: VisitSettings,
    ) -> None:
        self.now = 0.0
        challenge = Challenge(id="", digits=plan.digits, gaps_s=plan.gaps_s, expires_unix=0.0)
        self._plan = plan
        self._sound = background.copy()
        self._reading = Reading(challenge, limits, False)
        self._listener = Listener(recogniser, speech, post=self._take, clock=lambda: self.now)
        self._due = LEAD_S
        self._opens = max(0.0, LEAD_S - limits.digits.first_s)
        self._open = False
        self._free = 0.0  # when the reader has finished what was said so far

    def run(self) -> tuple[ChallengeAudio, tuple[DigitHeard, ...]]:
        """Return what sounded with its display times, and what was heard in each window."""
        for at in range(0, len(self._sound) - BLOCK, BLOCK):
            block = self._sound[at : at + BLOCK].copy()
            self._listener.feed(AudioBlock(samples=block, seq=at // BLOCK, at=at / SAMPLE_RATE))
            self.now = (at + BLOCK) / SAMPLE_RATE
            self._show_due_digit()
            while self._listener.step(0.0):
                pass
            last = len(self._reading.shown) == self._reading.count
            if self._reading.complete() or (last and self.now > self._due):
                break
        audio = ChallengeAudio(
            speaker=self._plan.speaker,
            digits=self._plan.digits,
            shown=tuple(self._reading.shown),
            samples=np.clip(self._sound, -1.0, 1.0),
        )
        return audio, tuple(self._reading.in_order())

    def _show_due_digit(self) -> None:
        if not self._open and self.now >= self._opens:
            self._open = True
            self._listener.listen(self._reading.count)
        if self.now < self._due or (digit := self._reading.next_digit()) is None:
            return
        opened = self._reading.painted(DigitShown(digit.window, self.now))
        assert opened is not None
        self._listener.open_window(opened)
        self._due = self._reading.deadline()
        self._say(self._plan.turns[digit.window])

    def _say(self, turn: Turn) -> None:
        """Mix the turn into the sound, from now on or as soon as what was said before is over."""
        onset = max(self.now + turn[0].pause_s, self._free + BREATH_S) if turn else 0.0
        for i, utterance in enumerate(turn):
            sound = utterance.sound
            onset = onset if i == 0 else self._free + utterance.pause_s
            begin = max(0, round(onset * SAMPLE_RATE) - sound.onset)
            piece = sound.samples[: max(0, len(self._sound) - begin)] * np.float32(self._plan.level)
            self._sound[begin : begin + len(piece)] += piece
            self._free = onset + (sound.end - sound.onset) / SAMPLE_RATE

    def _take(self, event: Event) -> None:
        if isinstance(event, DigitHeard) and self._reading.answered(event):
            self._due = self._reading.deadline()


def simulate_reading(
    plan: ReadingPlan,
    background: Samples,
    recogniser: Recogniser,
    speech: SpeechSettings,
    limits: VisitSettings,
) -> tuple[ChallengeAudio, tuple[DigitHeard, ...]]:
    """Let the terminal pace a reading; return its sound and what was heard of it."""
    return SimulatedReading(plan, background, recogniser, speech=speech, limits=limits).run()


def longest_reading_s(plan: ReadingPlan, limits: VisitSettings) -> float:
    """Return how long a reading lasts at most, in seconds."""
    each = [gap + limits.digits.wait_s for gap in plan.gaps_s]
    return LEAD_S + sum(each) + limits.digits.last_s + LISTENER_PATIENCE_S + 1.0


def challenge_of(audio: ChallengeAudio) -> Challenge:
    """Return the challenge of which the sound is a reading."""
    gaps = tuple(b - a for a, b in pairwise(audio.shown))
    return Challenge(id="", digits=audio.digits, gaps_s=(*gaps, 0.0), expires_unix=0.0)


def play_recording(
    audio: ChallengeAudio, recogniser: Recogniser, speech: SpeechSettings, limits: VisitSettings
) -> tuple[DigitHeard, ...]:
    """Return what the terminal hears of a recording: one answer for each of its digits."""
    return RecordingPlayback(audio, recogniser, speech=speech, limits=limits).run()


def play_clip(
    audio: ChallengeAudio, recogniser: Recogniser, speech: SpeechSettings, limits: VisitSettings
) -> DigitHeard:
    """Return what the terminal hears of a single clip, if it waits for the clip's end."""
    whole_s = len(audio.samples) / SAMPLE_RATE - audio.shown[0]
    patient = msgspec.structs.replace(limits, digits=msgspec.structs.replace(limits.digits, last_s=whole_s))
    return play_recording(audio, recogniser, speech, patient)[0]


def _blocks(samples: Samples) -> Iterator[AudioBlock]:
    """Yield the sound's blocks, then silence without end."""
    whole = np.pad(samples, (0, -len(samples) % BLOCK)).reshape(-1, BLOCK)
    for seq, piece in enumerate(whole):
        yield AudioBlock(samples=piece, seq=seq, at=seq * BLOCK / SAMPLE_RATE)
    silence, seq = np.zeros(BLOCK, np.float32), len(whole)
    while True:
        yield AudioBlock(samples=silence, seq=seq, at=seq * BLOCK / SAMPLE_RATE)
        seq += 1
