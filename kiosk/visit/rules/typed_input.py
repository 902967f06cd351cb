"""Checks the mobile number and the password that were typed; shared by the keypad screen and the visit."""

import re
from itertools import pairwise

from kiosk.codes import Code
from kiosk.events import Typed
from kiosk.model import Check, Verdict, VerdictAnswer

PHONE = re.compile(r"1[3-9]\d{9}")
"""Mobile numbers of the mainland: eleven digits."""
PASSWORD_LENGTH = 8
"""The credential's password: eight digits (public descriptions of CTID, 2017–2025)."""


def phone_fault(phone: str) -> Code | None:
    """Return PHONE_MALFORMED or None."""
    return None if PHONE.fullmatch(phone) else Code.PHONE_MALFORMED


def password_fault(password: str) -> Code | None:
    """Return PASSWORD_MALFORMED, PASSWORD_WEAK (one digit only, or a straight run) or None."""
    if len(password) != PASSWORD_LENGTH or not (password.isascii() and password.isdigit()):
        return Code.PASSWORD_MALFORMED
    steps = {int(b) - int(a) for a, b in pairwise(password)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        return Code.PASSWORD_WEAK
    return None


def faults(event: Typed) -> tuple[Code, ...]:
    """Return all faults of what was typed; a redacted event was checked before it was written to the log."""
    if event.redacted:
        return event.faults
    found = (phone_fault(event.phone), password_fault(event.password))
    return (*event.faults, *(f for f in found if f is not None))


def repeat_fault(password: str, again: str) -> Code | None:
    """Return PASSWORD_MISMATCH or None."""
    return None if password == again else Code.PASSWORD_MISMATCH


def judge_typed(event: Typed) -> Verdict:
    """Check number and password again: no screen is trusted to have done it."""
    if found := faults(event):
        return Verdict(check=Check.PHONE, answer=VerdictAnswer.RETRY, code=found[0])
    return Verdict(check=Check.PHONE, answer=VerdictAnswer.PASS)
