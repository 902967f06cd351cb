"""How the card watcher paces itself."""

import pytest

from kiosk.capture.card_watcher import CardWatcher
from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.events import CardFailed
from kiosk.simulators.card_reader import READER
from tests.support.activation_terminal import CARD


class EmptyReader:
    def open(self):
        pass

    def identity(self):
        return READER

    def present(self):
        return False

    def close(self):
        pass


@pytest.mark.timeout(30)
def test_the_first_look_is_told_at_once():
    """A terminal that starts is out of service until its reader's first look has returned."""
    watcher = CardWatcher(
        EmptyReader(), post=lambda _: None, require_pinned=lambda _: None, idle_poll_s=3600.0
    )
    watcher.open()
    watcher.step()  # with a pause it would last an hour


class ReaderWithCard(EmptyReader):
    def present(self):
        return True

    def read(self):
        return CARD


def test_no_card_is_judged_by_a_date_that_is_in_doubt():
    def today():
        raise CardError(Code.CLOCK_OFF)

    posted = []
    watcher = CardWatcher(
        ReaderWithCard(), posted.append, today, require_pinned=lambda _: None, poll_s=0.0, idle_poll_s=0.0
    )
    watcher.open()
    watcher.await_card()
    watcher.step()
    assert posted == [CardFailed(Code.CLOCK_OFF)]
