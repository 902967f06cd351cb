"""Checks citizen identity numbers: form, birth date inside, check character.

GB 11643-1999: six digits of region, eight of birth (YYYYMMDD), three of sequence (odd: male), and one check
character by ISO/IEC 7064 MOD 11-2. Regions are not looked up (docs/decisions/0006-no-region-table.md).
"""

import re
from datetime import date

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""2^(17 − i) mod 11 for the digits i = 0…16."""
CHARACTERS = "10X98765432"
"""The check character for the weighted sum mod 11."""

PERMIT_REGIONS = ("810000", "820000", "830000")
"""Regions of residence permits for people from Hong Kong, Macau and Taiwan (Guobanfa 2018 no. 81)."""
FOREIGNER = "9"
"""The first digit on permanent residence cards since December 2023; then come region, nationality (ISO
3166-1 numeric), birth, sequence and the check character of GB 11643, as public descriptions agree."""

_FORM = re.compile(r"[0-9]{17}[0-9X]")
_FORM_OF_1984 = re.compile(r"[0-9]{15}")
_FOREIGNER_2017 = re.compile(r"[A-Z]{3}[0-9]{12}")


def check_character(digits: str) -> str:
    """Return the last character for these 17 digits."""
    return CHARACTERS[sum(w * int(d) for w, d in zip(WEIGHTS, digits, strict=True)) % 11]


def valid(number: str) -> bool:
    """Say whether form, birth date and check character are those of GB 11643."""
    if not _FORM.fullmatch(number) or birth(number) is None:
        return False
    return number[-1] == check_character(number[:17])


def valid_as(kind: str, number: str, born: date | None) -> bool:
    """Say whether a card of this kind (`resident`, `J`, `I`, `Y`) can carry this number."""
    if kind == "I":
        return valid_foreigner(number, born)
    permit = number.startswith(PERMIT_REGIONS)
    fits = {"resident": not permit, "J": permit, "Y": number.startswith(FOREIGNER)}
    return fits.get(kind, False) and valid(number)


def formed_as(kind: str, number: str) -> bool:
    """Say whether it looks like a number of this kind of card, whatever its birth date and check character.

    Numbers with a wrong check character or birth date, and of fifteen digits as before 1999, were issued
    and are in use: the person has no other.
    """
    if kind == "I":
        return _FOREIGNER_2017.fullmatch(number) is not None
    permit = number.startswith(PERMIT_REGIONS)
    fits = {"resident": not permit, "J": permit, "Y": number.startswith(FOREIGNER)}
    old = kind == "resident" and _FORM_OF_1984.fullmatch(number) is not None
    return fits.get(kind, False) and (old or _FORM.fullmatch(number) is not None)


def birth(number: str) -> date | None:
    """Return the birth date inside a number of 18 characters; None if that is not a date."""
    digits = number[6:14]
    if len(number) != 18 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def valid_foreigner(number: str, born: date | None) -> bool:
    """Check a number of a permanent residence card of 2017: three letters, twelve digits, birth as YYMMDD.

    Public descriptions agree on the form and the place of the birth; none on its last digit, so that is not
    checked here. Central's authority decides.
    """
    if born is None or not _FOREIGNER_2017.fullmatch(number):
        return False
    return number[7:13] == born.strftime("%y%m%d")
