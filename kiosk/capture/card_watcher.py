"""Cards on the reader → events."""

import threading
from collections.abc import Callable
from datetime import date

from kiosk.card.facts import china_today, facts
from kiosk.errors import CardError
from kiosk.events import CardFailed, CardRead, CardRemoved, Event
from kiosk.ports import CardReader

POLL_S = 0.1
"""Between two looks at the reader while a card is awaited …"""
IDLE_POLL_S = 1.0
"""… and while none is."""
GONE_POLLS = 3
"""So many looks in a row without a card make it removed: a card that is shifted was not taken away."""


class CardWatcher:
    """A card reader with the verbs of `supervise.Operations`.

    No card is read unless it is awaited (`await_card`, until `ignore_card`), and each only once. A card that
    failed is not read again until it was lifted or ignored: the customer lays it down anew.
    """

    def __init__(
        self,
        reader: CardReader,
        give: Callable[[Event], None],
        today: Callable[[], date] = china_today,
        *,
        poll_s: float = POLL_S,
        idle_poll_s: float = IDLE_POLL_S,
    ) -> None:
        self._reader = reader
        self._give = give
        self._today = today
        self._poll_s = poll_s
        self._idle_poll_s = idle_poll_s
        self._awaited = threading.Event()
        self._changed = threading.Event()
        self._done = False  # with the card that lies there
        self._lies = False
        self._misses = 0

    def await_card(self) -> None:
        """Read the card that lies there, or the next one; from any thread."""
        self._awaited.set()
        self._changed.set()

    def ignore_card(self) -> None:
        """Read none; from any thread."""
        self._awaited.clear()
        self._done = False

    def probe(self) -> None:
        """Raises DeviceError."""
        try:
            self._reader.open()
        finally:
            self._reader.close()

    def open(self) -> None:
        """Raises DeviceError."""
        self._reader.open()
        self._done, self._misses = False, 0
        self._changed.set()  # the first look is told at once: a terminal that starts waits for it

    def step(self) -> None:
        """One look at the reader, one card read if it is awaited, one pause. Raises DeviceError."""
        if self._reader.present():
            self._present()
        else:
            self._absent()
        self._changed.wait(self._poll_s if self._awaited.is_set() else self._idle_poll_s)
        self._changed.clear()

    def close(self) -> None:
        self._reader.close()

    def _present(self) -> None:
        self._lies, self._misses = True, 0
        if self._done or not self._awaited.is_set():
            return
        self._done = True
        event = self._read()
        if self._awaited.is_set():  # else the visit went on without: nothing personal goes astray
            self._give(event)

    def _absent(self) -> None:
        self._misses += 1
        self._done = False
        if self._lies and self._misses >= GONE_POLLS:
            self._lies = False
            self._give(CardRemoved())

    def _read(self) -> Event:
        try:
            card = self._reader.read()
        except CardError as error:
            return CardFailed(error.code)
        return CardRead(facts(card, card.kind, self._today()), card)
