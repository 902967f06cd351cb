"""Open files that anybody may have written, so that they neither redirect, block nor fill the server.

No name below the stick's root follows a link, only a regular file is read, and only so far. A file is written
beside its place and renamed, so that it is whole or absent, and a link in its place is replaced.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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


def read_regular(path: str | Path, limit: int, folder: int | None = None) -> bytes:
    """Return a file's content. `folder`: the open folder in which `path` is a name.

    Raises NotRegular for a link, anything else that is no regular file, and more than `limit` bytes; OSError.
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
    with os.fdopen(handle, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise NotRegular(Path(path).name)
    return data


def write_in(folder: int, name: str, data: bytes) -> None:
    """Write a file under a name in an open folder: beside it, flushed to the disk, then renamed.

    Raises OSError.
    """
    beside = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(beside, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    handle = os.open(beside, flags, 0o600, dir_fd=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
    os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)
