"""Puts the service together from its settings: the only place that knows all parts."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from permit.binding.bindings import Bindings
from permit.cards.cards import Cards
from permit.cards.notices import Notices
from permit.cards.reminders import Reminders
from permit.cards.renewals import Renewals
from permit.client_key import load_client
from permit.drivers import load_messages, load_registry
from permit.login.http import Http
from permit.login.relying_party import RelyingParty
from permit.messages.port import MessagePort
from permit.protection import Protection
from permit.registry.port import Registry
from permit.sessions.logins import Logins
from permit.sessions.phone_codes import PhoneCodes
from permit.sessions.sessions import Sessions
from permit.settings import Settings, SettingsError
from permit.storage.database import Database, is_up_to_date
from permit.storage.tallies import Tallies

CALLBACK = "/login/back"


class _Stored(TypedDict):
    """Arguments of all parts that keep something."""

    database: Database
    protection: Protection
    clock: Callable[[], float]


@dataclass(kw_only=True)
class Service:
    """The service's parts."""

    settings: Settings
    clock: Callable[[], float]
    database: Database
    registry: Registry
    messages: MessagePort
    bindings: Bindings
    cards: Cards
    reminders: Reminders
    notices: Notices
    renewals: Renewals
    sessions: Sessions
    phone_codes: PhoneCodes
    logins: Logins
    relying_party: RelyingParty
    tallies: Tallies

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def build(settings: Settings, clock: Callable[[], float] = time.time) -> Service:
    """Return the service. Raises SettingsError, OSError, ValueError."""
    registry, messages = load_registry(settings, clock), load_messages(settings)
    protection = Protection(settings.keys)
    client = load_client(settings)
    database = Database(settings.database)
    if not is_up_to_date(database.engine):
        database.close()
        raise SettingsError("the database has not the tables of this release: run `permit init`")
    stored: _Stored = {"database": database, "protection": protection, "clock": clock}
    return Service(
        settings=settings,
        clock=clock,
        database=database,
        registry=registry,
        messages=messages,
        bindings=Bindings(registry=registry, after_s=settings.ask_after_s, **stored),
        cards=Cards(registry=registry, **stored),
        reminders=Reminders(messages=messages, days_before=settings.reminders.days_before, **stored),
        notices=Notices(messages=messages, **stored),
        renewals=Renewals(registry=registry, ask_s=settings.renewal_ask_s, **stored),
        sessions=Sessions(**stored),
        phone_codes=PhoneCodes(messages=messages, again_s=settings.phone_codes.again_s, **stored),
        logins=Logins(**stored),
        relying_party=RelyingParty(
            issuer=settings.login.issuer,
            redirect_uri=settings.address + CALLBACK,
            client=client,
            http=Http(settings.path(settings.login.ca)),
            levels=settings.login.levels,
            max_age_s=settings.login.max_age_s,
            clock=clock,
        ),
        tallies=Tallies(database, clock),
    )
