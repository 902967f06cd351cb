"""Driver `simulated`: the card reader of the simulated shop."""

import time

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import CardError, DeviceMissing
from kiosk.model import IdCard
from kiosk.ports import Context
from kiosk.simulators.world import World


class SimulatedCardReader:
    """Finds what the world has on the reader; like a real one, it needs the card to lie still for a while."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """How long a read takes."""

        read_s: float = 0.4  # a real reader takes about one second

    def __init__(self, settings: Settings, context: Context) -> None:
        self._read_s = settings.read_s
        self._world: World | None = context.world if context.simulation else None
        self._seen: IdCard | CardError | None = None

    def open(self) -> None:
        """Raises DeviceMissing outside a simulation."""
        if self._world is None:
            raise DeviceMissing(Code.READER_MISSING, "there is no simulated world")

    def present(self) -> bool:
        self._seen = self._look()
        return self._seen is not None

    def read(self) -> IdCard:
        """The card that `present` saw, if it is still there at the end. Raises CardError."""
        seen, self._seen = self._seen or self._look(), None
        if seen is None:
            raise CardError(Code.CARD_REMOVED, "simulated")
        time.sleep(self._read_s)
        if isinstance(seen, CardError):
            raise seen
        if self._look() is None:
            raise CardError(Code.CARD_MOVED, "simulated: taken away while it was read")
        return seen

    def close(self) -> None:
        self._seen = None

    def _look(self) -> IdCard | CardError | None:
        return self._world.card() if self._world is not None else None
