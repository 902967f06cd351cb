"""The ear: sound and windows in, one `DigitHeard` for each shown digit out.

Sound comes from the microphone's own thread through a bounded queue, orders from the engine through the same
one, so their order is kept; `run` is the work of the thread "speech". Time is the time of the audio; the
clock is asked only when no audio comes any more.
"""

import logging
import queue
import threading
from collections.abc import Callable

import msgspec
import numpy as np
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import EngineError
from kiosk.events import Event, WindowOpened
from kiosk.model import SAMPLE_RATE, AudioBlock
from kiosk.ports import Recogniser, Samples
from kiosk.settings import SpeechSettings
from kiosk.speech.audio_buffer import AudioBuffer
from kiosk.speech.digits import CLASSES
from kiosk.speech.display_windows import DisplayWindows, Voice
from kiosk.speech.endpoint import Endpointer, Segment
from kiosk.speech.pitch import pitch_hz

log = logging.getLogger(__name__)

QUEUE_BLOCKS = 150
"""Three seconds of 20 ms blocks may wait; then sound is lost, and said to be."""
FORESIGHT_S = 0.10
"""After so much silence the recogniser is asked already; if the silence lasts, the answer is there."""
DEAF_S = 0.5
"""So long after a window's end without any sound arriving, the window is told as lost."""
STALE_S = 0.5
"""The level meter falls to nothing when no block came for so long."""
SILENCE_DBFS = -120.0


class _Listen(Struct, frozen=True):
    count: int


class _Stop(Struct, frozen=True):
    pass


class _Forget(Struct, frozen=True):
    pass


_Item = AudioBlock | WindowOpened | _Listen | _Stop | _Forget


