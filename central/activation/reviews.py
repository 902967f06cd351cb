"""Judges whether clerks were entitled to their decisions. Pure.

What a terminal says about its clerks is compared with what central knows of them.
"""

from collections.abc import Mapping
from itertools import pairwise

from central.fleet.clerks import Staff
from central.protocol.messages import ActivationRequest, Review, ReviewSignature
from central.settings import Overruling, Settings

APPROVED_FOR = frozenset({"same_person", "looks_changed", "light", "cannot_speak", "own_wish"})
"""Reasons that speak for a person; any other under an approval is a contradiction."""
APPROVED_FOR_CODE = {
    "card.under_age": frozenset({"guardian"}),
    "card.child": frozenset({"household_register", "birth_certificate", "guardianship_paper"}),
}
"""Where other reasons count: a guardian beside a young person; papers that name a child's guardian."""


def overruled_codes(request: ActivationRequest, staff: Staff, settings: Settings) -> frozenset[str] | None:
    """Return the codes that clerks rightly overruled; None if any of the decisions is not valid."""
    reviews = request.reviews
    if any(review.decision == "refuse" for review in reviews):
        return None  # a refused visit has no request
    if not all(is_signed(review, request, staff, settings) for review in reviews):
        return None
    approved = [review for review in reviews if review.decision == "approve"]
    if not all(is_allowed(review, settings.evidence.overruling) for review in approved):
        return None
    if any(review.overruled for review in reviews if review.decision != "approve"):
        return None
    return frozenset(code for review in approved for code in review.overruled)


def is_allowed(review: Review, table: Mapping[str, Overruling]) -> bool:
    """Return whether `table` allows this approval, for its reason and with its signatures."""
    policy = table.get(review.code)
    reasons = APPROVED_FOR_CODE.get(review.code, APPROVED_FOR)
    if policy is None or review.overruled != [review.code] or review.reason not in reasons:
        return False
    return not policy.second or review.second is not None


def is_signed(review: Review, request: ActivationRequest, staff: Staff, settings: Settings) -> bool:
    """Return whether people of this terminal signed, in their roles, in order, within the visit."""
    slack_s = settings.requests.clock_slack_s
    signatures = [review.first, *([review.second] if review.second else [])]
    if not all(worked_there(signature, staff, slack_s) for signature in signatures):
        return False
    second = review.second
    if second is not None and (second.role != "supervisor" or second.clerk == review.first.clerk):
        return False
    times = [request.began_unix, *(signature.at_unix for signature in signatures), request.at_unix]
    return all(earlier <= later + slack_s for earlier, later in pairwise(times))


def worked_there(signature: ReviewSignature, staff: Staff, slack_s: float) -> bool:
    """Return whether the signer worked at the terminal then, in that role.

    `slack_s`: how far the clocks may differ.
    """
    return any(
        period.role == signature.role
        and signature.at_unix >= period.from_unix - slack_s
        and (period.until_unix is None or signature.at_unix <= period.until_unix + slack_s)
        for period in staff.get(signature.clerk, ())
    )
