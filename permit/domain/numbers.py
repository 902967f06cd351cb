"""Judges the form of permit numbers and ID numbers."""

import re
from datetime import date

# C and 8 digits since 2014; a letter but I and O in second place since December 2018 (National Immigration
# Administration, notice of 2018-12-10).
_PERMIT = re.compile(r"C(?:[0-9]{8}|[A-HJ-NP-Z][0-9]{7})")
_ID = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, ISO 7064 MOD 11-2
_CHECK = "10X98765432"


def is_permit_number(text: str) -> bool:
    """Return whether `text` may be the number of a permit for Hong Kong and Macao."""
    return _PERMIT.fullmatch(text) is not None


def is_id_number(text: str) -> bool:
    """Return whether `text` has the form of GB 11643: a day that exists, the right check character."""
    if _ID.fullmatch(text) is None:
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    weighted = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:17], strict=True))
    return _CHECK[weighted % 11] == text[17]
