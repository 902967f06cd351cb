"""Checks the mobile number and the password that were typed; shared by the keypad screen and the visit."""

import re
from itertools import pairwise

from kiosk.codes import Code
from kiosk.events import PhoneCodeTyped, Typed
from kiosk.model import Check, Verdict, VerdictAnswer

PHONE = re.compile(r"1[3-9]\d{9}")
"""Mobile numbers of the mainland: eleven digits."""
PHONE_CODE = re.compile(r"[0-9]{6}")
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
    password = password_fault(event.password) if event.password is not None else None
    found = (phone_fault(event.phone), password)
    return (*event.faults, *(f for f in found if f is not None))


def repeat_fault(password: str, again: str) -> Code | None:
    """Return PASSWORD_MISMATCH or None."""
    return None if password == again else Code.PASSWORD_MISMATCH


def is_phone_code(event: PhoneCodeTyped) -> bool:
    """Return whether what was typed can be a one-time code."""
    return event.redacted or PHONE_CODE.fullmatch(event.code) is not None


def judge_typed(event: Typed, *, with_password: bool = True) -> Verdict:
    """Check number and password again: no screen is trusted to have done it."""
    if found := faults(event):
        return Verdict(check=Check.PHONE, answer=VerdictAnswer.RETRY, code=found[0])
    if (event.password is not None) != with_password:
        return Verdict(check=Check.PHONE, answer=VerdictAnswer.RETRY, code=Code.PASSWORD_MALFORMED)
    return Verdict(check=Check.PHONE, answer=VerdictAnswer.PASS)
