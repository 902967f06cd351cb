"""Begin clean: no code from the environment, no core dumps, freed memory is overwritten.

Python cannot overwrite a string, but every block that it frees can be overwritten: with `PYTHONMALLOC=malloc`
all of Python's objects are in the C library's heap, and glibc (2.26 and later) fills each block with `FILL`
as it is freed, if its tunables say so. Both are read once, when a process begins; so `restart_clean` starts
the program anew with them. What that costs is measured in docs/privacy.md.

The new process gets no other variable of Python's or the loader's, and neither working folder nor user's
packages in its path: only what is installed can bring a module or a driver. Python's own option for that (-I)
would ignore `PYTHONMALLOC` too.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path

FILL = 0xA5
CLEAN = {
    "PYTHONMALLOC": "malloc",
    # The thread caches would keep the last few freed blocks of each size as they are.
    "GLIBC_TUNABLES": f"glibc.malloc.perturb={FILL}:glibc.malloc.tcache_count=0",
}
_BRINGS_CODE = ("PYTHON", "LD_")
_PR_SET_DUMPABLE = 4


def restart_clean() -> None:
    """Start the program anew, clean; return if this process already is."""
    settled = all(os.environ.get(name) == value for name, value in CLEAN.items())
    if settled and not _brought_at_start() and sys.flags.safe_path and sys.flags.no_user_site:
        return
    wanted = {name: value for name, value in os.environ.items() if not name.startswith(_BRINGS_CODE)} | CLEAN
    sys.stdout.flush()
    sys.stderr.flush()
    arguments = [sys.executable, "-P", "-s", *sys.orig_argv[1:]]
    os.execve(sys.executable, arguments, wanted)  # noqa: S606 - no shell


def _brought_at_start() -> list[str]:
    """Return the variables that could bring code among those that the process began with.

    Libraries add to `os.environ` (OpenCV does, `LD_LIBRARY_PATH`): that is no reason to start anew.
    """
    lines = Path("/proc/self/environ").read_bytes().decode(errors="replace").split("\0")
    names = (line.partition("=")[0] for line in lines)
    return [name for name in names if name.startswith(_BRINGS_CODE) and name not in CLEAN]


def no_dumps() -> None:
    """Forbid core files, whatever the service manager allows, and reading by processes of the same user.

    Raises OSError where the system refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
