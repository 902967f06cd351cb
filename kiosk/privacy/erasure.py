"""Erase what is due, and write an erasure receipt into the audit log for each category.

    plan on disk ─▶ erase ─▶ receipts in the log ─▶ plan deleted

A power cut in between leaves the plan: the next run erases the remainder and writes the receipts that are
missing, so nothing is erased without a receipt and nothing has two (the receipts of a run bear its hash).
"""

import logging
import time
from collections.abc import Callable
from hashlib import sha256

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.errors import UNREADABLE, KioskError
from kiosk.files import OTHERS_WRITE, make_private, write_whole
from kiosk.model import Measures, StoredAmount
from kiosk.privacy.data_categories import RetentionTerm, retention_terms
from kiosk.privacy.receipts import read_receipts
from kiosk.settings import Settings

log = logging.getLogger(__name__)

PLAN_FILE = "erasing.json"
NOTHING = StoredAmount()


class ErasureItem(Struct, frozen=True, kw_only=True):
    """One category of what a run erases: all that came before `before_unix`."""

    kind: str
    before_unix: float
    days: float | None
    span: StoredAmount

    def receipt_facts(self, plan: "ErasurePlan") -> Measures:
        """Return the facts of the receipt for what the plan erased of this category."""
        return {
            "run": plan.run,
            "data": self.kind,
            "count": self.span.count,
            "bytes": self.span.bytes,
            "from": self.span.first_unix,
            "to": self.span.last_unix,
            "days": self.days,
            "why": "term" if self.days is not None else "end",
            "by": plan.by,
        }


class ErasurePlan(Struct, frozen=True, kw_only=True):
    """`at_unix`: when the run began; `by`: "job" or "command"."""

    at_unix: float
    by: str
    items: tuple[ErasureItem, ...]

    @property
    def run(self) -> str:
        """The hash that names the run in its receipts."""
        return sha256(msgspec.json.encode(self)).hexdigest()


class Eraser:
    """Works on one terminal's folder; another process may do the same at the same time."""

    def __init__(
        self, settings: Settings, audit: AuditLog, clock_unix: Callable[[], float] = time.time
    ) -> None:
        self._terms = {term.kind: term for term in retention_terms(settings)}
        self._plan = settings.path(settings.storage.folder) / PLAN_FILE
        self._audit = audit
        self._clock_unix = clock_unix

    def run(self, by: str = "job") -> list[ErasureItem]:
        """Erase what is due and return what was erased; a category that fails does not keep the others.

        Raises OSError if the plan cannot be written: then nothing was erased.
        """
        done = self._finish_interrupted()
        now = self._clock_unix()
        items = (
            ErasureItem(
                kind=term.kind,
                before_unix=term.before(now),
                days=term.days,
                span=_amount(term, term.before(now)),
            )
            for term in self._terms.values()
        )
        due = tuple(item for item in items if item.span.count)
        if due:
            plan = ErasurePlan(at_unix=round(self._clock_unix(), 3), by=by, items=due)
            make_private(self._plan.parent, OTHERS_WRITE)
            write_whole(self._plan, msgspec.json.encode(plan))
            done += self._carry_out(plan, frozenset())
        return done

    def _finish_interrupted(self) -> list[ErasureItem]:
        """Carry out the plan that a power cut has left, without the receipts that are in the log already.

        A plan that cannot be read is ignored: what it named is still due, and is planned anew.
        """
        try:
            plan = msgspec.json.decode(self._plan.read_bytes(), type=ErasurePlan)
        except (OSError, *UNREADABLE):
            return []
        written: frozenset[str] = frozenset()
        if self._audit.path.exists():
            with self._audit.path.open("rb") as file:
                written = frozenset(one.kind for one in read_receipts(file) if one.run == plan.run)
        return self._carry_out(plan, written)

    def _carry_out(self, plan: ErasurePlan, written: frozenset[str]) -> list[ErasureItem]:
        """Erase the plan's items and record what is really gone."""
        done = []
        for item in plan.items:
            gone = self._erase(item)
            if gone.span.count:
                done.append(gone)
                if item.kind not in written:
                    self._audit.append(RecordKind.PRIVACY_ERASED, facts=gone.receipt_facts(plan))
        self._plan.unlink(missing_ok=True)
        return done

    def _erase(self, item: ErasureItem) -> ErasureItem:
        """Return the item with the count and size of what was erased; its times stay those of the plan."""
        term = self._terms.get(item.kind)
        if term is None:  # the settings changed in between; it is planned anew when it comes back
            return replace(item, span=NOTHING)
        try:
            term.data.erase(item.before_unix)
        except (OSError, KioskError) as error:
            log.warning("%s not erased: %s", term.kind, type(error).__name__)
        left = _amount(term, item.before_unix, item.span)
        count, size = item.span.count - left.count, item.span.bytes - left.bytes
        return replace(item, span=replace(item.span, count=count, bytes=size))


def _amount(term: RetentionTerm, before: float, unknown: StoredAmount = NOTHING) -> StoredAmount:
    """Return what is there, or `unknown` if it cannot be counted."""
    try:
        return term.data.due(before)
    except (OSError, KioskError) as error:
        log.warning("%s not counted: %s", term.kind, type(error).__name__)
        return unknown
