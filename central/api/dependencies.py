"""Builds everything that routes need, once, and hands it to them."""

import time
from dataclasses import dataclass

from fastapi import Request

from central.activation.activations import Activations
from central.activation.authority import Authority
from central.activation.authority_driver import load_authority
from central.activation.recheck import Rechecker
from central.api.middleware import RateLimiter
from central.privacy import retention
from central.security import keys as keys_
from central.security.keys import Keys
from central.security.personal_data import PersonalData
from central.settings import Settings
from central.storage.database import Database, migrate


@dataclass(frozen=True, kw_only=True)
class Service:
    """What routes work with."""

    settings: Settings
    database: Database
    keys: Keys
    personal_data: PersonalData
    authority: Authority
    activations: Activations
    rechecker: Rechecker
    terminal_limiter: RateLimiter
    address_limiter: RateLimiter  # for enrolment, revocation and look-up, which anybody may try

    def close(self) -> None:
        """Stop the re-checker and close the database."""
        self.rechecker.stop()
        self.database.close()


def build(settings: Settings) -> Service:
    """Return the service of `settings`, with its database migrated.

    Raises KeysError, LookupError, ValueError, SQLAlchemyError.
    """
    keys = keys_.load(settings.data / "keys")
    database = Database(settings.database)
    migrate(database.engine)
    authority = load_authority(settings)
    activations = Activations(database=database, keys=keys, authority=authority, settings=settings)
    return Service(
        settings=settings,
        database=database,
        keys=keys,
        personal_data=PersonalData(keys.personal_data),
        authority=authority,
        activations=activations,
        rechecker=Rechecker(
            activations,
            database,
            poll_s=settings.poll_s,
            prune_s=settings.prune_s,
            erase=lambda: retention.erase(database, keys.challenge, settings.retention, time.time()),
        ),
        terminal_limiter=RateLimiter(settings.requests.per_s, settings.requests.burst),
        address_limiter=RateLimiter(settings.requests.strangers_per_s, settings.requests.strangers_burst),
    )


def service(request: Request) -> Service:
    """Return the application's service; for routes: `Annotated[Service, Depends(service)]`."""
    found: Service = request.app.state.service
    return found
