"""Turn sound and display windows into one `DigitHeard` for each displayed digit.

Sound comes from the microphone's own thread through a bounded queue, commands from the engine through the
same one, so their order is kept; `run` is the work of the thread "speech". Time is the time of the audio; the
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
from kiosk.speech.display_windows import DisplayWindows, ScoredVoice
from kiosk.speech.endpoint import Endpointer, VoiceSegment
from kiosk.speech.pitch import pitch_hz

log = logging.getLogger(__name__)

QUEUE_BLOCKS = 150
"""Three seconds of 20 ms blocks may wait; then sound is lost, and marked as lost."""
EARLY_SCORE_S = 0.10
"""After so much silence the recogniser is asked already; if the silence lasts, the answer is there."""
NO_SOUND_S = 0.5
"""So long after a window's end without any sound arriving, the window is reported as lost."""
STALE_S = 0.5
"""The level meter falls to nothing when no block came for so long."""
SILENCE_DBFS = -120.0


class _StartListening(Struct, frozen=True):
    count: int


class _StopListening(Struct, frozen=True):
    pass


class _DiscardSound(Struct, frozen=True):
    pass


_Input = AudioBlock | WindowOpened | _StartListening | _StopListening | _DiscardSound


class Listener:
    """Recognition of one challenge's digits. `feed` and the commands never block and suit any thread."""

    def __init__(
        self,
        recogniser: Recogniser,
        settings: SpeechSettings,
        *,
        post: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._recogniser = recogniser
        self._settings = settings
        self._post = post
        self._clock = clock
        self._inbox: queue.SimpleQueue[_Input] = queue.SimpleQueue()
        self._overflow = False
        self._level = (float("-inf"), SILENCE_DBFS)
        self._buffer = AudioBuffer()
        self._endpointer = Endpointer(settings)
        self._windows: DisplayWindows | None = None
        self._expected_seq: int | None = None
        self._early_score: tuple[float, ScoredVoice] | None = None  # end of the voice, the voice

    # ── from any thread ──────────────────────────────────────────────────────────────────────────

    def feed(self, block: AudioBlock) -> None:
        """Queue a block of sound. If too many wait already, it is lost and the next one is marked."""
        if self._inbox.qsize() >= QUEUE_BLOCKS:
            self._overflow = True
            return
        if self._overflow:
            self._overflow = False
            block = msgspec.structs.replace(block, lost=True)
        self._inbox.put(block)

    def listen(self, count: int) -> None:
        """Begin a challenge of `count` digits."""
        self._inbox.put(_StartListening(count))

    def open_window(self, opened: WindowOpened) -> None:
        """Open the window of a digit that was painted."""
        self._inbox.put(opened)

    def stop(self) -> None:
        """Stop listening: windows without an answer get none, the sound is overwritten."""
        self._inbox.put(_StopListening())

    def forget(self) -> None:
        """Discard all sound that is held."""
        self._inbox.put(_DiscardSound())

    def level_dbfs(self) -> float:
        """Return the present level (RMS in 240–4000 Hz); −120 when no sound comes."""
        at, level = self._level
        return level if self._clock() - at < STALE_S else SILENCE_DBFS

    # ── the thread "speech" ──────────────────────────────────────────────────────────────────────

    def run(self, stop: threading.Event) -> None:
        """Process blocks and commands until `stop` is set."""
        while not stop.is_set():
            if not self.step(0.1):
                self._check_for_silence()
        self._clear()

    def step(self, timeout: float) -> bool:
        """Process one block or command; return False if none came within `timeout` seconds."""
        try:
            item = self._inbox.get(timeout=timeout) if timeout else self._inbox.get_nowait()
        except queue.Empty:
            return False
        match item:
            case AudioBlock():
                self._process(item)
            case WindowOpened():
                if self._windows is not None:
                    self._windows.open(item)
            case _StartListening():
                self._clear()
                self._windows = DisplayWindows(item.count)
            case _StopListening() | _DiscardSound():
                self._clear()
        return True

    def _clear(self) -> None:
        """Discard all that was heard, except the noise floor, which is a single number."""
        self._windows = None
        self._early_score = None
        self._endpointer.reset()
        self._endpointer.clear()
        self._buffer.clear()

    def _process(self, block: AudioBlock) -> None:
        block = self._sanitised(block)
        if block.lost and self._windows is not None:
            self._windows.mark_lost(block.at)
        segments = self._endpointer.feed(block.samples)
        self._level = (self._clock(), self._endpointer.level_dbfs)
        if self._windows is None:
            self._buffer.discard(block)
            return
        self._buffer.append(block)
        for segment in segments:
            early = self._early_score
            known = early[1] if early and early[0] == segment.ended else None
            self._windows.add_voice(known or self._score(segment))
        self._score_early()
        since = self._endpointer.open_since_s
        open_since = None if since is None else self._buffer.time_at(_position(since))
        now = self._buffer.time_at(_position(self._endpointer.processed_s))
        self._report_due(self._windows, now, open_since)

    def _sanitised(self, block: AudioBlock) -> AudioBlock:
        """Mark a gap in the numbering and samples that are no numbers as lost sound; clip to full scale."""
        gap = self._expected_seq is not None and block.seq != self._expected_seq
        self._expected_seq = block.seq + 1
        finite = bool(np.isfinite(block.samples).all())
        loudest = float(np.abs(block.samples).max(initial=0.0)) if finite else 0.0
        if loudest <= 1.0 and finite and not gap:
            return block
        samples = np.clip(block.samples, -1.0, 1.0) if finite else np.zeros_like(block.samples)
        return msgspec.structs.replace(block, samples=samples, lost=block.lost or gap or not finite)

    def _score_early(self) -> None:
        """Ask the recogniser while the end of the voice is still uncertain."""
        segment = self._endpointer.provisional(EARLY_SCORE_S)
        if segment is None or (self._early_score and self._early_score[0] == segment.ended):
            return
        self._early_score = (segment.ended, self._score(segment))

    def _score(self, segment: VoiceSegment) -> ScoredVoice:
        """Return the segment on the capture clock, with the recogniser's scores or its failure."""
        began, ended = _position(segment.began), _position(segment.ended)
        pad = round(self._settings.pad_s * SAMPLE_RATE)
        begin = max(began - pad, self._buffer.start)
        behind = round(self._settings.end_silence_s * SAMPLE_RATE)
        samples = self._buffer.cut(begin, ended + behind)
        scores, fault = self._recognise(samples, began - begin)
        return ScoredVoice(
            began=self._buffer.time_at(began),
            ended=self._buffer.time_at(ended),
            level_dbfs=segment.level_dbfs,
            snr_db=segment.snr_db,
            clipped=segment.clipped,
            scores=scores,
            fault=fault,
            by=self._recogniser.name,
            pitch_hz=pitch_hz(samples[began - begin : ended - begin]),
        )

    def _recognise(self, samples: Samples, onset: int) -> tuple[tuple[float, ...], Code | None]:
        try:
            scores = tuple(float(s) for s in self._recogniser.score(samples, onset))
            if len(scores) != CLASSES or not np.isfinite(scores).all():
                raise EngineError(Code.SPEECH_ENGINE_FAILED, "scores are not 11 finite numbers")
        except Exception:
            log.exception("the recogniser failed")
            return (), Code.SPEECH_ENGINE_FAILED
        return scores, None

    def _check_for_silence(self) -> None:
        """If no sound comes any more, report the windows that are long over, as lost."""
        overdue = self._clock() - NO_SOUND_S
        if self._windows is not None and self._level[0] < overdue:
            self._windows.mark_lost(overdue)
            self._report_due(self._windows, overdue, None)

    def _report_due(self, windows: DisplayWindows, now: float, open_since: float | None) -> None:
        for window in windows.due(now, open_since):
            heard = window.report(self._clock())
            self._post(msgspec.structs.replace(heard, floor_dbfs=self._endpointer.floor_dbfs))


def _position(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
