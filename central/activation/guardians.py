"""Judges requests for children, which a guardian makes. Pure.

What the terminal says is checked against itself, and against the dates of birth in both numbers, which are
sealed. Measures on the national network identity service (six ministries, in force 2025-07-15): under
fourteen a guardian applies; from fourteen to seventeen one must be there.
"""

from datetime import UTC, date, datetime, timedelta, timezone

from central.codes import Code
from central.protocol.messages import ActivationRequest, Check, Person, Verdict, VerdictAnswer

CHILD, ADULT = 14, 18
"""Completed years: below the first a guardian applies, from the second on a person is of age."""
CODE, YOUNG_CODE = "card.child", "card.under_age"
"""Why a clerk was asked."""
CHINA = timezone(timedelta(hours=8))


def is_attested(request: ActivationRequest, waived: frozenset[str]) -> bool:
    """Return whether a guardian's consent, card and attestation came together or not at all.

    `waived`: the codes that clerks overruled.
    """
    card, guardian = _last(request, Check.CARD), _last(request, Check.GUARDIAN)
    of_child = card is not None and card.code == CODE
    if request.guardian is None:
        return not of_child and guardian is None
    passed = guardian is not None and guardian.answer is VerdictAnswer.PASS
    return of_child and passed and CODE in waived


def sealed_part_refusal(request: ActivationRequest, person: Person) -> Code | None:
    """Return EVIDENCE_GUARDIAN if the sealed numbers do not agree with the request, else None.

    Only a foreigner's number gives no date of birth.
    """
    outside, inside = request.guardian, person.guardian
    if outside != (inside.consent if inside is not None else None):
        return Code.EVIDENCE_GUARDIAN
    years = age(person.number, request.at_unix)
    if inside is None:
        card = _last(request, Check.CARD)
        grown_up = years is None or years >= ADULT
        # From fourteen on, a clerk attested that a guardian is there.
        accompanied = years is not None and years >= CHILD and card is not None and card.code == YOUNG_CODE
        return None if grown_up or accompanied else Code.EVIDENCE_GUARDIAN
    guardian_years = age(inside.number, request.at_unix)
    child = years is not None and years < CHILD
    adult = guardian_years is not None and guardian_years >= ADULT
    return None if child and adult else Code.EVIDENCE_GUARDIAN


def age(number: str, at_unix: float) -> int | None:
    """Return the completed years in China at that time; None if the number gives no date of birth."""
    if number[0].isalpha():
        return None
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    today = datetime.fromtimestamp(at_unix, UTC).astimezone(CHINA).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _last(request: ActivationRequest, check: Check) -> Verdict | None:
    return next((v for v in reversed(request.verdicts) if v.check is check), None)
