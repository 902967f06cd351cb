"""Driver `simulated`: card reader that reads the card of the simulated shop's customer."""

import time

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import CardError, DeviceMissing
from kiosk.model import IdCard, ReaderIdentity
from kiosk.ports import Context
from kiosk.simulators.shop import SimulatedShop

READER = ReaderIdentity("05.01-20240101-0001234567-0007654321", "simulated")
"""What a simulated reader says of itself, and what terminals in tests and in the demo are enrolled with."""


class SimulatedCardReader:
    """Implements `ports.CardReader`; like a real reader it needs the card to stay for a while."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`read_s`: how long a read takes."""

        read_s: float = 0.4  # a real reader takes about one second

    def __init__(self, settings: Settings, context: Context) -> None:
        self._read_s = settings.read_s
        self._shop: SimulatedShop | None = context.world if context.simulation else None
        self._found: IdCard | CardError | None = None

    def open(self) -> None:
        """Raise DeviceMissing outside of a simulation."""
        if self._shop is None:
            raise DeviceMissing(Code.READER_MISSING, "there is no simulated shop")

    def identity(self) -> ReaderIdentity:
        """Return the one identity that every simulated reader has."""
        return READER

    def present(self) -> bool:
        """Return whether a card is on the reader."""
        self._found = self._card()
        return self._found is not None

    def read(self) -> IdCard:
        """Return the card that `present` found, if it is still there at the end. Raises CardError."""
        found, self._found = self._found or self._card(), None
        if found is None:
            raise CardError(Code.CARD_REMOVED, "simulated")
        time.sleep(self._read_s)
        if isinstance(found, CardError):
            raise found
        if self._card() is None:
            raise CardError(Code.CARD_MOVED, "simulated: taken away while it was read")
        return found

    def close(self) -> None:
        """Forget the card."""
        self._found = None

    def _card(self) -> IdCard | CardError | None:
        return self._shop.card() if self._shop is not None else None
