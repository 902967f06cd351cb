"""Everything a route needs, built once; the one place where central is put together."""

import time
from dataclasses import dataclass

from fastapi import Request

from central.activation.activations import Activations
from central.activation.authority import Authority, load
from central.activation.recheck import Rechecker
from central.activation.simulated_authority import SimulatedAuthority
from central.api.middleware import Rate
from central.privacy import retention
from central.security import keys as keys_
from central.security.keys import Keys
from central.security.personal_data import PersonalData
from central.settings import Settings
from central.storage.database import Database, migrate


@dataclass(frozen=True)
class Service:
    settings: Settings
    database: Database
    keys: Keys
    vault: PersonalData
    authority: Authority
    activations: Activations
    rechecker: Rechecker
    terminals: Rate
    strangers: Rate  # by address: enrolment and revocation, which anybody may try

    def close(self) -> None:
        self.rechecker.stop()
        self.database.close()


def build(settings: Settings) -> Service:
    """Migrates the database. Raises KeysError, LookupError, ValueError, SQLAlchemyError."""
    keys = keys_.load(settings.data / "keys")
    database = Database(settings.database)
    migrate(database.engine)
    authority = authority_of(settings)
    activations = Activations(database, keys, authority, settings)
    return Service(
        settings=settings,
        database=database,
        keys=keys,
        vault=PersonalData(keys.vault),
        authority=authority,
        activations=activations,
        rechecker=Rechecker(
            activations,
            database,
            settings.poll_s,
            settings.prune_s,
            lambda: retention.erase(database, keys.challenge, settings.retention, time.time()),
        ),
        terminals=Rate(settings.requests.per_s, settings.requests.burst),
        strangers=Rate(settings.requests.strangers_per_s, settings.requests.strangers_burst),
    )


def authority_of(settings: Settings) -> Authority:
    """The register that the settings choose. Raises LookupError."""
    if settings.simulation and not settings.authority.driver:
        return SimulatedAuthority(settings.data / "people.json")
    return load(settings.authority.driver, settings.authority.options)


def service(request: Request) -> Service:
    """For routes: `Annotated[Service, Depends(service)]`."""
    found: Service = request.app.state.service
    return found
