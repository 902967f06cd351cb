"""Exceptions that nobody caught: logged by kind and place; nothing on the screen, nothing personal."""

import logging
import sys
import threading
import traceback
from types import TracebackType

log = logging.getLogger(__name__)


def install_hooks() -> None:
    """Slots and paint events end in `sys.excepthook`, threads in `threading.excepthook`."""
    sys.excepthook = report
    threading.excepthook = _report_thread


def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log where it happened. The message is left out: it may quote what somebody typed."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    frames = traceback.extract_tb(trace)
    places = " < ".join(f"{frame.name} ({frame.lineno})" for frame in reversed(frames))
    log.critical("a bug in the window: %s in %s", kind.__name__, places or "?")


def _report_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit and args.exc_value is not None:
        report(args.exc_type, args.exc_value, args.exc_traceback)
