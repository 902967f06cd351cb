"""Fields of the forms: brought into one form, and judged so that the sentence beside a field helps."""

import re
import unicodedata
from collections.abc import Mapping

from permit.domain.numbers import is_id_number, is_permit_number
from permit.sessions.sessions import Draft

MAX_LENGTH = 64
PERMIT_LENGTH, ID_LENGTH = 9, 18
_PHONE = re.compile(r"1[3-9][0-9]{9}")  # mainland mobile numbers
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .·•'’-])*")
_HOME_RETURN = re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?")


def draft_of(form: Mapping[str, str]) -> Draft:
    """Return what was typed, with full-width characters, spaces and dashes of numbers taken out."""
    return Draft(
        permit_number=_compact(form.get("permit_number", "")),
        id_number=_compact(form.get("id_number", "")),
        name=_one_line(form.get("person_name", "")),
        phone=_compact(form.get("phone", "")).removeprefix("+86"),
    )


def faults(draft: Draft) -> dict[str, str]:
    """Return field → key of the sentence that says what is wrong with it, in the order of the form."""
    found = {
        "permit_number": _permit_fault(draft.permit_number),
        "id_number": _id_fault(draft.id_number),
        "person_name": "" if _NAME.fullmatch(draft.name) else "form" if draft.name else "empty",
        "phone": "" if _PHONE.fullmatch(draft.phone) else "form" if draft.phone else "empty",
    }
    return {field: f"{field}_{fault}" for field, fault in found.items() if fault}


def person_faults(draft: Draft) -> dict[str, str]:
    """Return the faults of name and ID number alone."""
    return {field: key for field, key in faults(draft).items() if field in ("id_number", "person_name")}


def phone_faults(draft: Draft) -> dict[str, str]:
    """Return the faults of the mobile number alone."""
    return {field: key for field, key in faults(draft).items() if field == "phone"}


def is_phone_only(draft: Draft) -> bool:
    """Return whether the person gave a mobile number only, to go on with what another browser began."""
    return draft == Draft(phone=draft.phone)


def digits_of(text: str) -> str:
    """Return the digits of a one-time code as it was typed or pasted."""
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text[:MAX_LENGTH]))


def _permit_fault(number: str) -> str:
    if is_permit_number(number):
        return ""
    if not number:
        return "empty"
    if _HOME_RETURN.fullmatch(number):
        return "home_return"
    return "length" if number.startswith("C") and len(number) != PERMIT_LENGTH else "form"


def _id_fault(number: str) -> str:
    if is_id_number(number):
        return ""
    if not number:
        return "empty"
    return "length" if len(number) != ID_LENGTH else "check"


def _compact(text: str) -> str:
    return re.sub(r"[\s.()_-]", "", unicodedata.normalize("NFKC", text[:MAX_LENGTH])).upper()


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text[:MAX_LENGTH]).split())
