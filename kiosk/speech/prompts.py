"""Spoken prompts: clips by language and key, and the announcer that plays one at a time."""

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr
from msgspec import Struct

from kiosk.errors import DeviceError
from kiosk.events import Event, PromptEnded
from kiosk.model import SAMPLE_RATE
from kiosk.paths import RESOURCES
from kiosk.phrases import spoken_language
from kiosk.ports import Samples, Speaker
from kiosk.settings import SpeechSettings
from kiosk.speech.time_stretch import stretched

log = logging.getLogger(__name__)

FOLDER = RESOURCES / "sounds" / "prompts"
HINT = "hint_"
SAME_HINT_S = 8.0
OTHER_HINT_S = 3.0
"""A person needs so long to hear a hint, understand it and move; sooner it is nagging."""


def load_sound(path: Path) -> Samples:
    """A sound file as (n,) float32 at 16 kHz, channels averaged. Raises OSError, soundfile.SoundFileError."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono: Samples = sound.mean(axis=1)
    return mono if rate == SAMPLE_RATE else np.asarray(soxr.resample(mono, rate, SAMPLE_RATE), np.float32)


class Prompts:
    """Clips under `<folder>/<language>/<key>.ogg`, loaded when first said."""

    def __init__(self, folder: Path = FOLDER, speed: float = 1.0) -> None:
        self._folder = folder
        self._speed = speed
        self._loaded: dict[tuple[str, str], Samples | None] = {}

    def get(self, prompt: str, language: str) -> Samples | None:
        """The clip, or None: then the visit goes on silently, its text is on the screen."""
        key = (prompt, language)
        if key not in self._loaded:
            self._loaded[key] = self._load(prompt, language)
        return self._loaded[key]

    def _load(self, prompt: str, language: str) -> Samples | None:
        """`digits_retry.noisy` is said as `digits_retry` where there is no such clip."""
        for name in dict.fromkeys((prompt, prompt.partition(".")[0])):
            for spoken in (language, spoken_language(language)):
                path = self._folder / spoken / f"{name}.ogg"
                if path.is_file() and (clip := self._read(path)) is not None:
                    return clip
        log.warning("no prompt %s in %s", prompt, language)
        return None

    def _read(self, path: Path) -> Samples | None:
        try:
            return stretched(load_sound(path), self._speed)
        except (OSError, soundfile.SoundFileError) as error:
            log.warning("prompt %s cannot be read: %s", path.name, error)
            return None


class _Say(Struct, frozen=True):
    prompt: str
    language: str
    turn: int  # it is only played while no later prompt or silence was asked for


class Announcer:
    """Plays prompts one after the other; each ends in exactly one `PromptEnded`, whatever happened to it.

    `run` is the work of the thread "announcer"; the other methods may be called from any thread and return
    at once. A new prompt cuts the one that is playing short; a hint (`hint_…`) waits for nobody and cuts
    nobody short: it is left out while anything is said, and soon after the last hint.
    """

    def __init__(
        self,
        speaker: Speaker,
        give: Callable[[Event], None],
        settings: SpeechSettings,
        clock: Callable[[], float],
        prompts: Prompts | None = None,
    ) -> None:
        self._speaker = speaker
        self._give = give
        self._volume = settings.volume
        self._clock = clock
        self._prompts = prompts or Prompts(speed=settings.speed)
        self._waiting: queue.SimpleQueue[_Say] = queue.SimpleQueue()
        self._open = False
        self._lock = threading.Lock()
        self._playing = False
        self._turn = 0
        self._due = 0  # prompts that were asked for and are not over
        self._hinted = ("", float("-inf"))  # the last hint, and when it was given

    def say(self, prompt: str, language: str) -> None:
        """Say it; what is being said is cut short. `PromptEnded` comes in the order of the calls."""
        with self._lock:
            hint = prompt.startswith(HINT)
            left_out = hint and not self._may_hint(prompt)
            if not left_out:
                if not hint:
                    self._cut_short()
                self._due += 1
                self._waiting.put(_Say(prompt, language, self._turn))
        if left_out:
            self._give(PromptEnded(prompt, self._clock()))

    def _may_hint(self, prompt: str) -> bool:
        """Under the lock: nothing is being said, and the last hint is some seconds ago."""
        last, at = self._hinted
        now = self._clock()
        if self._due or now - at < (SAME_HINT_S if prompt == last else OTHER_HINT_S):
            return False
        self._hinted = (prompt, now)
        return True

    def stop(self) -> None:
        """Silence: what is being said and what waits to be said ends now (each with its `PromptEnded`)."""
        with self._lock:
            self._cut_short()

    def run(self, stop: threading.Event) -> None:
        """Say what waits until `stop` is set."""
        while not stop.is_set():
            try:
                say = self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            self._say(say)
        self._close()

    def _say(self, say: _Say) -> None:
        clip = self._prompts.get(say.prompt, say.language)
        with self._lock:
            self._playing = say.turn == self._turn
        if self._playing:
            self._play(clip)
        with self._lock:
            self._playing = False
            self._due -= 1
        self._give(PromptEnded(say.prompt, self._clock()))

    def _cut_short(self) -> None:
        """Under the lock: a stop must hit what plays or waits, never the prompt after it."""
        self._turn += 1
        if self._playing:
            self._speaker.stop()

    def _play(self, clip: Samples | None) -> None:
        """Without clip or loudspeaker there is silence; that is no reason to stop a visit."""
        if clip is None:
            return
        try:
            self._ensure_open()
            self._speaker.play(np.clip(clip * self._volume, -1.0, 1.0))
        except DeviceError as error:
            log.warning("nothing can be said: %s", error)
            self._close()
        except Exception:
            log.exception("the loudspeaker's driver failed")
            self._close()

    def _ensure_open(self) -> None:
        if not self._open:
            self._speaker.open()
            self._open = True

    def _close(self) -> None:
        self._open = False
        self._speaker.close()
