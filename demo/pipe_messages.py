"""Messages between the director and the terminal it directs: JSON lines on the process's pipes."""

from msgspec import Struct

from kiosk import events as e
from kiosk.model import Outcome
from kiosk.simulators.customer import CustomerBehaviour
from kiosk.simulators.staff import StaffBehaviour


class CustomerArrives(Struct, frozen=True, tag=True, kw_only=True):
    """A customer comes to the terminal.

    `staff`: who is signed in meanwhile. `waits_for_central`: the customer dismisses the last screen only when
    it shows central's answer, however long that takes.
    """

    behaviour: CustomerBehaviour
    staff: StaffBehaviour | None = None
    waits_for_central: bool = False


class StaffVisit(Struct, frozen=True, tag=True):
    """A member of staff signs in at the window and looks at every page of the panel."""

    number: str
    pin: str

    def __repr__(self) -> str:
        return "StaffVisit(…)"


class Quit(Struct, frozen=True, tag=True):
    """Close the window."""


class StaffVisitEnded(Struct, frozen=True, tag=True):
    """The pages that could be opened; none if signing in failed."""

    pages: tuple[str, ...]


class WindowShown(Struct, frozen=True, tag=True):
    """The window is on the screen for the first time."""


Command = CustomerArrives | StaffVisit | Quit

ReportedNotice = (
    e.Show | e.Print | e.Finished | e.OutOfService | e.Coach | e.Say | StaffVisitEnded | WindowShown
)
"""Notices that the terminal passes on to the director. Digits are not among them: nobody needs them there."""

ANSWERED = frozenset(Outcome) - {Outcome.ACCEPTED}
"""Outcomes after which nothing more is expected from central."""


class TerminalMessage(Struct, frozen=True):
    """One notice and when it was given (monotonic clock, which all processes of a machine share)."""

    at: float
    notice: ReportedNotice
