"""Pictures of every screen of a simulated visit, for reports and reviews; never of a real person's."""

import logging
import queue
import threading
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QImage

from kiosk.ui.window import Window
from kiosk.worker import Worker

log = logging.getLogger(__name__)

SETTLED_MS = 250
"""How long after a screen appeared its picture is taken."""


class ScreenshotRecorder(QObject):
    """Saves NN-stage[-detail].png once for each different screen, on a thread of its own.

    Continues where an earlier recorder of the same folder stopped. A picture appears under its name only when
    it is complete: the demo kills the terminal's process.
    """

    def __init__(self, window: Window, folder: Path) -> None:
        super().__init__(window)
        folder.mkdir(parents=True, exist_ok=True)
        self._window, self._folder = window, folder
        self._recorded = {path.stem.partition("-")[2] for path in folder.glob("*.png")}
        self._shown = ""
        self._waiting: queue.SimpleQueue[tuple[Path, QImage] | None] = queue.SimpleQueue()
        self._worker = Worker("screenshots", self._save).start()
        window.shown.connect(self._schedule)

    @Slot(str, str)
    def _schedule(self, stage: str, detail: str) -> None:
        """Record the screen when it has settled, unless another is shown by then."""
        name = self._shown = (f"{stage}-{detail}" if detail else stage).replace(".", "_")

        def record() -> None:
            if name == self._shown and name not in self._recorded:
                self._recorded.add(name)
                path = self._folder / f"{len(self._recorded):02d}-{name}.png"
                self._waiting.put((path, self._window.grab().toImage()))

        if name not in self._recorded:
            QTimer.singleShot(SETTLED_MS, self, record)

    def _save(self, _: threading.Event) -> None:
        while (job := self._waiting.get()) is not None:
            path, image = job
            part = path.with_suffix(".part")
            if image.save(str(part), "PNG"):  # type: ignore[call-overload]
                part.replace(path)
            else:
                log.warning("could not save %s", path.name)

    def close(self) -> None:
        """Wait until all pictures are on disk."""
        self._waiting.put(None)
        self._worker.stop()
