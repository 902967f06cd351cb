"""Driver `none`: a terminal without a printer. The slip is on the screen."""

from msgspec import Struct

from kiosk.ports import Context
from kiosk.printing.document import Printed


class NoPrinter:
    """Takes every slip and does nothing."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """Nothing to choose."""

    def __init__(self, settings: Settings, context: Context) -> None: ...

    def open(self) -> None: ...

    def print(self, printed: Printed) -> None: ...

    def close(self) -> None: ...
