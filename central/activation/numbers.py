"""Judges ID numbers that break the rules of their making. Pure.

Such numbers were issued, and their owners have no other. Central takes one only if the card's verdict says so
and a clerk and a supervisor signed for it: nothing that a machine decides alone. For a child's and its
guardian's numbers they sign twice.
"""

from central.protocol.messages import ActivationRequest, Check, Person, Review

CODE = "card.number_irregular"
"""Why a clerk was asked."""
YOUNG = frozenset({"card.child", "card.under_age"})
"""Why they were asked once more about the same card."""


def is_irregular(request: ActivationRequest, person: Person) -> bool:
    """Return whether the owner's card has an irregular number that was signed for, by reviews in order."""
    codes = [verdict.code for verdict in request.verdicts if verdict.check is Check.CARD]
    if codes and codes[-1] in YOUNG:
        codes.pop()
    return bool(codes) and codes[-1] == CODE and any(not _is_of_guardian(r, person) for r in _signed(request))


def is_guardians_irregular(request: ActivationRequest, person: Person) -> bool:
    """Return the same of a guardian's card."""
    codes = [verdict.code for verdict in request.verdicts if verdict.check is Check.GUARDIAN]
    return bool(codes) and codes[-1] == CODE and any(_is_of_guardian(r, person) for r in _signed(request))


def are_regular(request: ActivationRequest, person: Person) -> bool:
    """Return whether all numbers are regular but those that were signed for."""
    own = person.regular or is_irregular(request, person)
    guardian = person.guardian
    return own and (guardian is None or guardian.regular or is_guardians_irregular(request, person))


def _signed(request: ActivationRequest) -> list[Review]:
    return [review for review in request.reviews if review.decision == "approve" and review.code == CODE]


def _is_of_guardian(review: Review, person: Person) -> bool:
    """Return whether the guardian's card had been read: the owner's number is attested before that."""
    return person.guardian is not None and person.guardian.commitment in review.persons
