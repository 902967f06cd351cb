"""Keeps the resident memory near what is in use.

glibc gives each thread an arena and keeps there what the thread frees, for its own next use: the tens of
megabytes that loading the networks or a visit needs once would stay resident for the life of the process.
"""

import ctypes

_M_ARENA_MAX = -8
_ARENAS = 2
"""Enough: Python's threads hold one lock in turn, and each network runs on one thread."""


def share_arenas() -> None:
    """Let all threads that start from now on allocate from a few arenas (mallopt(3))."""
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def return_freed_memory() -> None:
    """Give the memory that was freed back to the system (malloc_trim(3)). Takes some milliseconds."""
    ctypes.CDLL(None).malloc_trim(0)
