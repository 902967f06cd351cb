"""Play spoken prompts: clips by language and key, one at a time."""

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
from kiosk.speech.time_stretch import time_stretch

log = logging.getLogger(__name__)

FOLDER = RESOURCES / "sounds" / "prompts"
HINT_PREFIX = "hint_"
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

    def __init__(self, folder: Path = FOLDER, speed: float = 1.0) -> None:
        self._folder = folder
        self._speed = speed
        self._loaded: dict[tuple[str, str], Samples | None] = {}

    def get(self, prompt: str, language: str) -> Samples | None:
        """Return the clip ((n,) float32, 16 kHz); None if there is none: its text is on the screen."""
        key = (prompt, language)
        if key not in self._loaded:
            self._loaded[key] = self._load(prompt, language)
        return self._loaded[key]

    def _load(self, prompt: str, language: str) -> Samples | None:
        """Load the clip; `digits_retry.noisy` falls back to `digits_retry`. None if there is none."""
        for name in dict.fromkeys((prompt, prompt.partition(".")[0])):
            for spoken in (language, spoken_language(language)):
                path = self._folder / spoken / f"{name}.ogg"
                if path.is_file() and (clip := self._read(path)) is not None:
                    return clip
        log.warning("no prompt %s in %s", prompt, language)
        return None

    def _read(self, path: Path) -> Samples | None:
        try:
            return time_stretch(load_sound(path), self._speed)
        except (OSError, soundfile.SoundFileError) as error:
            log.warning("prompt %s cannot be read: %s", path.name, error)
            return None


class _QueuedPrompt(Struct, frozen=True):
    prompt: str
    language: str
    generation: int  # it is only played while no later prompt or silence was asked for


class Announcer:
    """Player of prompts, one after the other; each ends in exactly one `PromptEnded`, played or not.

    `run` is the work of the thread "announcer"; the other methods may be called from any thread and return
    at once. A new prompt cuts the one that is playing short. A hint (`hint_…`) neither waits nor cuts short:
    it is left out while anything is played, and soon after the last hint.
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
        self._prompts = prompts or Prompts(speed=settings.speed)
        self._waiting: queue.SimpleQueue[_QueuedPrompt] = queue.SimpleQueue()
        self._open = False
        self._lock = threading.Lock()
        self._playing = False
        self._generation = 0
        self._unfinished = 0  # prompts that were asked for and are not over
        self._last_hint = ("", float("-inf"))  # and when it was given

    def say(self, prompt: str, language: str) -> None:
        """Play a prompt and cut short what is playing. `PromptEnded` comes in the order of the calls."""
        with self._lock:
            is_hint = prompt.startswith(HINT_PREFIX)
            left_out = is_hint and not self._may_hint(prompt)
            if not left_out:
                if not is_hint:
                    self._cut_short()
                self._unfinished += 1
                self._waiting.put(_QueuedPrompt(prompt, language, self._generation))
        if left_out:
            self._post(PromptEnded(prompt, self._clock()))

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
        clip = self._prompts.get(queued.prompt, queued.language)
        with self._lock:
            self._playing = queued.generation == self._generation
        if self._playing:
            self._play(clip)
        with self._lock:
            self._playing = False
            self._unfinished -= 1
        self._post(PromptEnded(queued.prompt, self._clock()))

    def _cut_short(self) -> None:
        """Cancel what plays or waits. Holds the lock: a stop must never hit the prompt after it."""
        self._generation += 1
        if self._playing:
            self._speaker.stop()

    def _play(self, clip: Samples | None) -> None:
        """Play the clip. Without clip or loudspeaker there is silence, which is no reason to stop a visit."""
        if clip is None:
            return
        try:
            if not self._open:
                self._speaker.open()
                self._open = True
            self._speaker.play(np.clip(clip * self._volume, -1.0, 1.0))
        except DeviceError as error:
            log.warning("the prompt cannot be played: %s", error)
            self._close()
        except Exception:
            log.exception("the loudspeaker's driver failed")
            self._close()

    def _close(self) -> None:
        self._open = False
        self._speaker.close()
