"""Work of staff pages that takes a moment (a PIN, the disk, a USB stick), off Qt's thread."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from PySide6.QtCore import QObject, Qt, Signal, Slot

from kiosk.codes import Code
from kiosk.errors import KioskError

log = logging.getLogger(__name__)


class BackgroundTasks(QObject):
    """Runs tasks one after the other on one worker thread; results come back on the thread this lives on."""

    _done = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="staff")
        self._done.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def run(
        self, work: Callable[[], object], then: Callable[[object], None], fails: Callable[[Code], None]
    ) -> None:
        """Queue `work` and return at once. `then` gets its result, or `fails` the code of its error."""
        self._executor.submit(self._run, work, then, fails)

    def close(self) -> None:
        """Wait for the task that is running and drop the others."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _run(
        self, work: Callable[[], object], then: Callable[[object], None], fails: Callable[[Code], None]
    ) -> None:
        try:
            result, callback = work(), then
        except KioskError as error:
            result, callback = error.code, fails  # type: ignore[assignment]
        except Exception as error:  # its text may quote what was typed
            log.error("a staff task failed: %s", type(error).__name__)
            result, callback = Code.INTERNAL, fails  # type: ignore[assignment]
        try:
            self._done.emit(callback, result)
        except RuntimeError:  # the window has been deleted meanwhile
            return

    @Slot(object, object)
    def _call(self, callback: Callable[[object], None], result: object) -> None:
        callback(result)
