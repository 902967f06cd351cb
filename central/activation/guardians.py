"""Judges requests for children, which a guardian makes. Pure.

What the terminal says is checked against itself, and against the dates of birth in both numbers, which are
sealed. Measures on the national network identity service (six ministries, in force 2025-07-15): under
fourteen a guardian applies; from fourteen to seventeen one must be there.
"""

from datetime import date

from central.activation import numbers
from central.china_time import china_date
from central.codes import Code
from central.protocol.messages import ActivationRequest, Check, Guardian, Person, Verdict, VerdictAnswer

CHILD, ADULT = 14, 18
"""Completed years: below the first a guardian applies, from the second on a person is of age."""
CODE, YOUNG_CODE = "card.child", "card.under_age"
"""Why a clerk was asked."""


def is_attested(request: ActivationRequest, waived: frozenset[str]) -> bool:
    """Return whether a guardian's consent, card and attestation came together or not at all.

    `waived`: the codes that clerks overruled.
    """
    card, guardian = _last(request, Check.CARD), _last(request, Check.GUARDIAN)
    of_child = card is not None and card.code == CODE
    if request.guardian is None:
        return not of_child and guardian is None
    # An irregular number counts only with signatures for this very person (`numbers.are_regular`).
    signed = guardian is not None and guardian.code == numbers.CODE and numbers.CODE in waived
    passed = guardian is not None and (guardian.answer is VerdictAnswer.PASS or signed)
    return of_child and passed and CODE in waived


def sealed_part_refusal(request: ActivationRequest, person: Person) -> Code | None:
    """Return EVIDENCE_GUARDIAN if the sealed numbers do not agree with the request, else None.

    A foreigner's number gives no date of birth, and an irregular one none to rely on: there the terminal's
    verdict on the card's own date of birth counts, which those who signed for the number saw.
    """
    outside, inside = request.guardian, person.guardian
    if outside != (inside.consent if inside is not None else None):
        return Code.EVIDENCE_GUARDIAN
    irregular = numbers.is_irregular(request, person)
    years = None if irregular else age(person.number, request.at_unix)
    card = _last(request, Check.CARD)
    said = card.code if card is not None else ""
    if inside is None:
        grown_up = said not in (CODE, YOUNG_CODE) if years is None else years >= ADULT
        # From fourteen on, a clerk attested that a guardian is there.
        accompanied = said == YOUNG_CODE and (years is None or years >= CHILD)
        return None if grown_up or accompanied else Code.EVIDENCE_GUARDIAN
    child = irregular and said == CODE if years is None else years < CHILD
    return None if child and _is_adult(inside, request, person) else Code.EVIDENCE_GUARDIAN


def _is_adult(guardian: Guardian, request: ActivationRequest, person: Person) -> bool:
    if numbers.is_guardians_irregular(request, person):
        return True
    years = age(guardian.number, request.at_unix)
    return years is not None and years >= ADULT


def age(number: str, at_unix: float) -> int | None:
    """Return the completed years in China at that time; None if the number gives no date of birth."""
    if number[0].isalpha():
        return None
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    today = china_date(at_unix)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _last(request: ActivationRequest, check: Check) -> Verdict | None:
    return next((v for v in reversed(request.verdicts) if v.check is check), None)
