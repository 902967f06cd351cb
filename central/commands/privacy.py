"""`central privacy report | erase | receipts`: what central holds of people, and the proof of erasing."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from central.privacy import retention
from central.privacy.retention import DAY_S, Receipt
from central.security import keys
from central.settings import Retention, Settings
from central.storage.database import Database
from central.storage.tables import (
    Activation,
    AuditAlarm,
    AuditAnchor,
    Challenge,
    Clerk,
    Credential,
    EnrolmentCode,
    LostRequest,
    SeenToken,
    Terminal,
)

Opened = Callable[[argparse.Namespace], tuple[Settings, Database]]


@dataclass(frozen=True)
class Held:
    """One kind. `until_unix`: when the last of what is there now will be gone; None: `ends` says when."""

    kind: str
    holds: str
    count: int
    since_unix: float | None
    until_unix: float | None
    ends: str


def add(actions: Any, data: argparse.ArgumentParser, opened: Opened) -> None:
    """The subcommands."""
    privacy = actions.add_parser("privacy", help="what central holds of people; erase what is due")
    commands = privacy.add_subparsers(required=True, metavar="ACTION")
    report = commands.add_parser("report", parents=[data], help="by kind: how much, since and until when")
    erase = commands.add_parser("erase", parents=[data], help="erase what is due; the server does it daily")
    erase.add_argument("--due", action="store_true", required=True, help="only what its term has ended for")
    receipts = commands.add_parser("receipts", parents=[data], help="what was erased, verified")
    receipts.add_argument("--raw", action="store_true", help="the signed tokens, one a line")
    receipts.add_argument("--file", help="verify tokens of this file instead of the database's")
    for one, do in ((report, _report), (erase, _erase), (receipts, _receipts)):
        one.set_defaults(action=_with(do, opened))
    for one in (report, receipts):
        one.add_argument("--json", action="store_true", help="for programs")


Do = Callable[[argparse.Namespace, Settings, Database], int]


def _with(do: Do, opened: Opened) -> Callable[[argparse.Namespace], int]:
    def action(options: argparse.Namespace) -> int:
        settings, database = opened(options)
        try:
            return do(options, settings, database)
        finally:
            database.close()

    return action


def _report(options: argparse.Namespace, settings: Settings, database: Database) -> int:
    with database.read() as session:
        found = list(held(session, settings.retention))
    if options.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
    for one in [] if options.json else found:
        times = f"{_day(one.since_unix)}  {_day(one.until_unix)}"
        print(f"{one.kind:<22}{one.count:>9}  {times}  {one.ends:<34}{one.holds}")
    return 0


def held(session: Session, keep: Retention) -> Iterator[Held]:
    """Counts and times, never whose."""
    Times = InstrumentedAttribute[float] | InstrumentedAttribute[float | None]  # noqa: N806

    def row(
        kind: str, holds: str, at: Times, ends: str, days: float | None, *where: ColumnElement[bool]
    ) -> Held:
        found = select(func.count(), func.min(at), func.max(at)).where(*where)
        count, since, last = session.execute(found).one()
        until = None if days is None or last is None else last + days * DAY_S
        return Held(kind, holds, count, since, until, ends)

    decided = Activation.sealed.is_(None)
    yield row("requests to decide", "personal, sealed to our key; measures", Activation.received_unix,
              "the register's answer", None, Activation.sealed.is_not(None))  # fmt: skip
    yield row("evidence", "measures and codes, by visit's number", Activation.at_unix,
              "[retention] evidence_days", keep.evidence_days,
              decided, Activation.evidence != "")  # fmt: skip
    yield row("receipts", "visit's number, last word", Activation.at_unix, "with central", None, decided)
    yield row("credentials", "keyed hash, phone encrypted, password hashed", Credential.opened_unix,
              "their owner's word", None, Credential.revoked_unix.is_(None))  # fmt: skip
    yield row("ended credentials", "the same, of ended ones", Credential.revoked_unix,
              "[retention] ended_days", keep.ended_days, Credential.password != "",
              Credential.revoked_unix.is_not(None))  # fmt: skip
    yield row("challenges", "nothing personal", Challenge.issued_unix, "[retention] challenges_days", None)
    yield row("spent signatures", "nothing personal", SeenToken.expires_unix, "their own end", 0.0)
    yield row("enrolment codes", "hashes", EnrolmentCode.expires_unix, "a day after their end", 1.0)
    yield row("terminals", "names of shops", Terminal.enrolled_unix, "with central", None)
    yield row("heads of audit logs", "nothing personal", AuditAnchor.at_unix, "with central", None)
    yield row("logs that went back", "nothing personal", AuditAlarm.at_unix, "with central", None)
    yield row("lost requests", "visits' numbers", LostRequest.told_unix, "with central", None)
    yield row("staff", "clerks' numbers and PIN hashes", Clerk.added_unix, "head office", None)


def _erase(_: argparse.Namespace, settings: Settings, database: Database) -> int:
    key = keys.load(settings.data / "keys").challenge
    for receipt in retention.erase(database, key, settings.retention, time.time(), "command"):
        print(_line(receipt))
    return 0


def _receipts(options: argparse.Namespace, settings: Settings, database: Database) -> int:
    key = keys.load(settings.data / "keys").challenge.public_key()
    with database.read() as session:
        found = retention.tokens(session)
    if options.file:
        with open(options.file, encoding="ascii") as file:
            found = file.read().split()
    if options.raw:
        print("\n".join(found))
        return 0
    try:
        receipts = retention.check(found, key)
    except retention.Altered as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(one) for one in receipts], indent=2))
        return 0
    for receipt in receipts:
        print(_line(receipt))
    print(f"{len(receipts)} receipts, unbroken")
    return 0


def _line(one: Receipt) -> str:
    came = f"{_day(one.from_unix)} to {_day(one.to_unix)}"
    return (
        f"{one.seq:>6}  {_day(one.at_unix)}  {one.count} {one.kind} of {came}: {one.days:g} days ({one.by})"
    )


def _day(unix: float | None) -> str:
    return "-".ljust(16) if unix is None else datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M")
