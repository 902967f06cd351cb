"""Protects the memory of central, which holds keys and opened requests.

No core file is written, and other programs of the same user cannot read the memory.
"""

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4


def no_dumps() -> None:
    """Forbid core files and attaching to this process. Raises OSError if the system refuses."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
