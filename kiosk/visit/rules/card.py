"""Judges what was read from a card: the applicant's own, or that of a child's guardian."""

from kiosk.codes import Code
from kiosk.model import CardFacts, Check, Measures, Verdict, VerdictAnswer
from kiosk.settings import CardLimits

_ANSWERS = {
    Code.OK: VerdictAnswer.PASS,
    Code.CARD_NUMBER_IRREGULAR: VerdictAnswer.REVIEW,
    Code.CARD_UNDER_AGE: VerdictAnswer.REVIEW,
    Code.CARD_CHILD: VerdictAnswer.REVIEW,
}


def judge_card(facts: CardFacts, limits: CardLimits) -> Verdict:
    """Return whether this card may be activated here today.

    REVIEW for a person who is too young, and for a number that breaks the rules of its making; who has such a
    number may be too young besides (`judge_age`).
    """
    code = _card_code(facts)
    return _of_owner(_age_code(facts, limits) if code is Code.OK else code, facts, limits)


def judge_age(facts: CardFacts, limits: CardLimits) -> Verdict:
    """Return whether the owner of a card that is in order is old enough to apply alone."""
    return _of_owner(_age_code(facts, limits), facts, limits)


def _of_owner(code: Code, facts: CardFacts, limits: CardLimits) -> Verdict:
    return Verdict(
        check=Check.CARD,
        answer=_ANSWERS.get(code, VerdictAnswer.REFUSE),
        code=code,
        measured=_measured(facts),
        required={"min_age": limits.min_age, "min_age_guarded": limits.min_age_guarded},
    )


def judge_guardian_card(facts: CardFacts, limits: CardLimits) -> Verdict:
    """Return whether the owner of this card may apply for a child: an adult, with a card that is in order.

    REVIEW for an adult's number that breaks the rules of its making. That it is not the child's own card
    again follows from the age.
    """
    code = _card_code(facts)
    if code in (Code.OK, Code.CARD_NUMBER_IRREGULAR) and facts.age < limits.min_age:
        code = Code.GUARDIAN_UNDER_AGE
    answers = {Code.OK: VerdictAnswer.PASS, Code.CARD_NUMBER_IRREGULAR: VerdictAnswer.REVIEW}
    return Verdict(
        check=Check.GUARDIAN,
        answer=answers.get(code, VerdictAnswer.RETRY),
        code=code,
        measured=_measured(facts),
        required={"min_age": limits.min_age},
    )


def _card_code(facts: CardFacts) -> Code:
    regular = facts.number_valid and facts.birth_agrees
    if not regular and not facts.number_formed:
        return Code.CARD_NUMBER_INVALID
    if facts.days_since_issue < 0 or facts.age < 0:  # by this clock its owner is not born: no child
        return Code.CARD_NOT_YET_VALID
    if facts.days_valid is not None and facts.days_valid < 0:
        return Code.CARD_EXPIRED
    return Code.OK if regular else Code.CARD_NUMBER_IRREGULAR


def _age_code(facts: CardFacts, limits: CardLimits) -> Code:
    if facts.age < limits.min_age_guarded:
        return Code.CARD_CHILD
    if facts.age < limits.min_age:
        return Code.CARD_UNDER_AGE
    return Code.OK


def _measured(facts: CardFacts) -> Measures:
    return {"kind": facts.kind, "number_valid": facts.number_valid, "days_valid": facts.days_valid}
