"""Suspends a credential, for a reason that its owner reads, and lifts that (`central credential …`)."""

import argparse
import sys
import time
from contextlib import closing

from central.commands.common import add_actions, load_settings, open_database
from central.credentials import suspension
from central.credentials.suspension import By, Change
from central.storage.tables import Credential


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central credential`."""
    add = add_actions(parser)
    for name, action, text in (
        ("suspend", suspend, "authenticate nobody with it; its owner cannot lift that"),
        ("resume", resume, "lift a suspension, an owner's too"),
    ):
        one = add(name, action, text)
        one.add_argument("serial")
        one.add_argument("--reason", required=True, help="shown to the owner: no personal data")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def suspend(options: argparse.Namespace) -> int:
    """Suspend; return 1 if the credential is not open, or was suspended by an operator before."""
    return _carry_out(options, suspension.suspend, "suspended", "not open, or suspended before")


def resume(options: argparse.Namespace) -> int:
    """Lift a suspension; return 1 if there is none."""
    return _carry_out(options, suspension.resume, "in use again", "not suspended")


def _carry_out(options: argparse.Namespace, act: Change, done: str, otherwise: str) -> int:
    with closing(open_database(load_settings(options))) as database, database.write() as session:
        row = session.get(Credential, options.serial, with_for_update=True)
        if row is not None and act(session, row, By.OPERATOR, time.time(), options.reason):
            print(f"{options.serial}: {done}")
            return 0
    print(f"{options.serial}: {'not known' if row is None else otherwise}", file=sys.stderr)
    return 1
