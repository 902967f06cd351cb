"""Record what staff did, with their number and a code, in the audit log and in the day's book.

The audit log is the proof, and it is known whether a record is on disk; the day's book is what the panel and
the report at the end of the day show.
"""

from collections.abc import Callable
from enum import StrEnum

from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.staff.daybook import ActionRow, Daybook


class StaffAction(StrEnum):
    """What staff can do; a closed set."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    ATTEST = "attest"
    UNLOCK = "unlock"
    RETRY = "retry"
    GIVE_UP = "give_up"
    EXPORT = "export"
    IMPORT = "import"
    TEST = "test"
    REPORT = "report"
    TRAIN = "train"
    FIND = "find"


RecordAction = Callable[[StaffAction, str, Code], bool]
"""`ActionLog.record` without its options: action, clerk's number, code → whether it is on disk."""

_KINDS = {
    StaffAction.SIGN_IN: RecordKind.CLERK_SIGNED_IN,
    StaffAction.SIGN_OUT: RecordKind.CLERK_SIGNED_OUT,
    StaffAction.RETRY: RecordKind.REQUEST_RETRIED,
    StaffAction.EXPORT: RecordKind.REQUEST_EXPORTED,
    StaffAction.GIVE_UP: RecordKind.REQUEST_GIVEN_UP,
}


class ActionLog:
    """Thread-safe. Holds neither PINs nor customers' data."""

    def __init__(self, audit: AuditLog, daybook: Daybook) -> None:
        self._audit = audit
        self.daybook = daybook

    def record(
        self,
        action: StaffAction,
        number: str,
        code: Code = Code.OK,
        visit: str | None = None,
        **facts: int | str,
    ) -> bool:
        """Record an action and return whether it is on disk; without its record it must not be done."""
        refused = action in (StaffAction.SIGN_IN, StaffAction.ATTEST) and code is not Code.OK
        kind = RecordKind.CLERK_REFUSED if refused else _KINDS.get(action, RecordKind.CLERK_ACTED)
        known: dict[str, int | str] = {"act": action.value}
        on_disk = self._audit.append(kind, code, visit=visit, actor=number, facts=known | facts)
        self.daybook.write(ActionRow(at_unix=0.0, act=action.value, clerk=number, code=code, visit=visit))
        return on_disk
