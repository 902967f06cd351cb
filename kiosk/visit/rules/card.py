"""Judges what was read from a card: the applicant's own, or that of a child's guardian."""

from kiosk.codes import Code
from kiosk.model import CardFacts, Check, Measures, Verdict, VerdictAnswer
from kiosk.settings import CardLimits

_ANSWERS = {
    Code.OK: VerdictAnswer.PASS,
    Code.CARD_UNDER_AGE: VerdictAnswer.REVIEW,
    Code.CARD_CHILD: VerdictAnswer.REVIEW,
}


def judge_card(facts: CardFacts, limits: CardLimits) -> Verdict:
    """Return whether this card may be activated here today; REVIEW for a person who is too young."""
    code = _card_code(facts, limits)
    return Verdict(
        check=Check.CARD,
        answer=_ANSWERS.get(code, VerdictAnswer.REFUSE),
        code=code,
        measured=_measured(facts),
        required={"min_age": limits.min_age, "min_age_guarded": limits.min_age_guarded},
    )


def judge_guardian_card(facts: CardFacts, limits: CardLimits) -> Verdict:
    """Return whether the owner of this card may apply for a child: an adult, with a card that is in order.

    That it is not the child's own card again follows from the age, which both numbers hold.
    """
    code = _card_code(facts, limits)
    too_young = code in (Code.CARD_UNDER_AGE, Code.CARD_CHILD)
    return Verdict(
        check=Check.GUARDIAN,
        answer=VerdictAnswer.PASS if code is Code.OK else VerdictAnswer.RETRY,
        code=Code.GUARDIAN_UNDER_AGE if too_young else code,
        measured=_measured(facts),
        required={"min_age": limits.min_age},
    )


def _card_code(facts: CardFacts, limits: CardLimits) -> Code:
    if not facts.number_valid or not facts.birth_agrees:
        return Code.CARD_NUMBER_INVALID
    if facts.days_since_issue < 0:
        return Code.CARD_NOT_YET_VALID
    if facts.days_valid is not None and facts.days_valid < 0:
        return Code.CARD_EXPIRED
    if facts.age < limits.min_age_guarded:
        return Code.CARD_CHILD
    if facts.age < limits.min_age:
        return Code.CARD_UNDER_AGE
    return Code.OK


def _measured(facts: CardFacts) -> Measures:
    return {"kind": facts.kind, "number_valid": facts.number_valid, "days_valid": facts.days_valid}
