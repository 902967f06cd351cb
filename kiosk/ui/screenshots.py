"""Pictures of every screen of a simulated visit, for reports and our own eyes. Never of a real person's."""

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
"""A picture is taken so long after the screen appeared."""


class ScreenshotRecorder(QObject):
    """Saves NN-stage[-detail].png once for each different screen; writes on a thread of its own.

    Goes on where an earlier recorder of the same folder stopped. A picture appears under its name only when
    it is complete: the demo kills the terminal's process.
    """

    def __init__(self, window: Window, folder: Path) -> None:
        super().__init__(window)
        folder.mkdir(parents=True, exist_ok=True)
        self._window, self._folder = window, folder
        self._seen = {path.stem.partition("-")[2] for path in folder.glob("*.png")}
        self._now = ""
        self._waiting: queue.SimpleQueue[tuple[Path, QImage] | None] = queue.SimpleQueue()
        self._worker = Worker("album", self._write).start()
        window.shown.connect(self._expect)

    @Slot(str, str)
    def _expect(self, stage: str, detail: str) -> None:
        self._now = (f"{stage}-{detail}" if detail else stage).replace(".", "_")
        name = self._now
        if name not in self._seen:
            QTimer.singleShot(SETTLED_MS, self, lambda: self._take(name))

    def _take(self, name: str) -> None:
        """If the screen is still the same."""
        if name != self._now or name in self._seen:
            return
        self._seen.add(name)
        path = self._folder / f"{len(self._seen):02d}-{name}.png"
        self._waiting.put((path, self._window.grab().toImage()))

    def _write(self, _: threading.Event) -> None:
        while (job := self._waiting.get()) is not None:
            path, image = job
            part = path.with_suffix(".part")
            if image.save(str(part), "PNG"):  # type: ignore[call-overload]
                part.replace(path)
            else:
                log.warning("could not save %s", path.name)

    def close(self) -> None:
        """Wait until all are on disk."""
        self._waiting.put(None)
        self._worker.stop()
