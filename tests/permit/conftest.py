"""A service on a database of its own, a registry that tests fill, and a clock that they move."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

import msgspec
import pytest

from permit.binding.bindings import Authentication, Bindings
from permit.cards.cards import Cards, Typed
from permit.cards.notices import Notices
from permit.cards.reminders import Reminders
from permit.cards.renewals import Renewals
from permit.domain.endorsements import Endorsement, Purpose, Region
from permit.domain.renewal import Permit
from permit.messages.simulated import SimulatedMessages
from permit.protection import Protection, make_keys
from permit.registry.port import Absence, Holder
from permit.registry.simulated import Content, SimulatedPermit, SimulatedRegistry
from permit.sessions.logins import Logins
from permit.sessions.phone_codes import PhoneCodes
from permit.sessions.sessions import Sessions
from permit.storage.database import Database, migrate

TODAY = date(2026, 11, 30)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
numbers = count(1)


def made_up_holder(permit_number=None):
    """Return a person with an ID number of a county that does not exist."""
    order = next(numbers)
    digits = f"449999{19500101 + order % 28}{order // 28 % 1000:03}"
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=True))
    return Holder(permit_number or f"C{order:08}", digits + "10X98765432"[total % 11], "测试")


@dataclass
class World:
    """Everything that a test touches."""

    folder: object
    url: str
    now: float = 1_796_000_000.0  # 2026-11-30 in China
    content: Content = field(default_factory=Content)

    def __post_init__(self):
        self.database = Database(self.url)
        migrate(self.database.engine)
        make_keys(self.folder / "keys")
        self.protection = Protection(self.folder / "keys")
        self.people = self.folder / "permits.json"
        self.registry = SimulatedRegistry(self.people, self.clock)
        shared = {"database": self.database, "protection": self.protection, "clock": self.clock}
        self.bindings = Bindings(registry=self.registry, **shared)
        self.cards = Cards(registry=self.registry, **shared)
        self.messages = SimulatedMessages(self.folder / "messages.jsonl")
        self.reminders = Reminders(messages=self.messages, **shared)
        self.notices = Notices(messages=self.messages, **shared)
        self.renewals = Renewals(registry=self.registry, **shared)
        self.sessions = Sessions(**shared)
        self.logins = Logins(**shared)
        self.phone_codes = PhoneCodes(messages=self.messages, **shared)

    def clock(self):
        return self.now

    def know(self, *permits, **more):
        self.content = msgspec.structs.replace(
            self.content, permits=(*self.content.permits, *permits), **more
        )
        self.people.write_bytes(msgspec.json.encode(self.content))

    def holder(self, **more):
        """Return a holder whose permit the registry knows; `more`: for the simulated permit."""
        holder = more.pop("holder", None) or made_up_holder()
        issuer, expires = more.pop("issuer", "Guangdong"), more.pop("expires", TODAY + timedelta(days=3000))
        permit = Permit(holder.permit_number, issuer, expires)
        self.know(SimulatedPermit(holder=holder, permit=permit, **more))
        return holder

    def begin(self, holder):
        return self.bindings.begin(Typed(holder, "13800000000"))

    def authentication(self, subject="subject"):
        return Authentication(subject, "urn:example:face", self.now)

    def card(self, subject="subject", **more):
        """Return the card of a person who has claimed it."""
        return self.bindings.claim(self.begin(self.holder(**more)), self.authentication(subject))


def endorsement(expires=TODAY + timedelta(days=300), entries=2, **more):
    fields = {"id": "e1", "region": Region.HONG_KONG, "purpose": Purpose.INDIVIDUAL} | more
    return Endorsement(
        issued=TODAY - timedelta(days=10), expires=expires, entries=entries, stay_days=7, **fields
    )


class Broken:
    """A registry that fails with a text that must not be seen."""

    def look_up(self, holder):
        raise RuntimeError(f"no line for {holder.id_number}")


@pytest.fixture(autouse=True)
def unchanged_umask():
    """Keep what a command sets from the next tests."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path, f"sqlite:///{tmp_path / 'permit.sqlite3'}")
    yield made
    made.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def stored_world(request, tmp_path):
    """Return a world on each database."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            cluster = request.getfixturevalue("postgresql")
            url = stack.enter_context(cluster.fresh(migrated=False))
        else:
            url = f"sqlite:///{tmp_path / 'permit.sqlite3'}"
        made = World(tmp_path, url)
        stack.callback(made.database.close)
        yield made


__all__ = ["Absence", "Broken", "World", "endorsement", "made_up_holder"]
