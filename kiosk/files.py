"""Files that are complete or absent, also after a power cut, and folders that somebody else may have written.

A USB stick may hold links, pipes and endless files. So whatever lies on one is opened by name in a folder
that is already open: no name below the stick's root follows a link, only a regular file is read, and only so
far. A file is written beside its place and renamed, which replaces a link instead of following it.
"""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

log = logging.getLogger(__name__)

OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class NotRegular(OSError):  # noqa: N818 - reads as the fact it states
    """What has this name is no regular file (a link, a pipe, a folder), or it is larger than allowed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.filename, self.strerror = name, "no regular file of the expected size"


@contextmanager
def open_folder(root: Path, *names: str, create: bool = False) -> Iterator[int]:
    """Open the folder `names` below `root` and give its descriptor; `root` may be a link, no name below it.

    `create`: make folders that are missing. Raises OSError, NotADirectoryError where a name is a link.
    """
    handle = os.open(root, _FOLDER)
    try:
        for name in names:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=handle)
            below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def open_regular(path: str | Path, folder: int | None = None) -> BinaryIO:
    """Open a file for reading. `folder`: the open folder in which `path` is a name.

    Raises NotRegular for a link and anything else that is no regular file; OSError.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, dir_fd=folder)
    except OSError:
        if stat.S_ISREG(os.stat(path, dir_fd=folder, follow_symlinks=False).st_mode):
            raise
        raise NotRegular(Path(path).name) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotRegular(Path(path).name)
    return os.fdopen(handle, "rb")


def read_regular(path: str | Path, limit: int, folder: int | None = None) -> bytes:
    """Return the content of a file. Raises as `open_regular`, and NotRegular for more than `limit` bytes."""
    with open_regular(path, folder) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise NotRegular(Path(path).name)
    return data


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file beside, flush it to the disk, and rename it to `path`. Raises OSError."""
    with open_folder(path.parent) as folder:
        write_in(folder, path.name, data, mode)


def write_in(folder: int, name: str, data: bytes, mode: int = 0o600) -> None:
    """Write a whole file, as `write_whole`, under a name in an open folder. Raises OSError."""
    beside = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(beside, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    handle = os.open(beside, flags, mode, dir_fd=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
    os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def make_private(folder: Path, closed: int = OTHERS) -> None:
    """Make a folder, and those above it that are missing, for this user alone, whatever the umask is.

    From one that is there the rights in `closed` are taken. Raises OSError if it cannot be made.
    """
    for missing in reversed([folder, *folder.parents]):
        with suppress(FileExistsError):
            missing.mkdir(mode=0o700)
    narrow(folder, closed)


def open_private(path: Path, flags: int) -> int:
    """Open a file, made if it is missing, that only this user may read and write. Raises OSError."""
    handle = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
    narrow(path)
    return handle


def narrow(path: Path, closed: int = OTHERS) -> None:
    """Take rights from a file or folder, unless it is shared on purpose (sticky), and log that.

    Also logged is what is another user's, and stays as it is. Raises OSError if it is not there.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & closed == 0 or mode & stat.S_ISVTX:
        return
    try:
        path.chmod(mode & ~closed)
    except PermissionError:
        log.warning("%s is open to other users (mode %o), and not ours to close", path, mode)
    else:
        log.warning("%s was open to other users (mode %o); it is not any more", path, mode)


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk. Raises OSError."""
    with open_folder(folder) as handle:
        os.fsync(handle)
