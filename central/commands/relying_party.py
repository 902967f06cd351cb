"""Registers the services that may ask central to authenticate people."""

import argparse
import sys
import time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from central.authentication import parties
from central.authentication.levels import Level
from central.commands.common import add_actions, load_settings, open_database
from central.storage.authentication_tables import RelyingParty
from central.text_files import read_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `central relying-party`."""
    add = add_actions(parser)
    adding = add("add", _add, "register a relying party and print its secret, once")
    adding.add_argument("id")
    adding.add_argument("--name", required=True, help="as people know it")
    adding.add_argument("--purpose", required=True, help="what it needs the authentication for")
    adding.add_argument("--redirect-uri", action="append", required=True, metavar="URI")
    adding.add_argument(
        "--level", action="append", required=True, choices=[one.name.lower() for one in Level]
    )
    adding.add_argument("--jwks", type=Path, help="its public keys; it signs instead of sending a secret")
    adding.add_argument(
        "--without-push",
        action="store_true",
        help="accept requests that a browser brings, with no person in them",
    )
    add("list", _list, "list relying parties")
    add("disable", _disable, "refuse a relying party from now on").add_argument("id")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def _add(options: argparse.Namespace) -> int:
    """Raises ValueError, OSError."""
    database = open_database(load_settings(options))
    try:
        with database.write() as session:
            secret = parties.register(
                session,
                id=options.id,
                name=options.name,
                purpose=options.purpose,
                redirect_uris=options.redirect_uri,
                levels=[Level[one.upper()] for one in options.level],
                jwks=None if options.jwks is None else read_text(options.jwks),
                pushed_required=not options.without_push,
                now=time.time(),
            )
    except IntegrityError:
        print(f"{options.id} is registered already", file=sys.stderr)
        return 1
    if secret is not None:
        print(secret)
    return 0


def _list(options: argparse.Namespace) -> int:
    with open_database(load_settings(options)).read() as session:
        for row in session.scalars(select(RelyingParty).order_by(RelyingParty.id)):
            state = "enabled" if row.disabled_unix is None else "disabled"
            print(f"{row.id}\t{state}\t{row.sector}\t{row.name}")
    return 0


def _disable(options: argparse.Namespace) -> int:
    with open_database(load_settings(options)).write() as session:
        row = session.get(RelyingParty, options.id)
        if row is None:
            print(f"{options.id} is not registered", file=sys.stderr)
            return 1
        row.disabled_unix = row.disabled_unix or time.time()
    return 0
