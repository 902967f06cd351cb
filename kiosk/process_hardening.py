"""Keep the operating system from storing this process's data: no core dumps, freed memory is overwritten.

Python cannot overwrite a string, but every block that it frees can be overwritten: with `PYTHONMALLOC=malloc`
all of Python's objects are in the C library's heap, and glibc (2.26 and later) fills each block with `FILL`
as it is freed, if its tunables say so. Both are read once, when a process begins; so `clean_memory` starts
the program anew with them. What that costs is measured in docs/privacy.md.
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
    """Start the program anew with the variables of `CLEAN`; return if this process has them already."""
    if all(os.environ.get(name) == value for name, value in CLEAN.items()):
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | CLEAN)  # noqa: S606


def no_dumps() -> None:
    """Forbid core files, whatever the service manager allows, and reading by processes of the same user.

    Raises OSError where the system refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
