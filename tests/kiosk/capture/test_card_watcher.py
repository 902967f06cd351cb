"""How the card watcher paces itself."""

import pytest

from kiosk.capture.card_watcher import CardWatcher


class EmptyReader:
    def open(self):
        pass

    def present(self):
        return False

    def close(self):
        pass


@pytest.mark.timeout(30)
def test_the_first_look_is_told_at_once():
    """A terminal that starts is out of service until its reader's first look has returned."""
    watcher = CardWatcher(EmptyReader(), post=lambda _: None, idle_poll_s=3600.0)
    watcher.open()
    watcher.step()  # with a pause it would last an hour
