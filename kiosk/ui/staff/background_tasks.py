"""Work that takes a moment (a PIN, the disk, a stick): off Qt's thread, its result back on it."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from PySide6.QtCore import QObject, Qt, Signal, Slot

from kiosk.codes import Code
from kiosk.errors import KioskError

log = logging.getLogger(__name__)

Then = Callable[[object], None]
Else = Callable[[Code], None]


class BackgroundTasks(QObject):
    """One after the other. `then` gets the result, `fails` the code; both on the thread this lives on."""

    _done = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="staff")
        self._done.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    def run(self, work: Callable[[], object], then: Then, fails: Else) -> None:
        """Returns at once."""
        self._pool.submit(self._work, work, then, fails)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, work: Callable[[], object], then: Then, fails: Else) -> None:
        try:
            result, after = work(), then
        except KioskError as error:
            result, after = error.code, fails  # type: ignore[assignment]
        except Exception as error:  # the text may quote what was typed
            log.error("an errand of staff failed: %s", type(error).__name__)
            result, after = Code.INTERNAL, fails  # type: ignore[assignment]
        try:
            self._done.emit(after, result)
        except RuntimeError:  # the window has gone meanwhile
            return

    @Slot(object, object)
    def _finish(self, after: Callable[[object], None], result: object) -> None:
        after(result)
