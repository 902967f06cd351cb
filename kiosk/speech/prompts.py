"""Play spoken prompts: clips by language and key, one at a time."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceError
from kiosk.events import READ_ALOUD, Event, PromptEnded
from kiosk.model import SAMPLE_RATE
from kiosk.paths import RESOURCES
from kiosk.phrases import spoken_language
from kiosk.ports import Samples, Speaker
from kiosk.read_aloud import FOLDER as PAGES
from kiosk.read_aloud import LOUD_ENOUGH, OTHER_WORDS, STEPS, voices
from kiosk.settings import SpeechSettings
from kiosk.speech.time_stretch import time_stretch

log = logging.getLogger(__name__)

FOLDER = RESOURCES / "sounds" / "prompts"
CHIME = RESOURCES / "sounds" / "chime.ogg"
"""Calls the clerk; made by `training/voices/chime.py`."""
HINT_PREFIX = "hint_"
STEP_DB = 4.0
"""By how much a step changes the volume (`kiosk.read_aloud.STEPS`)."""
SAME_HINT_S = 8.0
OTHER_HINT_S = 3.0
"""A person needs so long to hear a hint, understand it and move; sooner it would only annoy."""


def load_sound(path: Path) -> Samples:
    """Read a sound file as (n,) float32 at 16 kHz, channels averaged.

    Raises OSError, soundfile.SoundFileError.
    """
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono: Samples = sound.mean(axis=1)
    return mono if rate == SAMPLE_RATE else np.asarray(soxr.resample(mono, rate, SAMPLE_RATE), np.float32)


class Prompts:
    """Clips under `<folder>/<language>/<key>.ogg`, loaded when first needed."""

    def __init__(
        self,
        folder: Path = FOLDER,
        speed: float = 1.0,
        unhurried_speed: float = 1.0,
        *,
        pages: Path = PAGES,
        operator: Path | None = None,
    ) -> None:
        """`pages`: clips of what stands on the pages. `operator`: the site's own, `<language>.ogg`."""
        self._folder = folder
        self._pages = pages
        self._operator = operator
        self._speeds = {False: speed, True: min(speed, unhurried_speed)}
        self._loaded: dict[tuple[str, str, str, bool], Samples | None] = {}

    def get(self, prompt: str, language: str, *, unhurried: bool = False, voice: str = "") -> Samples | None:
        """Return the clip ((n,) float32, 16 kHz); None if there is none: its text is on the screen.

        `voice`: another spoken language that was chosen; without a clip in it the language's own is taken.
        """
        key = (prompt, language, voice, unhurried)
        if key not in self._loaded:
            names = dict.fromkeys((prompt, prompt.partition(".")[0]))
            paths = [self._folder / spoken / f"{n}.ogg" for n in names for spoken in _spoken(language, voice)]
            self._loaded[key] = self._first(paths, self._speeds[unhurried])
            if self._loaded[key] is None:
                log.warning("no prompt %s in %s", prompt, language)
        return self._loaded[key]

    def page(self, clip: str, language: str, *, unhurried: bool = False, voice: str = "") -> Samples | None:
        """Return a clip of a page that is read aloud; it is not kept, since there are hundreds."""
        spoken, speed = _spoken(language, voice), self._speeds[unhurried]
        found = self._first([self._pages / one / f"{clip}.ogg" for one in spoken], speed)
        if found is None or clip not in OTHER_WORDS or self._operator is None:
            return found
        name = self._first([self._operator / f"{one}.ogg" for one in spoken], speed)
        return found if name is None else np.concatenate([found, name])

    def chime(self) -> Samples | None:
        """Return the sound that calls the clerk; None if it cannot be read."""
        return self._read(CHIME, 1.0)

    def _first(self, paths: list[Path], speed: float) -> Samples | None:
        """Load the first of the files that can be read."""
        for path in paths:
            if path.is_file() and (clip := self._read(path, speed)) is not None:
                return clip
        return None

    def _read(self, path: Path, speed: float) -> Samples | None:
        try:
            return time_stretch(load_sound(path), speed)
        except (OSError, soundfile.SoundFileError) as error:
            log.warning("prompt %s cannot be read: %s", path.name, error)
            return None


