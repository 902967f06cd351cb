"""Bridge between the engine's thread and Qt's: notices arrive on Qt's thread, in order."""

from PySide6.QtCore import QObject, Qt, Signal

from kiosk.events import Notice
from kiosk.ports import Engine


class Bridge(QObject):
    """Emits `received` for each notice of the engine, on the thread that this object lives on."""

    received = Signal(object)
    _queued = Signal(object)

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queued.connect(self.received, Qt.ConnectionType.QueuedConnection)
        engine.subscribe(self.forward)

    def forward(self, notice: Notice) -> None:
        """Queue a notice, from any thread, and return at once. Once the window is deleted it is dropped."""
        try:
            self._queued.emit(notice)
        except RuntimeError:  # the C++ object is deleted: the application is ending
            return
