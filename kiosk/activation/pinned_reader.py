"""The card reader that this terminal may use: compare with the one that is pinned, and pin another.

The first is pinned by the enrolment. Another one is pinned at central, which must have permitted it, and then
here; wherever it stops, repeating it ends in the same state.
"""

from collections.abc import Callable

import msgspec

from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import Identity, accepted_content
from kiosk.audit.facts import reader_facts
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.errors import DeviceMissing
from kiosk.model import ReaderIdentity

PATH = "/v1/terminals/reader"


class ReaderCheck:
    """Compares readers with the pinned one, and records each other one once. Called from one thread."""

    def __init__(self, audit: AuditLog | None) -> None:
        self._audit = audit
        self._refused: ReaderIdentity | None = None  # the last time; it is tried again every second

    def require(self, found: ReaderIdentity, pinned: ReaderIdentity | None) -> None:
        """Check that `found` is the pinned reader; while none is pinned, no reader is.

        Raises DeviceMissing(READER_CHANGED).
        """
        if found == pinned:
            self._refused = None
            return
        if found != self._refused and self._audit is not None:
            self._audit.append(RecordKind.READER_CHANGED, Code.READER_CHANGED, facts=reader_facts(found))
        self._refused = found
        raise DeviceMissing(Code.READER_CHANGED, _difference(found, pinned))


def pin(
    http: HttpClient, identity: Identity, reader: ReaderIdentity, clock_unix: Callable[[], float]
) -> None:
    """Pin `reader` at central and here.

    Raises IdentityError if central refuses: READER_CHANGED without its permission; CentralError if it was
    not reached.
    """
    body = msgspec.json.encode({"reader": reader})
    response = http.call("POST", PATH, body, identity.signed_headers("POST", PATH, body, clock_unix()))
    accepted_content(response)
    identity.use_reader(reader)


def _difference(found: ReaderIdentity, pinned: ReaderIdentity | None) -> str:
    if pinned is None:
        return "no reader is pinned; see kiosk identity reader"
    if found.sam != pinned.sam:
        return f"security module {found.sam}, pinned is {pinned.sam}"
    return f"USB socket {found.socket or 'none'}, pinned is {pinned.socket or 'none'}"
