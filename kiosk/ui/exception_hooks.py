"""Hooks that log uncaught exceptions by type and place, without showing or keeping anything personal."""

import logging
import sys
import threading
import traceback
from types import TracebackType

log = logging.getLogger(__name__)


def install_hooks() -> None:
    """Log exceptions of slots and paint events (`sys.excepthook`) and of threads (`threading.excepthook`)."""
    sys.excepthook = log_exception
    threading.excepthook = _log_thread_exception


def log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log type and place of an exception. Its message is left out: it may quote what somebody typed."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    frames = traceback.extract_tb(trace)
    places = " < ".join(f"{frame.name} ({frame.lineno})" for frame in reversed(frames))
    log.critical("a bug in the window: %s in %s", kind.__name__, places or "?")


def _log_thread_exception(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit and args.exc_value is not None:
        log_exception(args.exc_type, args.exc_value, args.exc_traceback)
