"""Set up the program's own log: an exception is logged without its message, which may quote a person."""

import logging
import sys
import traceback
from copy import copy
from types import TracebackType

from kiosk.china_time import struct_time
from kiosk.errors import KioskError

FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(message)s"
_ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class MessageFreeFormatter(logging.Formatter):
    """Formats times as China's, and foreign exceptions by type and place only.

    Their messages may hold what a customer typed (`int("…")` quotes it); those of KioskError never do.
    """

    converter = staticmethod(struct_time)
    default_msec_format = "%s,%03d+08:00"

    def format(self, record: logging.LogRecord) -> str:
        """Format a record, ignoring the text of the exception that another handler may have left in it."""
        fresh = copy(record)
        fresh.exc_text = None
        return super().format(fresh)

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - logging's own name
        """Return the frames and types from the first cause to the exception that it led to."""
        error, parts = ei[1], []
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            message = f": {error}" if isinstance(error, KioskError) else ""
            parts.append(f"{frames}{type(error).__name__}{message}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nled to\n".join(reversed(parts))


def install(level: int = logging.INFO) -> None:
    """Log to standard error, as services are expected to."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MessageFreeFormatter(FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
