"""What a clerk is asked about in a review, and what is signed so far."""

from msgspec import Struct

from kiosk.codes import Code
from kiosk.model import Decision, Reason, Signature, Stage


class ReviewCase(Struct):
    """Open while the stage is REVIEW."""

    code: Code
    back: Stage  # where it came from
    asked_unix: float | None = None  # None: nobody knows yet whether a clerk is there
    signing: str = ""  # whose PIN is being looked at
    wrong: int = 0  # signatures that were not taken
    first: Signature | None = None
    decision: Decision | None = None  # approved, and waiting for the second signature
    reason: Reason | None = None
