"""A child's credential is applied for by a guardian. Pure: what the terminal says is checked against itself,
and against the dates of birth in both numbers, which are sealed.

Measures on the national network identity service (six ministries, in force 2025-07-15): under fourteen a
guardian applies; from fourteen to seventeen one must be there.
"""

from datetime import UTC, date, datetime, timedelta, timezone

from central.codes import Code
from central.protocol.messages import ActivationRequest, Answer, Check, Person, Verdict

CHILD, ADULT = 14, 18
"""Completed years: below the first a guardian applies, from the second on a person is grown up."""
CODE, YOUNG_CODE = "card.child", "card.under_age"
"""Why a clerk was asked."""
CHINA = timezone(timedelta(hours=8))


def attested(request: ActivationRequest, waived: frozenset[str]) -> bool:
    """A guardian's consent, card and attestation come together or not at all."""
    card, guardian = _last(request, Check.CARD), _last(request, Check.GUARDIAN)
    of_child = card is not None and card.code == CODE
    if request.guardian is None:
        return not of_child and guardian is None
    passed = guardian is not None and guardian.answer is Answer.PASS
    return of_child and passed and CODE in waived


def fault(request: ActivationRequest, person: Person) -> Code | None:
    """Do the sealed numbers agree with it? Only a foreigner's number does not say when somebody was born."""
    outside, inside = request.guardian, person.guardian
    if outside != (inside.consent if inside is not None else None):
        return Code.EVIDENCE_GUARDIAN
    years = age(person.number, request.at_unix)
    if inside is None:
        alone = years is None or years >= CHILD
        return None if alone and _young_attested(request, years) else Code.EVIDENCE_GUARDIAN
    theirs = age(inside.number, request.at_unix)
    child = years is not None and years < CHILD
    adult = theirs is not None and theirs >= ADULT
    return None if child and adult else Code.EVIDENCE_GUARDIAN


def age(number: str, at_unix: float) -> int | None:
    """Completed years in China at that time; None where the number does not tell (or tells no date)."""
    if number[0].isalpha():
        return None
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    today = datetime.fromtimestamp(at_unix, UTC).astimezone(CHINA).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _young_attested(request: ActivationRequest, years: int | None) -> bool:
    """From fourteen on: a clerk attested that a guardian is there."""
    if years is None or years >= ADULT:
        return True
    card = _last(request, Check.CARD)
    return card is not None and card.code == YOUNG_CODE


def _last(request: ActivationRequest, check: Check) -> Verdict | None:
    return next((v for v in reversed(request.verdicts) if v.check is check), None)
