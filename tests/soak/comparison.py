"""Compares both databases with what the customers were told."""

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

from kiosk.audit.record import RecordKind, decode
from kiosk.codes import Code
from kiosk.model import Outcome, Purpose, Way
from tests.soak.outcome_log import PROMISES, OutcomeLog

UNATTENDED = frozenset({Way.VOICE.value, Way.HEAD.value})
HARMLESS = frozenset({"clock set", "line cut", "answer lost"})
TURNED_AWAY = frozenset({Outcome.REFUSED.value, Outcome.REFERRED.value})
Visits = dict[str, dict[str, Any]]


class Comparison(Struct):
    """Result. Lists have visit numbers with what is wrong; all of them should be empty."""

    visits: int = 0
    promised: int = 0
    opened: int = 0  # a new credential
    changed: int = 0  # a password, on a credential that was there
    refused_by_central: int = 0
    wedged: int = 0
    never_told: int = 0  # kept and delivered, but the terminal died before its screen said so
    lost: list[str] = []
    doubled: list[str] = []
    unasked: list[str] = []
    contradicted: list[str] = []  # the screen said ACTIVATED last, and central says otherwise
    open: list[str] = []
    turned_away: list[str] = []  # did everything right, undisturbed, and got nothing
    two_open: int = 0  # people with two open credentials
    counts: dict[str, dict[str, int]] = {}

    @property
    def good(self) -> bool:
        wrong = (self.lost, self.doubled, self.unasked, self.contradicted, self.open, self.turned_away)
        return not any(wrong) and not self.two_open


def compare(outcome_log: OutcomeLog, storage: Path, central: Path) -> Comparison:
    visits, stored = gathered(outcome_log), _stored(storage / "audit" / "audit.log")
    activations, credentials, two_open = _central(central)
    outbox = _outbox(storage / "outbox.sqlite3")
    found = Comparison(visits=len(visits), two_open=two_open, counts=_counts(visits))
    for number, visit in visits.items():
        _judge(found, number, visit, number in stored, activations, credentials, outbox)
    strangers = set(credentials) - set(visits)
    found.unasked += [f"{number}: nobody came" for number in strangers]
    return found


def gathered(outcome_log: OutcomeLog) -> Visits:
    """Return all that was noted of each visit."""
    visits: Visits = defaultdict(lambda: {"told": [], "faults": []})
    for line in outcome_log.read():
        visit = line.pop("visit")
        if not visit:
            continue
        what = line.pop("what")
        if what == "told":
            visits[visit]["told"].append((line["outcome"], line["code"]))
        else:
            visits[visit].update(line)
    return visits


def _turned_away_by(visit: dict[str, Any], status: str, central_code: str) -> str:
    """Return the code by which a customer who did everything right, undisturbed, was refused; "": not so.

    What the register says of a person is not for the system to decide, nor that they have a credential. A
    clock that is set and a line that is down disturb nobody, but no card is judged by a clock in doubt.
    """
    usual = visit.get("odd") == "nothing" and visit.get("purpose") == Purpose.OPEN.value
    disturbed = set(visit["faults"]) - HARMLESS
    if not usual or disturbed or visit.get("way") not in UNATTENDED or not visit["told"]:
        return ""
    outcome, code = visit["told"][-1]
    if status == "REFUSED":
        code = central_code
    elif outcome not in TURNED_AWAY:
        return ""
    return "" if code.startswith("person.") or code == Code.CLOCK_OFF.value else code


def _judge(found, number, visit, stored, activations, credentials, outbox) -> None:
    promised = any(outcome in PROMISES for outcome, _ in visit["told"])
    found.promised += promised
    status, central_code = activations.get(number, ("none", ""))
    count = credentials[number]
    if why := _turned_away_by(visit, status, central_code):
        found.turned_away.append(f"{number}: {why}")
    state, code = outbox.get(number, ("none", None))
    if count > 1:
        found.doubled.append(number)
    if not promised and not stored:
        if status != "none" or count:
            found.unasked.append(f"{number}: {status}")
        return
    found.never_told += not visit["told"] and status != "none"
    if status == "ACTIVATED":
        makes = (Purpose.OPEN.value, Purpose.RENEW.value)
        changes = visit.get("purpose", Purpose.OPEN.value) not in makes
        found.changed += changes
        found.opened += count
        if count == 0 and not changes:
            found.lost.append(f"{number}: activated without a credential")
    elif status == "REFUSED":
        found.refused_by_central += 1
    elif status != "none":
        found.open.append(f"{number}: {status}")
    elif state == "wedged" and code not in (None, Code.OK.value):
        found.wedged += 1
    elif promised:
        found.lost.append(f"{number}: {state}")
    told = visit["told"][-1][0] if visit["told"] else ""
    if told == "activated" and status != "ACTIVATED":
        found.contradicted.append(f"{number}: {status}")


def _stored(audit: Path) -> set[str]:
    """Return the visits whose requests were committed, according to the terminal's audit log."""
    records = (decode(line).record for line in audit.read_bytes().splitlines())
    return {r.visit for r in records if r.kind is RecordKind.VISIT_STORED and r.code is Code.OK and r.visit}


def _central(path: Path) -> tuple[dict[str, tuple[str, str]], Counter[str], int]:
    with closing(sqlite3.connect(path)) as central:
        rows = central.execute("SELECT id, status, code FROM activations").fetchall()
        opened = central.execute("SELECT activation FROM credentials").fetchall()
        two = central.execute(
            "SELECT count(*) FROM (SELECT person FROM credentials WHERE revoked_unix IS NULL"
            " GROUP BY person HAVING count(*) > 1)"
        ).fetchone()[0]
    return {id: (status, code) for id, status, code in rows}, Counter(one for (one,) in opened), two


def _outbox(path: Path) -> dict[str, tuple[str, str | None]]:
    with closing(sqlite3.connect(path)) as outbox:
        rows = outbox.execute("SELECT id, state, code FROM requests").fetchall()
    return {id: (state, code) for id, state, code in rows}


def _counts(visits: Visits) -> dict[str, dict[str, int]]:
    """Count by way, purpose, outcome, last code, oddity, and fault during the visit."""
    tables: dict[str, Counter[str]] = defaultdict(Counter)
    for visit in visits.values():
        outcome, code = visit["told"][-1] if visit["told"] else ("cut short", "terminal gone")
        tables["way"][visit.get("way", "?")] += 1
        tables["purpose"][visit.get("purpose", "?")] += 1
        tables["outcome"][outcome] += 1
        tables["code"][f"{outcome} {code}"] += 1
        tables["out of the ordinary"][visit.get("odd", "?")] += 1
        for fault in visit["faults"]:
            tables["fault during a visit"][f"{fault} → {outcome}"] += 1
    return {name: dict(table.most_common()) for name, table in tables.items()}
