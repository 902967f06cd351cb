"""Driver `none`: nothing calls the clerk; the screen asks the customer to wave."""

from msgspec import Struct

from kiosk.model import ClerkCallFacts
from kiosk.ports import Context


class NoClerkCall:
    """Implements `ports.ClerkCall`."""

    reaches = False

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """No options."""

    def __init__(self, settings: Settings, context: Context) -> None:
        pass

    def probe(self) -> None:
        pass

    def call(self, facts: ClerkCallFacts) -> None:
        pass

    def end(self) -> None:
        pass
