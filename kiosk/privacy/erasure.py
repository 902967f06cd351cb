"""The job that erases what is due, and writes an erasure receipt into the audit log for each kind.

    plan on disk ─▶ erase ─▶ receipts in the log ─▶ plan taken away

A plug that is pulled in between leaves the plan: the next run erases the rest of it and writes the receipts
that are missing, so nothing goes without one and nothing has two (a run's receipts bear its number).
"""

import logging
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.errors import UNREADABLE, KioskError
from kiosk.files import write_whole
from kiosk.model import Measures, StoredAmount
from kiosk.privacy.data_categories import Term, terms
from kiosk.privacy.receipts import read
from kiosk.settings import Settings

log = logging.getLogger(__name__)

PLAN_FILE = "erasing.json"
NOTHING = StoredAmount()


class Item(Struct, frozen=True):
    """One kind of what a run erases: all that came before `before_unix`."""

    kind: str
    before_unix: float
    days: float | None
    span: StoredAmount


class Plan(Struct, frozen=True):
    """`at_unix`: when the run began; `by`: "job" or "command"."""

    at_unix: float
    by: str
    items: tuple[Item, ...]

    @property
    def run(self) -> str:
        return sha256(msgspec.json.encode(self)).hexdigest()


class Eraser:
    """For one terminal's folder; another process may do the same at the same time and nothing is lost."""

    def __init__(
        self, settings: Settings, audit: AuditLog, clock_unix: Callable[[], float] = time.time
    ) -> None:
        self._terms = {term.kind: term for term in terms(settings)}
        self._plan = settings.path(settings.storage.folder) / PLAN_FILE
        self._audit = audit
        self._clock_unix = clock_unix

    def run(self, by: str = "job") -> list[Item]:
        """Erase what is due; what was erased. One kind that fails does not keep the others.

        Raises OSError if the plan cannot be written: then nothing was erased.
        """
        left = _read_plan(self._plan)
        done = self._carry_out(left, self._written(left)) if left is not None else []
        plan = Plan(round(self._clock_unix(), 3), by, tuple(self._due()))
        if plan.items:
            self._plan.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._plan, msgspec.json.encode(plan))
            done += self._carry_out(plan, frozenset())
        return done

    def _due(self) -> list[Item]:
        now = self._clock_unix()
        found = [Item(t.kind, t.before(now), t.days, _span(t, t.before(now))) for t in self._terms.values()]
        return [item for item in found if item.span.count]

    def _carry_out(self, plan: Plan, written: frozenset[str]) -> list[Item]:
        """Receipts tell what is really gone."""
        done = []
        for item in plan.items:
            gone = self._erase(item)
            if gone.span.count:
                done.append(gone)
                if item.kind not in written:
                    self._audit.append(RecordKind.PRIVACY_ERASED, facts=_facts(plan, gone))
        self._plan.unlink(missing_ok=True)
        return done

    def _erase(self, item: Item) -> Item:
        """What went of the item; the span's times stay those of the plan."""
        term = self._terms.get(item.kind)
        if term is None:  # the settings changed in between; it is planned anew when it comes back
            return replace(item, span=NOTHING)
        try:
            term.stock.erase(item.before_unix)
        except (OSError, KioskError) as error:
            log.warning("%s not erased: %s", term.kind, type(error).__name__)
        left = _span(term, item.before_unix, item.span)
        count, size = item.span.count - left.count, item.span.bytes - left.bytes
        return replace(item, span=replace(item.span, count=count, bytes=size))

    def _written(self, plan: Plan) -> frozenset[str]:
        """Kinds whose receipt of this very run is in the log already."""
        if not self._audit.path.exists():
            return frozenset()
        with self._audit.path.open("rb") as file:
            return frozenset(one.kind for one in read(file) if one.run == plan.run)


def _span(term: Term, before: float, unknown: StoredAmount = NOTHING) -> StoredAmount:
    """What is there, or `unknown` if nobody can tell."""
    try:
        return term.stock.due(before)
    except (OSError, KioskError) as error:
        log.warning("%s not counted: %s", term.kind, type(error).__name__)
        return unknown


def _read_plan(path: Path) -> Plan | None:
    """A plan that cannot be read is none: what it named is due still, and is planned anew."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except (OSError, *UNREADABLE):
        return None


def _facts(plan: Plan, item: Item) -> Measures:
    span = item.span
    return {
        "run": plan.run,
        "data": item.kind,
        "count": span.count,
        "bytes": span.bytes,
        "from": span.first_unix,
        "to": span.last_unix,
        "days": item.days,
        "why": "term" if item.days is not None else "end",
        "by": plan.by,
    }
