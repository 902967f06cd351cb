"""Makes keys and database of a new service, or brings the database up to date."""

import argparse
import time
from contextlib import closing

import msgspec

from permit.cards.cards import china_day
from permit.client_key import PUBLIC, make_client_key
from permit.commands.common import add_data_argument, load_settings
from permit.drivers import PEOPLE, SIMULATED
from permit.protection import make_keys
from permit.registry.made_up_people import made_up_content
from permit.service import CALLBACK
from permit.settings import Settings
from permit.storage.database import Database, migrate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `permit init`."""
    add_data_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Make what is missing, and tell how central gets to know this service."""
    settings = load_settings(options)
    make_missing(settings)
    print(
        f"ready. At central: central relying-party add {settings.login.client_id} --name … --purpose … "
        f"--redirect-uri {settings.address}{CALLBACK} --level face --level credential_face "
        f"--jwks {settings.keys / PUBLIC}"
    )
    return 0


def make_missing(settings: Settings) -> None:
    """Make the keys and tables that are missing. Raises OSError, SQLAlchemyError."""
    make_keys(settings.keys)
    people = settings.data / PEOPLE
    if settings.simulation and settings.registry.driver in ("", SIMULATED) and not people.exists():
        people.write_bytes(msgspec.json.format(msgspec.json.encode(made_up_content(china_day(time.time())))))
    make_client_key(settings.keys)
    with closing(Database(settings.database)) as database:
        migrate(database.engine)