def _spoken(language: str, voice: str) -> list[str]:
    """Return the languages in which clips for `language` are looked for, the first choice first."""
    chosen = [voice] if voice in voices(language) else []
    return [*chosen, language, spoken_language(language)]


class _QueuedPrompt(Struct, frozen=True):
    prompt: str
    language: str
    generation: int  # it is only played while no later prompt or silence was asked for
    done: Callable[[Code], None] = lambda _: None
    unhurried: bool = False
    page: int = -1  # number of the clip in the page that is read; negative: a prompt


class _Page(Struct):
    """Page that is read aloud, and which of its clips is played."""

    clips: tuple[str, ...]
    language: str
    unhurried: bool
    generation: int
    at: int = 0


class Announcer:
    """Player of prompts, one after the other; each ends in exactly one `PromptEnded`, played or not.

    `run` is the work of the thread "announcer"; the other methods may be called from any thread and return
    at once. A new prompt cuts the one that is playing short. A hint (`hint_…`) neither waits nor cuts short:
    it is left out while anything is played, and soon after the last hint. The chime is never cut short, nor
    made softer: what is said next waits for it. A page is read clip by clip, and any prompt ends it.
    """

    def __init__(
        self,
        speaker: Speaker,
        *,
        post: Callable[[Event], None],
        settings: SpeechSettings,
        clock: Callable[[], float],
        prompts: Prompts | None = None,
    ) -> None:
        self._speaker = speaker
        self._post = post
        self._volume = settings.volume
        self._clock = clock
        self._prompts = prompts or Prompts(
            speed=settings.speed,
            unhurried_speed=settings.unhurried_speed,
            operator=Path(settings.operator_clips) if settings.operator_clips else None,
        )
        self._steps, self._voice = 0, ""
        self._page: _Page | None = None  # that is read aloud
        self._waiting: queue.SimpleQueue[_QueuedPrompt] = queue.SimpleQueue()
        self._open = False
        self._lock = threading.Lock()
        self._playing = False
        self._generation = 0
        self._unfinished = 0  # prompts that were asked for and are not over
        self._last_hint = ("", float("-inf"))  # and when it was given

    def say(
        self,
        prompt: str,
        language: str,
        done: Callable[[Code], None] = lambda _: None,
        *,
        unhurried: bool = False,
    ) -> None:
        """Play a prompt and cut short what is playing. `PromptEnded` comes in the order of the calls.

        `done` is called with what came of it: OK if the loudspeaker took all of it. `unhurried`: more slowly.
        """
        with self._lock:
            is_hint = prompt.startswith(HINT_PREFIX)
            left_out = is_hint and not self._may_hint(prompt)
            if not left_out:
                if not is_hint:
                    self._cut_short()
                self._unfinished += 1
                self._waiting.put(_QueuedPrompt(prompt, language, self._generation, done, unhurried))
        if left_out:
            self._post(PromptEnded(prompt, self._clock()))

    def read(self, clips: Sequence[str], language: str, *, unhurried: bool = False) -> None:
        """Read a page aloud and cut short what is playing; `PromptEnded` comes if it was read to its end."""
        with self._lock:
            self._cut_short()
            self._page = _Page(tuple(clips), language, unhurried, self._generation)
            self._queue_page()

    def stop_reading(self) -> None:
        """End reading aloud, and nothing else that is said."""
        with self._lock:
            if self._reads:
                self._cut_short()

    def choose_sound(self, steps: int, voice: str, language: str = "") -> None:
        """Speak by steps of `STEP_DB` louder than the site's settings, or softer, and in another language.

        What is being read goes on so from the beginning of its sentence. Otherwise a sentence in `language`
        shows how loud it is; none if that is empty.
        """
        with self._lock:
            self._steps, self._voice = max(STEPS[0], min(STEPS[-1], steps)), voice
            page = self._page
            if page is not None and self._reads:
                self._cut_short()
                page.generation = self._generation
                self._queue_page()
                return
        if language:
            self.read((LOUD_ENOUGH,), language)

    @property
    def _reads(self) -> bool:
        """Whether a page is read aloud now. Holds the lock."""
        return self._page is not None and self._page.generation == self._generation

    def _queue_page(self) -> None:
        """Queue the clips of the page from the present one on. Holds the lock."""
        page = self._page
        assert page is not None
        for number in range(page.at, len(page.clips)):
            self._unfinished += 1
            self._waiting.put(
                _QueuedPrompt(
                    page.clips[number],
                    page.language,
                    page.generation,
                    unhurried=page.unhurried,
                    page=number,
                )
            )

    def ring(self) -> None:
        """Play the chime and cut short what else is playing; `PromptEnded` names it "chime"."""
        with self._lock:
            self._cut_short()
            self._unfinished += 1
            self._waiting.put(_QueuedPrompt(CHIME.stem, "", self._generation))

    def _may_hint(self, prompt: str) -> bool:
        """Return True if nothing is playing and the last hint is some seconds ago. Holds the lock."""
        last, at = self._last_hint
        now = self._clock()
        if self._unfinished or now - at < (SAME_HINT_S if prompt == last else OTHER_HINT_S):
            return False
        self._last_hint = (prompt, now)
        return True

    def stop(self) -> None:
        """End now what is playing and what waits to be played, each with its `PromptEnded`."""
        with self._lock:
            self._cut_short()

    def run(self, stop: threading.Event) -> None:
        """Play what waits until `stop` is set."""
        while not stop.is_set():
            try:
                queued = self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            self._play_queued(queued)
        self._close()

    def _play_queued(self, queued: _QueuedPrompt) -> None:
        chime = queued.prompt == CHIME.stem
        clip = self._prompts.chime() if chime else self._clip(queued)
        with self._lock:
            current = queued.generation == self._generation
            self._playing = current and not chime
            if current and queued.page >= 0 and self._page is not None:
                self._page.at = queued.page
            gain = self._volume * 10 ** (0.0 if chime else self._steps * STEP_DB / 20)
        code = self._play(clip, gain) if current or chime else Code.SPEAKER_MISSING
        with self._lock:
            self._playing = False
            self._unfinished -= 1
            prompt = self._ended(queued)
        if prompt is not None:
            self._post(PromptEnded(prompt, self._clock()))
        queued.done(code)

    def _clip(self, queued: _QueuedPrompt) -> Samples | None:
        find = self._prompts.get if queued.page < 0 else self._prompts.page
        return find(queued.prompt, queued.language, unhurried=queued.unhurried, voice=self._voice)

    def _ended(self, queued: _QueuedPrompt) -> str | None:
        """Return the prompt that is over now; None while a page is read. Holds the lock."""
        if queued.page < 0:
            return queued.prompt
        page = self._page
        if page is None or queued.generation != self._generation:
            return None
        page.at = queued.page + 1
        if page.at < len(page.clips):
            return None
        self._page = None
        return READ_ALOUD

    def _cut_short(self) -> None:
        """Cancel what plays or waits. Holds the lock: a stop must never hit the prompt after it."""
        self._generation += 1
        if self._playing:
            self._speaker.stop()

    def _play(self, clip: Samples | None, gain: float) -> Code:
        """Play the clip. Without clip or loudspeaker there is silence, which is no reason to stop a visit."""
        if clip is None:
            return Code.SPEAKER_MISSING
        try:
            if not self._open:
                self._speaker.open()
                self._open = True
            self._speaker.play(np.clip(clip * gain, -1.0, 1.0))
        except DeviceError as error:
            log.warning("the prompt cannot be played: %s", error)
            self._close()
            return error.code
        except Exception:
            log.exception("the loudspeaker's driver failed")
            self._close()
            return Code.SPEAKER_MISSING
        return Code.OK

    def _close(self) -> None:
        self._open = False
        self._speaker.close()
