"""What is printed: a customer's slip, or staff's report of the day."""

from kiosk.model import DayReport, Slip
from kiosk.printing import day_report, slip
from kiosk.printing.slip import Part

Printed = Slip | DayReport


def parts(printed: Printed, language: str = "") -> list[Part]:
    """From top to bottom, in `language` or its own."""
    if isinstance(printed, DayReport):
        return day_report.parts(printed, language)
    return slip.parts(printed, language)
