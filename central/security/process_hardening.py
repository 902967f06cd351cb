"""Central holds keys, and opened requests for a moment: no core file, no reading by the user's programs."""

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4


def no_dumps() -> None:
    """Raises OSError where the system refuses."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
