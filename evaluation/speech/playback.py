"""A scene through the terminal's own ear, faster than real time: a clock of its own, the same blocks."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec
import numpy as np

from evaluation.speech.reading_plan import Reader, Turn
from evaluation.speech.challenge_audio import BREATH_S, LEAD_S, Scene
from kiosk.events import DigitShown, Event
from kiosk.model import SAMPLE_RATE, AudioBlock, Challenge, DigitHeard
from kiosk.ports import Recogniser, Samples
from kiosk.settings import SpeechSettings, VisitSettings
from kiosk.speech.listener import Listener
from kiosk.visit.reading import LISTENER_PATIENCE_S, Reading

BLOCK = SAMPLE_RATE // 50
"""20 ms, as the microphone delivers."""


def _as_drawn(limits: VisitSettings) -> VisitSettings:
    """With the gaps as the scene has them, not stretched."""
    return msgspec.structs.replace(limits, pace=msgspec.structs.replace(limits.pace, factor=1.0))


class Ear:
    """One challenge in front of a real `Listener`, windows opened and closed by the visit's own `Reading`."""

    def __init__(
        self, scene: Scene, recogniser: Recogniser, speech: SpeechSettings, limits: VisitSettings
    ) -> None:
        self.now = 0.0
        self._scene = scene
        self._reading = Reading(challenge(scene), _as_drawn(limits), False)
        self._listener = Listener(recogniser, speech, self._take, lambda: self.now)
        self._opens = max(0.0, scene.shown[0] - limits.digits.first_s)
        self._open = False
        self._waiting = list(scene.shown)

    def hear(self) -> tuple[DigitHeard, ...]:
        """What each window held. A window without an answer in the visit's patience held nothing."""
        for block in _blocks(self._scene.samples):
            self.now = block.at + BLOCK / SAMPLE_RATE
            self._paint()
            self._listener.feed(block)
            self._settle()
            if self._over():
                break
        return tuple(self._reading.in_order())

    def _paint(self) -> None:
        """The ear opens, and the digits are shown, when their time comes."""
        if not self._open and self.now >= self._opens:
            self._open = True
            self._listener.listen(self._reading.count)
        while self._waiting and self._waiting[0] <= self.now:
            shown = DigitShown(self._reading.count - len(self._waiting), self._waiting.pop(0))
            self._reading.next_digit()
            opened = self._reading.painted(shown)
            assert opened is not None  # the times of a scene rise
            self._listener.open_window(opened)

    def _settle(self) -> None:
        while self._listener.step(0.0):
            pass

    def _take(self, event: Event) -> None:
        if isinstance(event, DigitHeard):
            self._reading.answered(event)

    def _over(self) -> bool:
        late = not self._waiting and self.now > self._reading.deadline()
        return self._reading.complete() or late


