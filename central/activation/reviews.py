"""May these clerks have decided this? Pure: a terminal's word about its clerks is checked, not believed."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from central.fleet.clerks import Staff, StaffFacts
from central.protocol.messages import ActivationRequest, Review, Signature
from central.settings import Overruling, Settings

APPROVED_FOR = frozenset({"same_person", "looks_changed", "light", "cannot_speak", "own_wish"})
"""Reasons that speak for a person; any other under an approval is a contradiction."""
APPROVED_FOR_CODE = {
    "card.under_age": frozenset({"guardian"}),
    "card.child": frozenset({"household_register", "birth_certificate", "guardianship_paper"}),
}
"""Where other reasons count: a guardian beside somebody young; papers that name a child's guardian."""


def overruled(request: ActivationRequest, staff: Staff, settings: Settings) -> frozenset[str] | None:
    """The codes that clerks rightly overruled; None if any of the decisions is not one."""
    reviews = request.reviews
    if any(review.decision == "refuse" for review in reviews):
        return None  # a refused visit has no request
    if not all(_signed(review, request, staff, settings) for review in reviews):
        return None
    approved = [review for review in reviews if review.decision == "approve"]
    if not all(_allowed(review, settings.evidence.overruling) for review in approved):
        return None
    if any(review.overruled for review in reviews if review.decision != "approve"):
        return None
    return frozenset(code for review in approved for code in review.overruled)


def _allowed(review: Review, table: Mapping[str, Overruling]) -> bool:
    policy = table.get(review.code)
    reasons = APPROVED_FOR_CODE.get(review.code, APPROVED_FOR)
    if policy is None or review.overruled != [review.code] or review.reason not in reasons:
        return False
    return not policy.second or review.second is not None


def _signed(review: Review, request: ActivationRequest, staff: Staff, settings: Settings) -> bool:
    """By people of this terminal, in their roles, in order, within the visit."""
    names = [review.first, *([review.second] if review.second else [])]
    if not all(_known(name, staff, settings.requests.clock_slack_s) for name in names):
        return False
    second = review.second
    if second is not None and (second.role != "supervisor" or second.clerk == review.first.clerk):
        return False
    return _in_order([request.began_unix, *(n.at_unix for n in names), request.at_unix], settings)


def _known(name: Signature, staff: Staff, slack_s: float) -> bool:
    """Somebody who worked there then, in that role. `slack_s` is for clocks that differ."""
    return any(_then(facts, name, slack_s) for facts in staff.get(name.clerk, ()))


def _then(facts: StaffFacts, name: Signature, slack_s: float) -> bool:
    if facts.role != name.role or name.at_unix < facts.from_unix - slack_s:
        return False
    return facts.until_unix is None or name.at_unix <= facts.until_unix + slack_s


def _in_order(times: Sequence[float], settings: Settings) -> bool:
    slack = settings.requests.clock_slack_s
    return all(earlier <= later + slack for earlier, later in pairwise(times))
