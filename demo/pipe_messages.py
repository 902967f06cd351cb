"""What the director and the terminal it leads say to each other: JSON lines on a pipe."""

from msgspec import Struct

from kiosk import events as e
from kiosk.simulators.customer import CustomerBehaviour
from kiosk.simulators.staff import StaffBehaviour


class CustomerArrives(Struct, frozen=True, tag=True):
    """A customer comes to the terminal."""

    behaviour: CustomerBehaviour
    staff: StaffBehaviour | None = None  # who is signed in meanwhile


class StaffVisit(Struct, frozen=True, tag=True):
    """Somebody of the staff signs in at the window and looks at every page."""

    number: str
    pin: str

    def __repr__(self) -> str:
        return "StaffVisit(…)"


class Quit(Struct, frozen=True, tag=True):
    """Close the window."""


class StaffVisitEnded(Struct, frozen=True, tag=True):
    """Which pages could be turned to; none: nobody could sign in."""

    pages: tuple[str, ...]


Command = CustomerArrives | StaffVisit | Quit

ReportedNotice = e.Show | e.Print | e.Finished | e.OutOfService | e.Coach | e.Say | StaffVisitEnded
"""Notices that the director is told; digits are not its business."""


class TerminalMessage(Struct, frozen=True):
    """What the terminal showed, and when (monotonic clock, the same for all processes of a machine)."""

    at: float
    notice: ReportedNotice
