"""Documents are printed in order, and a printer that fails is reported and stops nothing."""

import pytest

from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.events import DeviceFailed, DeviceReady, Print
from kiosk.model import Device, Outcome, Slip
from kiosk.printing.print_queue import PrintQueue


class FakePrinter:
    def __init__(self):
        self.printed, self.opened, self.fails = [], 0, False
        self.code = Code.PRINTER_PAPER

    def open(self):
        self.opened += 1

    def close(self):
        self.opened -= 1

    def print(self, document):
        if self.fails:
            raise DeviceLost(self.code)
        self.printed.append(document)


def slip(number, outcome=Outcome.ACTIVATED):
    return Slip(id=number, outcome=outcome, code=Code.OK, terminal="T", place="", at_unix=0.0, simulated=True)


@pytest.fixture
def printer():
    return FakePrinter()


def test_documents_are_printed_in_order_and_the_printer_is_closed(printer):
    posted = []
    queue = PrintQueue(printer, posted.append)
    first, second = slip("1"), slip("2")
    queue.print(first)
    queue.print(second)
    assert queue.print_pending()
    assert (printer.printed, printer.opened) == ([first, second], 0)
    assert posted == [DeviceReady(Device.PRINTER)] * 2
    assert not queue.print_pending()


def test_a_printer_without_paper_is_reported_and_the_next_document_is_tried(printer):
    posted = []
    queue = PrintQueue(printer, posted.append)
    printer.fails = True
    queue.print(slip("1"))
    queue.print_pending()
    printer.fails = False
    queue.print(slip("2"))
    queue.print_pending()
    assert posted == [DeviceFailed(Device.PRINTER, Code.PRINTER_PAPER), DeviceReady(Device.PRINTER)]
    assert [document.id for document in printer.printed] == ["2"]
    assert printer.opened == 0


def test_the_slip_of_an_abandoned_visit_is_not_printed(printer):
    queue = PrintQueue(printer, lambda _: None)
    queue.print_slip(Print(slip("1", Outcome.ABANDONED)))
    assert not queue.print_pending()
    queue.print_slip(Print(slip("2", Outcome.REFERRED)))
    assert queue.print_pending()


@pytest.mark.parametrize("code", [Code.PRINTER_UNKNOWN, Code.PRINTER_FAULT])
def test_who_asked_for_a_document_is_told_what_came_of_it(printer, code):
    posted, told = [], []
    queue = PrintQueue(printer, posted.append)
    queue.print(slip("1"), told.append)
    queue.print_pending()
    printer.fails, printer.code = True, code
    queue.print(slip("2"), told.append)
    queue.print_pending()
    assert told == [Code.OK, code]
    assert posted[-1] == DeviceFailed(Device.PRINTER, code)
