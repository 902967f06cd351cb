"""What people behind the counter did: into the audit log, with their number and a code, and the day's book.

The audit log is the proof and says whether it is on disk; the day's book is what the panel and the report
at the end of the day show.
"""

from collections.abc import Callable
from enum import StrEnum

from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.staff.daybook import ActionRow, Daybook


class StaffAction(StrEnum):
    """A closed set."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    ATTEST = "attest"
    UNLOCK = "unlock"
    PANEL = "panel"
    RETRY = "retry"
    GIVE_UP = "give_up"
    EXPORT = "export"
    IMPORT = "import"
    TEST = "test"
    REPORT = "report"


Note = Callable[[StaffAction, str, Code], bool]
"""`ActionLog.note`, as others see it: act, the clerk's number, a code; is it on disk?"""

_KINDS = {
    StaffAction.SIGN_IN: RecordKind.CLERK_SIGNED_IN,
    StaffAction.SIGN_OUT: RecordKind.CLERK_SIGNED_OUT,
    StaffAction.RETRY: RecordKind.REQUEST_RETRIED,
    StaffAction.EXPORT: RecordKind.REQUEST_EXPORTED,
    StaffAction.GIVE_UP: RecordKind.REQUEST_GIVEN_UP,
}


class ActionLog:
    """Thread-safe. Never a PIN, never a customer's data."""

    def __init__(self, audit: AuditLog, daybook: Daybook) -> None:
        self._audit = audit
        self.daybook = daybook

    def note(
        self,
        act: StaffAction,
        number: str,
        code: Code = Code.OK,
        visit: str | None = None,
        **facts: int | str,
    ) -> bool:
        """True when it is on disk; what needs its record must not go on otherwise."""
        refused = act in (StaffAction.SIGN_IN, StaffAction.ATTEST) and code is not Code.OK
        kind = RecordKind.CLERK_REFUSED if refused else _KINDS.get(act, RecordKind.CLERK_ACTED)
        told = {"act": act.value} | facts
        kept = self._audit.append(kind, code, visit=visit, actor=number, facts=told)
        self.daybook.write(ActionRow(0.0, act.value, number, code, visit))
        return kept
