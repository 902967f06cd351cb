"""PortAudio's process-wide state: one library, loaded late, its device list renewed when nobody uses it.

PortAudio looks for devices only while it initialises, so a microphone that was plugged in later stays unseen
until it is terminated and initialised again, which would kill every open stream. Hence the count.
"""

import atexit
import threading
from types import ModuleType
from typing import Any

from kiosk.codes import Code
from kiosk.errors import DeviceMissing
from kiosk.worker import Worker

CLOSE_S = 2.0

_lock = threading.RLock()
_streams = 0
_hanging = 0  # of them, those that were given up
_library: ModuleType | None = None


def library(code: Code) -> ModuleType:
    """The module `sounddevice`. Raises DeviceMissing(code) where the PortAudio library is not installed."""
    global _library
    with _lock:
        if _library is None:
            _library = _loaded(code)
        return _library


def _loaded(code: Code) -> ModuleType:
    """Loads it, and puts our own farewell in the place of its own, which would wait for a hanging stream."""
    try:
        import sounddevice
    except OSError as error:
        raise DeviceMissing(code, f"PortAudio: {error}") from None
    atexit.unregister(sounddevice._exit_handler)
    atexit.register(_leave, sounddevice)
    module: ModuleType = sounddevice
    return module


def _leave(sounddevice: ModuleType) -> None:
    if _streams == 0:
        sounddevice._terminate()


def find(device: str | int, kind: str, code: Code) -> dict[str, Any]:
    """What PortAudio says of the device now; "" is the system's default, a text a part of its name.

    `kind` is input or output. Raises DeviceMissing(code).
    """
    sounddevice = library(code)
    with _lock:
        try:
            _renew(sounddevice)
            found: dict[str, Any] = sounddevice.query_devices(device if device != "" else None, kind)
        except (sounddevice.PortAudioError, ValueError) as error:
            raise DeviceMissing(code, f"{device or 'default'}: {error}") from None
    if found[f"max_{kind}_channels"] < 1:
        raise DeviceMissing(code, f"{device or 'default'}: has no {kind}")
    return found


def opened() -> None:
    """A stream is about to be opened: the list of devices must not be renewed now."""
    global _streams
    with _lock:
        _streams += 1


def closed() -> None:
    """A stream was closed, or could not be opened."""
    global _streams
    with _lock:
        _streams = max(0, _streams - 1)


def stale() -> bool:
    """A stream that was given up hangs still: the list of devices cannot be renewed, and may be wrong."""
    return _hanging > 0


def close(stream: Any) -> bool:
    """Abort and close a stream, in at most `CLOSE_S`; False if it is left behind, hanging.

    Aborts, because `stop` can wait half a minute for a suspended source; and on a thread of its own, because
    even `abort` can wait for ever after the sound server was killed (libpulse 16 deadlocks in
    `pa_memimport_free`, seen in one of three kills). A stream left behind counts as open until it closes:
    as long as it hangs, terminating PortAudio would hang too, even at the end of the process.
    """
    left = _Left(stream)
    if Worker("portaudio-close", left.close).start().stop(CLOSE_S):
        return True
    return not left.give_up()


class _Left:
    """A stream on its way out, and whether somebody still waits for it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._over = False
        self._given_up = False

    def close(self, _: threading.Event) -> None:
        try:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
        finally:
            self._note_over()

    def give_up(self) -> bool:
        """False if it closed after all, just now."""
        global _hanging
        with _lock:
            self._given_up = not self._over
            _hanging += self._given_up
            return self._given_up

    def _note_over(self) -> None:
        global _hanging
        with _lock:
            self._over = True
            _hanging -= self._given_up
            closed()


def _renew(sounddevice: ModuleType) -> None:
    """There is no public way; the two functions are what `import sounddevice` and its exit call."""
    if _streams == 0:
        sounddevice._terminate()
        sounddevice._initialize()
