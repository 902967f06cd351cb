"""What the director and the terminal it leads say to each other: JSON lines on a pipe."""

from msgspec import Struct

from kiosk import events as e
from kiosk.simulators.customer import CustomerBehaviour
from kiosk.simulators.staff import StaffBehaviour


class Enter(Struct, frozen=True, tag=True):
    """A customer comes to the terminal."""

    behaviour: CustomerBehaviour
    staff: StaffBehaviour | None = None  # who is signed in meanwhile


class ClerkComes(Struct, frozen=True, tag=True):
    """Somebody of the staff signs in at the window and looks at every page."""

    number: str
    pin: str

    def __repr__(self) -> str:
        return "ClerkComes(…)"


class Quit(Struct, frozen=True, tag=True):
    """Close the window."""


class ClerkWent(Struct, frozen=True, tag=True):
    """Which pages could be turned to; none: nobody could sign in."""

    pages: tuple[str, ...]


Command = Enter | ClerkComes | Quit

Seen = e.Show | e.Print | e.Finished | e.OutOfService | e.Coach | e.Say | ClerkWent
"""Notices that the director is told; digits are not its business."""


class Said(Struct, frozen=True):
    """What the terminal showed, and when (monotonic clock, the same for all processes of a machine)."""

    at: float
    notice: Seen
