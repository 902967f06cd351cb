"""The program's own log: bugs are told by kind and place, never by a message, which may quote a person."""

import logging
import sys
import traceback
from copy import copy
from types import TracebackType

from kiosk.errors import KioskError

FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(message)s"
_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """A foreign exception may hold what somebody typed (`int("…")` quotes it); ours never do."""

    def format(self, record: logging.LogRecord) -> str:
        """Another handler may have left its own text of the exception in the record."""
        fresh = copy(record)
        fresh.exc_text = None
        return super().format(fresh)

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 - logging's own name
        """The frames, and the chain of kinds from the cause to what it led to."""
        error, told = ei[1], []
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            word = str(error) if isinstance(error, KioskError) else ""
            told.append(f"{frames}{type(error).__name__}{': ' if word else ''}{word}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nled to\n".join(reversed(told))


def install(level: int = logging.INFO) -> None:
    """Everything goes to standard error, as services expect it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet(FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
