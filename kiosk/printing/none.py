"""Driver `none`: a terminal without a printer. The slip is on the screen."""

from msgspec import Struct

from kiosk.ports import Context
from kiosk.printing.document import PrintDocument


class NoPrinter:
    """Printer that takes every document and does nothing."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """No options."""

    def __init__(self, settings: Settings, context: Context) -> None: ...

    def open(self) -> None: ...

    def print(self, document: PrintDocument) -> None: ...

    def check(self) -> None: ...

    def close(self) -> None: ...