class Conversation:
    """A reader before the terminal: digits are shown as the visit paces them, and the reader answers them.

    The visit's own `Reading` says when the next digit comes, so a terminal that waits for a slow reader does
    so here. `ground`: the shop's noise, (n,); when it is over, so is the reading.
    """

    def __init__(
        self,
        reader: Reader,
        ground: Samples,
        recogniser: Recogniser,
        speech: SpeechSettings,
        limits: VisitSettings,
    ) -> None:
        self.now = 0.0
        asked = Challenge(id="", digits=reader.digits, gaps_s=reader.gaps_s, expires_unix=0.0)
        self._reader = reader
        self._sound = ground.copy()
        self._reading = Reading(asked, limits, False)
        self._listener = Listener(recogniser, speech, self._take, lambda: self.now)
        self._due = LEAD_S
        self._opens = max(0.0, LEAD_S - limits.digits.first_s)
        self._open = False
        self._free = 0.0  # the reader has finished what was said so far

    def hold(self) -> tuple[Scene, tuple[DigitHeard, ...]]:
        """What sounded and was shown, and what was heard of it."""
        for at in range(0, len(self._sound) - BLOCK, BLOCK):
            self._listener.feed(
                AudioBlock(self._sound[at : at + BLOCK].copy(), at // BLOCK, at / SAMPLE_RATE)
            )
            self.now = (at + BLOCK) / SAMPLE_RATE
            self._pace()
            while self._listener.step(0.0):
                pass
            if self._over():
                break
        shown = tuple(self._reading.shown)
        samples = np.clip(self._sound, -1.0, 1.0)
        return Scene(self._reader.speaker, self._reader.digits, shown, samples), tuple(
            self._reading.in_order()
        )

    def _pace(self) -> None:
        if not self._open and self.now >= self._opens:
            self._open = True
            self._listener.listen(self._reading.count)
        if self.now < self._due or (digit := self._reading.next_digit()) is None:
            return
        opened = self._reading.painted(DigitShown(digit.window, self.now))
        assert opened is not None
        self._listener.open_window(opened)
        self._due = self._reading.deadline()
        self._answer(self._reader.turns[digit.window])

    def _answer(self, turn: Turn) -> None:
        """From now on, or as soon as what was said before is over."""
        onset = max(self.now + turn[0].pause_s, self._free + BREATH_S) if turn else 0.0
        for i, said in enumerate(turn):
            onset = onset if i == 0 else self._free + said.pause_s
            begin = max(0, round(onset * SAMPLE_RATE) - said.sound.onset)
            piece = said.sound.samples[: max(0, len(self._sound) - begin)] * np.float32(self._reader.level)
            self._sound[begin : begin + len(piece)] += piece
            self._free = onset + (said.sound.end - said.sound.onset) / SAMPLE_RATE

    def _take(self, event: Event) -> None:
        if isinstance(event, DigitHeard) and self._reading.answered(event):
            self._due = self._reading.deadline()

    def _over(self) -> bool:
        last = len(self._reading.shown) == self._reading.count
        return self._reading.complete() or (last and self.now > self._due)


def converse(
    reader: Reader, ground: Samples, recogniser: Recogniser, speech: SpeechSettings, limits: VisitSettings
) -> tuple[Scene, tuple[DigitHeard, ...]]:
    """A reading as the terminal paces it, and what it hears."""
    return Conversation(reader, ground, recogniser, speech, limits).hold()


def longest_s(reader: Reader, limits: VisitSettings) -> float:
    """So long a reading lasts at most."""
    each = [gap + limits.digits.wait_s for gap in reader.gaps_s]
    return LEAD_S + sum(each) + patience_s(limits) + 1.0


def challenge(scene: Scene) -> Challenge:
    """The challenge of which the scene is the reading."""
    gaps = tuple(b - a for a, b in pairwise(scene.shown))
    return Challenge(id="", digits=scene.digits, gaps_s=(*gaps, 0.0), expires_unix=0.0)


def patience_s(limits: VisitSettings) -> float:
    """So long after the last digit was painted the visit waits for what was heard."""
    return limits.digits.last_s + LISTENER_PATIENCE_S


def play(
    scene: Scene, recogniser: Recogniser, speech: SpeechSettings, limits: VisitSettings
) -> tuple[DigitHeard, ...]:
    """What the terminal hears of a scene: one answer for each of its digits."""
    return Ear(scene, recogniser, speech, limits).hear()


def play_alone(
    scene: Scene, recogniser: Recogniser, speech: SpeechSettings, limits: VisitSettings
) -> DigitHeard:
    """What the terminal hears of a single clip; it waits until the clip is over, however long it is."""
    whole = len(scene.samples) / SAMPLE_RATE - scene.shown[0]
    patient = msgspec.structs.replace(limits, digits=msgspec.structs.replace(limits.digits, last_s=whole))
    return play(scene, recogniser, speech, patient)[0]


Player = Callable[[Scene], tuple[DigitHeard, ...]]
"""`play` with a recogniser and settings chosen."""


def _blocks(samples: Samples) -> Iterator[AudioBlock]:
    """The scene's blocks, then silence without end."""
    whole = np.pad(samples, (0, -len(samples) % BLOCK)).reshape(-1, BLOCK)
    for seq, piece in enumerate(whole):
        yield AudioBlock(samples=piece, seq=seq, at=seq * BLOCK / SAMPLE_RATE)
    silence, seq = np.zeros(BLOCK, np.float32), len(whole)
    while True:
        yield AudioBlock(samples=silence, seq=seq, at=seq * BLOCK / SAMPLE_RATE)
        seq += 1
