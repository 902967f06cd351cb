"""Set up central's log: one line a record, as JSON or as text, with the id of the request it is about.

Nothing personal is logged. A foreign exception is logged without its message, which may quote a person.
"""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from copy import copy
from types import TracebackType

from central.china_time import china_time, struct_time

FORMS = ("auto", "json", "text")
"""`auto`: text on a terminal screen, JSON everywhere else."""
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that this task or thread works for; empty outside of requests."""

_ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _MessageFreeFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Format a record, ignoring the text of the exception that another handler may have left in it."""
        fresh = copy(record)
        fresh.exc_text = None
        return super().format(fresh)

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - logging's own name
        """Return the frames and the type of an exception."""
        frames = "".join(traceback.format_tb(ei[2]))
        return f"{frames}{ei[0].__name__}" if ei[0] else ""


class TextFormatter(_MessageFreeFormatter):
    """Formats a record as a line for people, with China's time and the request's id at the end."""

    converter = staticmethod(struct_time)
    default_msec_format = "%s,%03d+08:00"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        text, request = super().format(record), request_id.get()
        return f"{text} request_id={request}" if request else text


class JsonFormatter(_MessageFreeFormatter):
    """Formats a record as one line of JSON; `extra={"fields": {…}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "time": china_time(record.created).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := request_id.get():
            line["request_id"] = request
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def install(form: str = "auto") -> None:
    """Log to standard error in one of `FORMS`."""
    is_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if is_json else TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
