"""What the operating system may keep of this process: no core dump, no freed memory that can still be read.

Python cannot overwrite a string. What it can do is have every block overwritten that is given back: with
`PYTHONMALLOC=malloc` all of Python's objects lie in the C library's heap, and glibc (2.26 and later) fills
each block with `FILL` as it is freed, if its tunables say so. Both are read once, when a process begins; so
`clean_memory` starts the program anew with them. What that costs is measured in docs/privacy.md.
"""

import ctypes
import os
import resource
import sys

FILL = 0xA5
CLEAN = {
    "PYTHONMALLOC": "malloc",
    # The thread caches would keep the last few freed blocks of each size as they are.
    "GLIBC_TUNABLES": f"glibc.malloc.perturb={FILL}:glibc.malloc.tcache_count=0",
}
_PR_SET_DUMPABLE = 4


def clean_memory() -> None:
    """Begin again with `CLEAN`, unless this is so already. Returns in the process that has it."""
    if all(os.environ.get(name) == value for name, value in CLEAN.items()):
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | CLEAN)  # noqa: S606


def no_dumps() -> None:
    """No core file, whatever the service manager allows, and no process of the same user may read this one.

    Raises OSError where the system refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