class Listener:
    """Give it blocks with `hear` and orders with the other methods, from any thread; none of them blocks."""

    def __init__(
        self,
        recogniser: Recogniser,
        settings: SpeechSettings,
        give: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._recogniser = recogniser
        self._settings = settings
        self._give = give
        self._clock = clock
        self._inbox: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._overflow = False
        self._level = (float("-inf"), SILENCE_DBFS)
        self._tape = AudioBuffer()
        self._endpointer = Endpointer(settings)
        self._windows: DisplayWindows | None = None
        self._expected_seq: int | None = None
        self._foreseen: tuple[float, Voice] | None = None

    # ── for everybody ────────────────────────────────────────────────────────────────────────────

    def hear(self, block: AudioBlock) -> None:
        """A block from the microphone. If too many wait already, it is lost, and the next one says so."""
        if self._inbox.qsize() >= QUEUE_BLOCKS:
            self._overflow = True
            return
        if self._overflow:
            self._overflow = False
            block = msgspec.structs.replace(block, lost=True)
        self._inbox.put(block)

    def listen(self, count: int) -> None:
        """A challenge of `count` digits begins."""
        self._inbox.put(_Listen(count))

    def window(self, opened: WindowOpened) -> None:
        """A digit was painted."""
        self._inbox.put(opened)

    def stop(self) -> None:
        """Close the ear; windows without an answer get none, the sound is overwritten."""
        self._inbox.put(_Stop())

    def forget(self) -> None:
        """Drop everything that was heard."""
        self._inbox.put(_Forget())

    def level_dbfs(self) -> float:
        """How loud it is now (RMS in 240–4000 Hz); −120 when no sound comes."""
        at, level = self._level
        return level if self._clock() - at < STALE_S else SILENCE_DBFS

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def run(self, stop: threading.Event) -> None:
        """Take blocks and orders until `stop` is set."""
        while not stop.is_set():
            if not self.step(0.1):
                self._notice_deafness()
        self._wipe()

    def step(self, wait_s: float) -> bool:
        """Take one block or order; False if none came within `wait_s`."""
        try:
            item = self._inbox.get(timeout=wait_s) if wait_s else self._inbox.get_nowait()
        except queue.Empty:
            return False
        self._take(item)
        return True

    def _take(self, item: _Item) -> None:
        match item:
            case AudioBlock():
                self._hear(item)
            case WindowOpened():
                if self._windows is not None:
                    self._windows.open(item)
            case _Listen(count):
                self._wipe()
                self._windows = DisplayWindows(count)
            case _Stop() | _Forget():
                self._wipe()

    def _wipe(self) -> None:
        """Nothing that was heard stays; the noise floor, a single number, does."""
        self._windows = None
        self._foreseen = None
        self._endpointer.cut()
        self._endpointer.wipe()
        self._tape.wipe()

    def _hear(self, block: AudioBlock) -> None:
        block = self._checked(block)
        if block.lost and self._windows is not None:
            self._windows.lose(block.at)
        segments = self._endpointer.feed(block.samples)
        self._level = (self._clock(), self._endpointer.level_dbfs)
        if self._windows is None:
            self._tape.skip(block)
            return
        self._tape.add(block)
        for segment in segments:
            self._windows.take(self._voice(segment))
        self._foresee()
        self._tell_due()

    def _checked(self, block: AudioBlock) -> AudioBlock:
        """A gap in the numbering, or samples that are no numbers, are lost sound; full scale is the most."""
        gap = self._expected_seq is not None and block.seq != self._expected_seq
        self._expected_seq = block.seq + 1
        finite = bool(np.isfinite(block.samples).all())
        loudest = float(np.abs(block.samples).max(initial=0.0)) if finite else 0.0
        if loudest <= 1.0 and finite and not gap:
            return block
        samples = np.clip(block.samples, -1.0, 1.0) if finite else np.zeros_like(block.samples)
        return msgspec.structs.replace(block, samples=samples, lost=block.lost or gap or not finite)

    def _foresee(self) -> None:
        """Ask the recogniser while the end of the voice is still being made sure of."""
        fading = self._endpointer.fading(FORESIGHT_S)
        if fading is None or (self._foreseen and self._foreseen[0] == fading.ended):
            return
        self._foreseen = (fading.ended, self._score(fading))

    def _voice(self, segment: Segment) -> Voice:
        if self._foreseen and self._foreseen[0] == segment.ended:
            return self._foreseen[1]
        return self._score(segment)

    def _score(self, segment: Segment) -> Voice:
        """The segment on the capture clock, with the recogniser's answer or its failure."""
        began, ended = _position(segment.began), _position(segment.ended)
        pad = round(self._settings.pad_s * SAMPLE_RATE)
        begin = max(began - pad, self._tape.oldest())
        behind = round(self._settings.end_silence_s * SAMPLE_RATE)
        samples = self._tape.cut(begin, ended + behind)
        scores, fault = self._ask(samples, began - begin)
        return Voice(
            began=self._tape.at(began),
            ended=self._tape.at(ended),
            level_dbfs=segment.level_dbfs,
            snr_db=segment.snr_db,
            clipped=segment.clipped,
            scores=scores,
            fault=fault,
            by=self._recogniser.name,
            pitch_hz=pitch_hz(samples[began - begin : ended - begin]),
        )

    def _ask(self, samples: Samples, onset: int) -> tuple[tuple[float, ...], Code | None]:
        try:
            scores = tuple(float(s) for s in self._recogniser.score(samples, onset))
            if len(scores) != CLASSES or not np.isfinite(scores).all():
                raise EngineError(Code.SPEECH_ENGINE_FAILED, "scores are not 11 finite numbers")
        except Exception:
            log.exception("the recogniser failed")
            return (), Code.SPEECH_ENGINE_FAILED
        return scores, None

    def _tell_due(self) -> None:
        assert self._windows is not None
        since = self._endpointer.open_since_s
        open_since = None if since is None else self._tape.at(_position(since))
        now = self._tape.at(_position(self._endpointer.heard_s))
        self._tell(self._windows, now, open_since)

    def _notice_deafness(self) -> None:
        """No sound comes: windows that are long over are told, with what is missing."""
        overdue = self._clock() - DEAF_S
        if self._windows is not None and self._level[0] < overdue:
            self._windows.lose(overdue)
            self._tell(self._windows, overdue, None)

    def _tell(self, windows: DisplayWindows, now: float, open_since: float | None) -> None:
        for window in windows.due(now, open_since):
            heard = window.tell(self._clock())
            self._give(msgspec.structs.replace(heard, floor_dbfs=self._endpointer.floor_dbfs))


def _position(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
