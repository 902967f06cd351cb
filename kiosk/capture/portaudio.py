"""PortAudio's process-wide state: the library, loaded late, and its device list, renewed when it can be.

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
    """Return the module `sounddevice`. Raises DeviceMissing(code) if PortAudio is not installed."""
    global _library
    with _lock:
        if _library is None:
            _library = _import_library(code)
        return _library


def _import_library(code: Code) -> ModuleType:
    try:
        import sounddevice
    except OSError as error:
        raise DeviceMissing(code, f"PortAudio: {error}") from None
    # Its own exit handler would wait for a hanging stream.
    atexit.unregister(sounddevice._exit_handler)
    atexit.register(_terminate_at_exit, sounddevice)
    module: ModuleType = sounddevice
    return module


def _terminate_at_exit(sounddevice: ModuleType) -> None:
    if _streams == 0:
        sounddevice._terminate()


def find(device: str | int, kind: str, code: Code) -> dict[str, Any]:
    """Return PortAudio's description of the device; "" is the system's default, a text a part of its name.

    `kind` is input or output. Raises DeviceMissing(code).
    """
    sounddevice = library(code)
    with _lock:
        try:
            if _streams == 0:
                # There is no public way; the two functions are what `import sounddevice` and its exit call.
                sounddevice._terminate()
                sounddevice._initialize()
            found: dict[str, Any] = sounddevice.query_devices(device if device != "" else None, kind)
        except (sounddevice.PortAudioError, ValueError) as error:
            raise DeviceMissing(code, f"{device or 'default'}: {error}") from None
    if found[f"max_{kind}_channels"] < 1:
        raise DeviceMissing(code, f"{device or 'default'}: has no {kind}")
    return found


def opened() -> None:
    """Count a stream that is about to be opened: the list of devices must not be renewed now."""
    global _streams
    with _lock:
        _streams += 1


def closed() -> None:
    """Count a stream that was closed, or could not be opened."""
    global _streams
    with _lock:
        _streams = max(0, _streams - 1)


def stale() -> bool:
    """Say whether a stream left behind still hangs: then the list of devices may be out of date."""
    return _hanging > 0


def close(stream: Any) -> bool:
    """Abort and close a stream, in at most `CLOSE_S`. Return False if it is left behind, hanging.

    Aborts, because `stop` can wait half a minute for a suspended source; and on a thread of its own, because
    even `abort` can wait for ever after the sound server was killed (libpulse 16 deadlocks in
    `pa_memimport_free`, seen in one of three kills). A stream left behind counts as open until it closes:
    as long as it hangs, terminating PortAudio would hang too, even at the end of the process.
    """
    closing = ClosingStream(stream)
    if Worker("portaudio-close", closing.close).start().stop(CLOSE_S):
        return True
    return not closing.give_up()


class ClosingStream:
    """A stream that is being closed on a thread of its own, and whether that was given up."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._over = False
        self._given_up = False

    def close(self, _: threading.Event) -> None:
        """Do the closing thread's work."""
        global _hanging
        try:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
        finally:
            with _lock:
                self._over = True
                _hanging -= self._given_up
                closed()

    def give_up(self) -> bool:
        """Leave the stream behind. Return False if it closed just now after all."""
        global _hanging
        with _lock:
            self._given_up = not self._over
            _hanging += self._given_up
            return self._given_up
