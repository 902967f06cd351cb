"""Compose what is printed: a customer's slip or staff's report of the day."""

from kiosk.model import DayReport, Slip
from kiosk.printing.day_report import report_blocks
from kiosk.printing.slip import Block, slip_blocks

PrintDocument = Slip | DayReport


def document_blocks(document: PrintDocument, language: str = "") -> list[Block]:
    """Return the document from top to bottom, in `language` or its own."""
    if isinstance(document, DayReport):
        return report_blocks(document, language)
    return slip_blocks(document, language)
