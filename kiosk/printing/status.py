"""Has the printer paper? Asked before each slip, of printers that answer."""

from collections.abc import Callable

from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.printing.escpos import ASK_COVER, ASK_PAPER, COVER_OPEN, PAPER_OUT

ANSWER_S = 0.3
"""A printer that can answer does so within milliseconds; many on a one-way line never do."""


def check(send: Callable[[bytes], None], answer: Callable[[float], bytes]) -> None:
    """Raises DeviceLost(PRINTER_PAPER) if it says that paper is out or the cover is open.

    Silence says nothing: the slip is sent, and a printer that takes none is noticed then.
    """
    for question, bad in ((ASK_PAPER, PAPER_OUT), (ASK_COVER, COVER_OPEN)):
        send(question)
        said = answer(ANSWER_S)
        if not said:
            return
        if said[0] & bad:
            raise DeviceLost(Code.PRINTER_PAPER, f"status {said[0]:02X}")
