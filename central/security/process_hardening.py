"""Protects the memory of central, which holds keys and opened requests, and binds workers to their manager.

No core file is written, and other programs of the same user cannot read the memory.
"""

import ctypes
import os
import resource
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4


def no_dumps() -> None:
    """Forbid core files and attaching to this process. Raises OSError if the system refuses."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def end_with_parent() -> None:
    """Let this process get SIGTERM when the process that started it ends, even if that was killed.

    Raises OSError if the system refuses.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(what: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(what, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
