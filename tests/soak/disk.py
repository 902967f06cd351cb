"""A disk that is full, for this process: no file may grow beyond so many bytes (`RLIMIT_FSIZE`)."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


def full(size: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def roomy() -> None:
    full(resource.getrlimit(resource.RLIMIT_FSIZE)[1])


@contextmanager
def room() -> Iterator[None]:
    """For what is not the terminal's: the ledger, head office."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    roomy()
    try:
        yield
    finally:
        full(before)
