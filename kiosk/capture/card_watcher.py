"""Turns cards on the reader into events."""

import threading
from collections.abc import Callable
from datetime import date

from msgspec.structs import replace

from kiosk.card.facts import facts
from kiosk.card.person_commitment import new_salt, person_commitment
from kiosk.china_time import china_today
from kiosk.errors import CardError
from kiosk.events import CardFailed, CardRead, CardRemoved, Event
from kiosk.model import ReaderIdentity
from kiosk.ports import CardReader

POLL_S = 0.1
"""Between two polls of the reader while a card is awaited …"""
IDLE_POLL_S = 1.0
"""… and while none is."""
GONE_POLLS = 3
"""Polls in a row without a card after which it counts as removed: a card that is shifted is still there."""


class CardWatcher:
    """A card reader as `supervisor.DeviceOperations`.

    No card is read unless it is awaited (`await_card`, until `ignore_card`), and each only once. A card that
    failed is not read again until it was lifted or ignored: the customer lays it down anew.

    The reader is asked which one it is when it is opened and again before each card: a line can be spliced
    without unplugging it.
    """

    def __init__(
        self,
        reader: CardReader,
        post: Callable[[Event], None],
        today: Callable[[], date] = china_today,
        *,
        require_pinned: Callable[[ReaderIdentity], None],
        poll_s: float = POLL_S,
        idle_poll_s: float = IDLE_POLL_S,
    ) -> None:
        """`require_pinned` raises DeviceError for a reader that this terminal may not use.

        `today` raises CardError if the date is in doubt: then no card can be judged.
        """
        self._reader = reader
        self._post = post
        self._today = today
        self._require_pinned = require_pinned
        self._poll_s = poll_s
        self._idle_poll_s = idle_poll_s
        self._awaited = threading.Event()
        self._changed = threading.Event()
        self._handled = False  # the card that lies there
        self._present = False
        self._misses = 0

    def await_card(self) -> None:
        """Read the card that lies there, or the next one. May be called from any thread."""
        self._awaited.set()
        self._changed.set()

    def ignore_card(self) -> None:
        """Read no card any more. May be called from any thread."""
        self._awaited.clear()
        self._handled = False

    def probe(self) -> None:
        """Open and close the reader. Raises DeviceError."""
        try:
            self._reader.open()
        finally:
            self._reader.close()

    def open(self) -> None:
        """Open the reader, if it is the right one. Raises DeviceError."""
        self._reader.open()
        self._require_pinned(self._reader.identity())
        self._handled, self._misses = False, 0
        self._changed.set()  # the first poll is not followed by a pause: a terminal that starts waits for it

    def step(self) -> None:
        """Poll the reader once, read the card if it is awaited, and pause. Raises DeviceError."""
        if self._reader.present():
            self._present, self._misses = True, 0
            if self._awaited.is_set() and not self._handled:
                self._handled = True
                self._read_card()
        else:
            self._misses += 1
            self._handled = False
            if self._present and self._misses >= GONE_POLLS:
                self._present = False
                self._post(CardRemoved())
        self._changed.wait(self._poll_s if self._awaited.is_set() else self._idle_poll_s)
        self._changed.clear()

    @property
    def proven(self) -> bool:
        """Whether it works: a reader that answered once does."""
        return True

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def _read_card(self) -> None:
        event: Event
        reader = self._reader.identity()
        self._require_pinned(reader)
        try:
            card = replace(self._reader.read(), salt=new_salt())
            event = CardRead(facts(card, card.kind, self._today()), card, reader, person_commitment(card))
        except CardError as error:
            event = CardFailed(error.code)
        if self._awaited.is_set():  # else the visit went on without: nothing personal may reach the next one
            self._post(event)
