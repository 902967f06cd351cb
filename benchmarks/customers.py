"""Activation requests of made-up people, as the terminal of the bench's town would send them."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from kiosk.activation import identity
from kiosk.activation.challenges import Pool
from kiosk.activation.database import Database
from kiosk.activation.gateway import Gateway
from kiosk.activation.identity import Identity
from kiosk.activation.messages import About, personal_bytes, request_body
from kiosk.activation.wire import Wire
from kiosk.events import Agreed, Evidence
from kiosk.model import Answer, Challenge, Check, IdCard, Verdict
from kiosk.numbers import new_visit_number
from kiosk.settings import Settings
from kiosk.simulators.people import Person

PICTURE = b"\xff\xd8\xff\xe0" + bytes(30_000) + b"\xff\xd9"
"""As large as the sealed picture of a real visit; central only looks at how it begins and ends."""
FIRST_BIRTHDAY = date(1941, 1, 1)
PEOPLE_A_DAY = 1000
CHALLENGES = 25


class Sender:
    """The enrolled terminal of `settings`, without its window. For one thread; `close` it."""

    def __init__(self, settings: Settings, scratch: Path) -> None:
        """`scratch`: a file for the pool of challenges."""
        central = settings.central
        self.who: Identity = identity.load(settings.path(settings.terminal.identity))
        wire = Wire(central.url, settings.path(central.ca), central.connect_s, central.answer_s)
        self.gateway = Gateway(wire, self.who, time.time, central.answer_s)
        self._database = Database(scratch)
        self._pool = Pool(self._database, self.who.challenge_key, self.who.terminal)

    def requests(self, count: int, first: int) -> Iterator[tuple[str, bytes]]:
        """Visit numbers and bodies; people from number `first` on, whom central does not know yet."""
        about = About(self.who.terminal, True, {"kiosk": "0.1.0"})
        for i in range(first, first + count):
            visit, now = new_visit_number(), time.time()
            card = _card(i)
            said = _evidence(card, self._challenge(), now)
            sealed = self.who.sealer.seal(personal_bytes(card, said, PICTURE), visit, self.who.terminal)
            yield visit, request_body(visit, said, about, sealed, now)

    def close(self) -> None:
        self.gateway.close()
        self._database.close()

    def _challenge(self) -> Challenge:
        found = self._pool.take(time.time())
        if found is None:
            self._pool.add(self.gateway.challenges(CHALLENGES), time.time())
            found = self._pool.take(time.time())
        if found is None:
            raise RuntimeError("central gave no challenges")
        return found


def _card(number: int) -> IdCard:
    born = FIRST_BIRTHDAY + timedelta(days=number // PEOPLE_A_DAY)
    return Person(number % PEOPLE_A_DAY, b"", born).card()


def _evidence(card: IdCard, challenge: Challenge, now: float) -> Evidence:
    return Evidence(
        card=card,
        phone="19900000000",
        password="31415926",  # noqa: S106 - a made-up one
        consent=Agreed("zh-Hans", sha256(b"a consent text").hexdigest(), picture=True),
        challenge=challenge.id,
        verdicts=tuple(Verdict(check, Answer.PASS) for check in Check),
        began_unix=now - 60,
    )
