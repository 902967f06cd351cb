"""Runs the decoder of a clip apart from the worker: limits always, bubblewrap where it is installed.

In bubblewrap the decoder has no network, no capability, an empty /tmp, and read-only views of the
interpreter, its packages and its own file; without it the limits of process and clip still hold.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from verification import decoder_process
from verification.decoder_process import RECORD

WALL_S = 60.0
"""The longest time for a clip, with the work on its frames meanwhile; its CPU time is limited to 20 s."""
_PROGRAM = Path(decoder_process.__file__)
_MOST_PIXELS = decoder_process.LONGEST * decoder_process.LONGEST
_MOST_SAMPLES = 41 * decoder_process.SAMPLE_RATE


class ClipUnusable(Exception):  # noqa: N818
    """The clip cannot be decoded within the limits, or is not what a phone's recorder makes."""


class DecodedFrame(Struct, frozen=True, eq=False):
    """A frame of the video. `at`: seconds, container's clock; `picture`: BGR, None if it was skipped."""

    at: float
    picture: NDArray[np.uint8] | None


class DecodedSound(Struct, frozen=True, eq=False):
    """A piece of the sound, mono at 16 kHz, the first sample at `at`."""

    at: float
    samples: NDArray[np.float32]


def decode(clip: bytes, *, sandbox: bool) -> Iterator[DecodedFrame | DecodedSound]:
    """Yield frames and sound as they are decoded, each stream in order of time. Raises ClipUnusable.

    `sandbox`: run it in bubblewrap.
    """
    process = subprocess.Popen(
        _command(sandbox),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    feeder = threading.Thread(target=_feed, args=(process.stdin, clip), name="clip", daemon=True)
    timer = threading.Timer(WALL_S, process.kill)
    timer.daemon = True
    feeder.start()
    timer.start()
    try:
        yield from _records(process.stdout)
    finally:
        timer.cancel()
        process.kill()
        process.stdout.close()
        process.wait()
        feeder.join()


def sandbox_works() -> bool:
    """Return whether bubblewrap is installed and may make its namespaces here."""
    if shutil.which("bwrap") is None:
        return False
    trial = subprocess.run(
        [*_bubblewrap(), sys.executable, "-I", "-c", "import av, numpy"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return trial.returncode == 0


def _command(sandbox: bool) -> list[str]:
    program = [sys.executable, "-I", str(_PROGRAM)]
    return [*_bubblewrap(), *program] if sandbox else program


@cache
def _bubblewrap() -> tuple[str, ...]:
    seen = {"/usr", "/lib", "/lib64", "/bin", sys.prefix, sys.base_prefix, str(_PROGRAM)}
    seen |= {sysconfig.get_paths()[name] for name in ("purelib", "platlib", "stdlib")}
    binds = [part for path in sorted(seen) if os.path.exists(path) for part in ("--ro-bind", path, path)]
    return (
        shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--new-session",
        "--cap-drop", "ALL", "--clearenv", "--setenv", "OPENBLAS_NUM_THREADS", "1", *binds,
        "--proc", "/proc", "--dev", "/dev",
        "--tmpfs", "/tmp", "--chdir", "/",  # noqa: S108 - empty, and gone with the process
    )  # fmt: skip


def _feed(pipe: IO[bytes], clip: bytes) -> None:
    with suppress(OSError):  # a decoder that refuses does not read to the end
        pipe.write(clip)
    with suppress(OSError):
        pipe.close()


def _records(pipe: IO[bytes]) -> Iterator[DecodedFrame | DecodedSound]:
    while True:
        kind, at, width, height = RECORD.unpack(_exactly(pipe, RECORD.size))
        if kind == b"E":
            return
        if kind == b"T":
            yield DecodedFrame(at, None)
        elif kind == b"F" and 0 < width * height <= _MOST_PIXELS:
            data = _exactly(pipe, width * height * 3)
            yield DecodedFrame(at, np.frombuffer(data, np.uint8).reshape(height, width, 3))
        elif kind == b"S" and width <= _MOST_SAMPLES:
            yield DecodedSound(at, np.frombuffer(_exactly(pipe, width * 4), np.float32))
        else:
            raise ClipUnusable


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    """Return so many bytes. Raises ClipUnusable if the decoder ended before: killed, or out of limits."""
    data = pipe.read(count)
    if len(data) != count:
        raise ClipUnusable
    return data
