"""Ask a printer, before each document, whether it has paper."""

from collections.abc import Callable

from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.printing.escpos import ASK_COVER, ASK_PAPER, COVER_OPEN, PAPER_OUT

ANSWER_S = 0.3
"""A printer that can answer does so within milliseconds; many on a one-way connection never do."""


def check_status(send: Callable[[bytes], None], receive: Callable[[float], bytes]) -> None:
    """Raise DeviceLost(PRINTER_PAPER) if the printer reports that paper is out or the cover is open.

    `receive` waits for so many seconds and returns one byte, or none. Silence means nothing: the document is
    sent, and a printer that takes none is noticed then.
    """
    for question, fault_bits in ((ASK_PAPER, PAPER_OUT), (ASK_COVER, COVER_OPEN)):
        send(question)
        answer = receive(ANSWER_S)
        if not answer:
            return
        if answer[0] & fault_bits:
            raise DeviceLost(Code.PRINTER_PAPER, f"status {answer[0]:02X}")
