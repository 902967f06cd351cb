"""Says why there is no window where Qt would only abort."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from kiosk.codes import Code

EXIT_STATUS = 1


@contextmanager
def no_display_is_told() -> Iterator[None]:
    """End the process with a sentence if Qt finds no display while the application is made.

    Qt calls `abort` after such a message: a core dump, and ten lines that name plugins.
    """
    previous = qInstallMessageHandler(_tell)
    try:
        yield
    finally:
        qInstallMessageHandler(previous)


def _tell(kind: QtMsgType, _: QMessageLogContext, message: str) -> None:
    if kind is not QtMsgType.QtFatalMsg:
        return
    reason = message.splitlines()[0] if message else ""
    names = [f"{name}={os.environ[name]}" for name in _NAMES if os.environ.get(name)]
    print(f"kiosk: {Code.DISPLAY_MISSING}: {reason} ({', '.join(names)})", file=sys.stderr, flush=True)
    os._exit(EXIT_STATUS)


_NAMES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
