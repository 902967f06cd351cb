"""To which shown digit does a voice belong, and when has a window its answer? Pure.

One voice is a window's answer: the last that is probably a digit (嗯 … 三; 八, 三). What was told is told
again when another follows in the same window. Which digit is expected plays no part, so whoever says several
digits in one window has no more guesses than whoever says one.
"""

from math import log

from msgspec import Struct

from kiosk.codes import Code
from kiosk.events import WindowOpened
from kiosk.model import DigitHeard
from kiosk.speech.digits import OTHER

REACTION_S = 0.15
"""Nobody begins to say a digit sooner after it was painted (choice reaction to a numeral takes 0.3 s and
more), so such a voice still answers the digit before, if that one has no voice yet."""

ANSWER_S = 0.3
"""Sooner nobody has begun to say the digit that was painted (choice reaction to a numeral)."""

SURE = 0.8
"""Posterior of a digit from which on no later voice is waited for. 43 of 47 clips of two people reach it, of
25 made-up coughs none (0.50–0.58), of 25 made-up hums 18 (docs/decisions/0010)."""

FARTHER_DB = 6.0
"""A voice so much weaker than another of the same window comes from behind: twice as far away."""

PROBABLE = 0.5
"""Posterior from which on one digit is likelier than all else together."""


class Voice(Struct, frozen=True):
    """One voiced stretch on the capture clock, and what the recogniser says of it."""

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
        """Some digit is likelier than "no digit"."""
        return len(self.scores) > OTHER and max(self.scores[:OTHER]) > self.scores[OTHER]

    @property
    def probable(self) -> bool:
        return self.digit_like and self.best_digit >= log(PROBABLE)

    @property
    def sure(self) -> bool:
        return self.digit_like and self.best_digit >= log(SURE)

    @property
    def best_digit(self) -> float:
        return max(self.scores[:OTHER], default=float("-inf"))


class Window:
    """One shown digit and the voices that began while it was on the screen."""

    def __init__(self, opened: WindowOpened) -> None:
        self.number = opened.window
        self.at = opened.at
        self.closes = opened.closes
        self.voices: list[Voice] = []
        self.audio_lost = False
        self.told = False
        self.spoken_into = float("inf")  # a voice that lasts longer may hold the next digit, too
        self._told: Voice | None = None  # the answer that was told last

    def answer(self) -> Voice | None:
        """The last that is probably a digit, else the surest: people hum first, and correct themselves.

        Not one that is much weaker than another, which is somebody farther away; nor one that runs on into
        the next digit; and one that began sooner than anybody can react (the digit before, said once more)
        only where there is no other.
        """
        likely = [v for v in self.voices if v.digit_like]
        timely = [v for v in likely if self._timely(v)] or likely
        loudest = max((v.level_dbfs for v in timely), default=0.0)
        own = [v for v in timely if v.level_dbfs >= loudest - FARTHER_DB and v.probable]
        within = [v for v in own if v.ended <= self.spoken_into]
        if own:
            return within[-1] if within else own[0]
        return max(timely or self.voices, key=lambda v: v.best_digit, default=None)

    @property
    def mended(self) -> bool:
        """It was told, and another answer has come since."""
        return self.told and self.answer() is not self._told

    def tell(self, at: float) -> DigitHeard:
        """What to tell of this window at the time `at`; it counts as told from now on."""
        self.told, self._told = True, self.answer()
        return self.heard(at)

    @property
    def settled(self) -> bool:
        """Nothing better is waited for: a digit was surely heard, or the engine failed on it."""
        return any((v.sure and self._timely(v)) or v.fault for v in self.voices)

    def _timely(self, voice: Voice) -> bool:
        """Not begun before a person can have seen the digit; the first window has nothing before it."""
        return self.number == 0 or voice.began >= self.at + REACTION_S

    def heard(self, at: float) -> DigitHeard:
        """What to tell of this window at the time `at`."""
        voice = self.answer()
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


class DisplayWindows:
    """The windows of one challenge, in the order in which they were painted."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._opened: list[Window] = []
        self._lost_until = float("-inf")

    def open(self, opened: WindowOpened) -> None:
        """The next window; one that was not asked for is ignored."""
        if opened.window == len(self._opened) < self._count:
            window = Window(opened)
            window.audio_lost = self._lost_until > window.at
            if self._opened:
                self._opened[-1].spoken_into = window.at + ANSWER_S
            self._opened.append(window)

    def lose(self, until: float) -> None:
        """Sound is missing up to the time `until`: a window that still waits may have missed its voice."""
        self._lost_until = max(self._lost_until, until)
        for window in self._opened:
            if not window.told and window.at < until:
                window.audio_lost = True

    def owner(self, began: float) -> Window | None:
        """Whose answer a voice is that began then. Before the first digit: an early answer to it.

        None: nobody's, as one is that begins when the last window is over. (Music would hold it open.)
        """
        if not self._opened:
            return None
        index = max(0, sum(w.at <= began for w in self._opened) - 1)
        window = self._opened[index]
        if index > 0 and began < window.at + REACTION_S and self._waits(self._opened[index - 1]):
            return self._opened[index - 1]
        return window if began <= window.closes else None

    def take(self, voice: Voice) -> None:
        """Note a voice that has ended. One that was over before the first digit was painted is nobody's."""
        window = self.owner(voice.began)
        if window is not None and voice.ended > self._opened[0].at:
            window.voices.append(voice)

    def closing(self, window: Window) -> float:
        """When, in audio time, no voice can begin any more that belongs to the window."""
        following = window.number + 1
        if following < len(self._opened):
            return min(window.closes, self._opened[following].at + REACTION_S)
        return window.closes

    def due(self, now: float, open_since: float | None) -> list[Window]:
        """The windows to be told: settled, over at `now` with no voice going on that is theirs, or mended."""
        speaking = None if open_since is None else self.owner(open_since)

        def ready(w: Window) -> bool:
            return w.settled or (now >= self.closing(w) and w is not speaking)

        return [w for w in self._opened if (w.mended if w.told else ready(w))]

    @staticmethod
    def _waits(window: Window) -> bool:
        return not window.told and not window.settled
