"""Holds what a clerk is asked about in a review, and what has been signed so far."""

from msgspec import Struct

from kiosk.codes import Code
from kiosk.model import Decision, ReviewReason, Signature, Stage


class ReviewCase(Struct, kw_only=True):
    """Open while the stage is REVIEW."""

    code: Code
    back: Stage  # where the visit came from
    asked_unix: float | None = None  # None: not known yet whether a clerk is there
    signing: str = ""  # whose PIN is being checked, or who signs
    wrong: int = 0  # signatures that were refused
    clerk: str = ""  # who decides: their PIN was right
    decision: Decision | None = None  # from the decision on; then signatures are missing
    reason: ReviewReason | None = None
    first: Signature | None = None
