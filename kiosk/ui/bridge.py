"""The one door into Qt: notices leave the engine's thread here and arrive, in order, on Qt's."""

from PySide6.QtCore import QObject, Qt, Signal, Slot

from kiosk.events import Notice
from kiosk.ports import Engine


class Bridge(QObject):
    """Re-emits each notice of the engine as `told`, on the thread that this object lives on."""

    told = Signal(object)
    _arrived = Signal(object)

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrived.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        engine.subscribe(self.carry)

    def carry(self, notice: Notice) -> None:
        """From any thread; returns at once. After the window has gone, notices go nowhere."""
        try:
            self._arrived.emit(notice)
        except RuntimeError:  # the C++ half is deleted: the application is leaving
            return

    @Slot(object)
    def _tell(self, notice: Notice) -> None:
        self.told.emit(notice)
