"""A full disk for this process: no file may grow beyond a limit (`RLIMIT_FSIZE`)."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


def limit(size: int) -> None:
    """Let no file of this process grow beyond `size` bytes."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def unlimit() -> None:
    """Lift the limit."""
    limit(resource.getrlimit(resource.RLIMIT_FSIZE)[1])


@contextmanager
def unlimited() -> Iterator[None]:
    """Lift the limit while files are written that are not the terminal's: the outcome log, central."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    unlimit()
    try:
        yield
    finally:
        limit(before)
