"""Assign each voice to the displayed digit it answers, and decide when a window's answer is known. Pure.

A displayed digit opens a window. One voice is the window's answer: the last that is probably a digit
(嗯 … 三; 八, 三). An answer that was reported is reported again when another follows in the same window.
Which digit is expected plays no part, so several digits said in one window are no more guesses than one.
"""

from math import log

from msgspec import Struct

from kiosk.codes import Code
from kiosk.events import WindowOpened
from kiosk.model import DigitHeard
from kiosk.speech.digits import OTHER

REACTION_S = 0.15
"""No answer begins sooner after its digit was painted (choice reaction to a numeral takes 0.3 s and more), so
such a voice still answers the digit before, if that one has no voice yet."""

ANSWER_S = 0.3
"""From when on a voice may be the answer to the digit that was painted (choice reaction to a numeral)."""

SURE = 0.8
"""Posterior of a digit above which no later voice is waited for. 43 of 47 clips of two people reach it, of
25 made-up coughs none (0.50–0.58), of 25 made-up hums 18 (docs/decisions/0010)."""

FARTHER_DB = 6.0
"""A voice so much weaker than another of the same window comes from twice as far away: another person's."""

PROBABLE = 0.5
"""Posterior above which one digit is likelier than all else together."""


class ScoredVoice(Struct, frozen=True, kw_only=True):
    """One voiced stretch, in seconds of the capture clock, with the recogniser's scores."""

    began: float
    ended: float
    level_dbfs: float
    snr_db: float
    clipped: float
    scores: tuple[float, ...] = ()
    fault: Code | None = None
    pitch_hz: float | None = None
    by: str = ""

    @property
    def digit_like(self) -> bool:
        """True if some digit is likelier than "no digit"."""
        return len(self.scores) > OTHER and max(self.scores[:OTHER]) > self.scores[OTHER]

    @property
    def probable(self) -> bool:
        """True if one digit's posterior is at least `PROBABLE`."""
        return self.digit_like and self.best_digit >= log(PROBABLE)

    @property
    def sure(self) -> bool:
        """True if one digit's posterior is at least `SURE`."""
        return self.digit_like and self.best_digit >= log(SURE)

    @property
    def best_digit(self) -> float:
        """Log posterior of the likeliest digit."""
        return max(self.scores[:OTHER], default=float("-inf"))


class DisplayWindow:
    """One displayed digit and the voices that began while it was on the screen."""

    def __init__(self, opened: WindowOpened) -> None:
        self.number = opened.window
        self.at = opened.at
        self.closes = opened.closes
        self.voices: list[ScoredVoice] = []
        self.audio_lost = False
        self.reported = False
        self.next_answer_from = float("inf")  # a voice that lasts longer may hold the next digit, too
        self._reported_answer: ScoredVoice | None = None

    def answer(self) -> ScoredVoice | None:
        """Return the last voice that is probably a digit, else the surest one.

        People hum first, and correct themselves. Left out are a voice much weaker than another (a person
        farther away), one that runs on into the next digit, and one that began sooner than a person can react
        (the digit before, said once more), the last only where there is another.
        """
        digit_like = [v for v in self.voices if v.digit_like]
        timely = [v for v in digit_like if self._timely(v)] or digit_like
        loudest = max((v.level_dbfs for v in timely), default=0.0)
        candidates = [v for v in timely if v.level_dbfs >= loudest - FARTHER_DB and v.probable]
        within = [v for v in candidates if v.ended <= self.next_answer_from]
        if candidates:
            return within[-1] if within else candidates[0]
        return max(timely or self.voices, key=lambda v: v.best_digit, default=None)

    @property
    def revised(self) -> bool:
        """True if it was reported and has another answer since."""
        return self.reported and self.answer() is not self._reported_answer

    @property
    def settled(self) -> bool:
        """True if nothing better is waited for: a digit was surely heard, or the engine failed on it."""
        return any((v.sure and self._timely(v)) or v.fault for v in self.voices)

    def report(self, at: float) -> DigitHeard:
        """Return the event for this window at the time `at` and mark the window as reported."""
        voice = self.answer()
        self.reported, self._reported_answer = True, voice
        if voice is None:
            return DigitHeard(at=at, window=self.number, audio_lost=self.audio_lost)
        fault = next((v.fault for v in self.voices if v.fault), None)
        return DigitHeard(
            at=at,
            window=self.number,
            scores=voice.scores,
            began=voice.began,
            ended=voice.ended,
            level_dbfs=voice.level_dbfs,
            snr_db=voice.snr_db,
            clipped=voice.clipped,
            extra=len(self.voices) - 1,
            pitch_hz=voice.pitch_hz,
            audio_lost=self.audio_lost,
            fault=fault if not voice.digit_like else None,
            by=voice.by,
        )

    def _timely(self, voice: ScoredVoice) -> bool:
        """Return True if a person can have seen the digit before; the first window has no digit before it."""
        return self.number == 0 or voice.began >= self.at + REACTION_S


class DisplayWindows:
    """The windows of one challenge, in the order in which their digits were painted."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._windows: list[DisplayWindow] = []
        self._lost_until = float("-inf")

    def open(self, opened: WindowOpened) -> None:
        """Open the next window; one out of order or beyond the challenge is ignored."""
        if opened.window == len(self._windows) < self._count:
            window = DisplayWindow(opened)
            window.audio_lost = self._lost_until > window.at
            if self._windows:
                self._windows[-1].next_answer_from = window.at + ANSWER_S
            self._windows.append(window)

    def mark_lost(self, until: float) -> None:
        """Mark the windows that still wait: sound up to the time `until` is missing, perhaps their voice."""
        self._lost_until = max(self._lost_until, until)
        for window in self._windows:
            if not window.reported and window.at < until:
                window.audio_lost = True

    def window_of(self, began: float) -> DisplayWindow | None:
        """Return the window that a voice answers which began then; before the first digit the first window.

        None for no window's, as one that begins when the last window is over. (Music would hold it open.)
        """
        if not self._windows:
            return None
        index = max(0, sum(w.at <= began for w in self._windows) - 1)
        window = self._windows[index]
        if index > 0 and began < window.at + REACTION_S:
            before = self._windows[index - 1]
            if not before.reported and not before.settled:
                return before
        return window if began <= window.closes else None

    def add_voice(self, voice: ScoredVoice) -> None:
        """Add a voice that has ended; one that was over before the first digit was painted is ignored."""
        window = self.window_of(voice.began)
        if window is not None and voice.ended > self._windows[0].at:
            window.voices.append(voice)

    def due(self, now: float, open_since: float | None) -> list[DisplayWindow]:
        """Return the windows to report: settled, revised, or over at `now` with no voice of theirs going on.

        `open_since`: when the voice that goes on began, None if there is none.
        """
        speaking = None if open_since is None else self.window_of(open_since)

        def ready(window: DisplayWindow) -> bool:
            return window.settled or (now >= self._last_onset(window) and window is not speaking)

        return [w for w in self._windows if (w.revised if w.reported else ready(w))]

    def _last_onset(self, window: DisplayWindow) -> float:
        """Return from when on, in audio time, no voice can begin any more that answers the window."""
        following = window.number + 1
        if following < len(self._windows):
            return min(window.closes, self._windows[following].at + REACTION_S)
        return window.closes
