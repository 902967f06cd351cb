"""The console of a command: every character can be printed, and a reader that goes away is no error."""

import os
import select
import sys
from collections.abc import Callable
from io import TextIOWrapper

READER_GONE = 141
"""The exit status of a program that SIGPIPE ended, as shells count: 128 + 13."""


def run_command(work: Callable[[], int]) -> int:
    """Do the work of a command and return its exit status.

    A character that the console's encoding lacks is printed as its number. Where the reader of the output has
    closed it (`kiosk … | head`), the command ends quietly with READER_GONE.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            return work()
        finally:
            sys.stdout.flush()  # here, not at the interpreter's end, where nobody could catch it
    except BrokenPipeError:
        if not _silence_closed():
            raise  # another pipe or socket
        return READER_GONE


def _silence_closed() -> bool:
    """Let what is still buffered go nowhere where nobody reads; return whether that is so anywhere."""
    closed = [stream for stream in (sys.stdout, sys.stderr) if _is_closed(stream.fileno())]
    for stream in closed:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()
    return bool(closed)


def _is_closed(handle: int) -> bool:
    """Say whether the other end of a pipe or socket is gone; a flush of an empty buffer would not tell."""
    poll = select.poll()
    poll.register(handle, select.POLLOUT)
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0))
