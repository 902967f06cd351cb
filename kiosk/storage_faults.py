"""Tells faults of the disk apart: busy, read-only, or what the caller calls the rest.

Each has another next step: what is busy comes right by waiting, what is read-only does not.
"""

import errno
import os
from pathlib import Path

from kiosk.codes import Code

_BUSY = frozenset({errno.EAGAIN, errno.EBUSY, errno.ETXTBSY})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def storage_code(error: Exception, otherwise: Code) -> Code:
    """Return STORAGE_BUSY or STORAGE_READ_ONLY (also: not permitted) if it is that, else `otherwise`."""
    number = error.errno if isinstance(error, OSError) else None
    if number in _BUSY:
        return Code.STORAGE_BUSY
    return Code.STORAGE_READ_ONLY if number in _READ_ONLY else otherwise


def is_read_only(folder: Path) -> bool:
    """Say whether this program cannot write in a folder: its file system is read-only, or it may not."""
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY) or not os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False
