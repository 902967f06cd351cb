"""Judges whether clerks were entitled to their decisions, and signed them. Pure.

What a terminal says about its clerks is compared with what central knows of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from central.activation.review_signatures import Place, is_genuine, signed_bytes
from central.codes import Code
from central.fleet.clerks import Staff, StaffPeriod
from central.protocol.messages import ActivationRequest, Person, Review, ReviewSignature
from central.settings import Overruling, Settings

APPROVED_FOR = frozenset({"same_person", "looks_changed", "light", "cannot_speak", "own_wish"})
"""Reasons that speak for a person; any other under an approval is a contradiction."""
APPROVED_FOR_CODE = {
    "card.number_irregular": frozenset({"card_and_paper"}),
    "card.under_age": frozenset({"guardian"}),
    "card.child": frozenset({"household_register", "birth_certificate", "guardianship_paper"}),
}
"""Where other reasons count: a genuine card whose number another paper shows too; a guardian beside a young
person; papers that name a child's guardian."""


@dataclass(frozen=True)
class SignedBy:
    """A signature of a request, with the review that it stands under."""

    review: Review
    place: Place
    signature: ReviewSignature


def fault(request: ActivationRequest, staff: Staff, settings: Settings) -> Code | None:
    """Return why the decisions of clerks do not count, or None: each is allowed, entitled and signed."""
    reviews = request.reviews
    if any(review.decision == "refuse" for review in reviews):
        return Code.EVIDENCE_REVIEW  # a refused visit has no request
    slack_s = settings.requests.clock_slack_s
    if not all(_is_in_order(review, request, slack_s) for review in reviews):
        return Code.EVIDENCE_REVIEW
    signatures = list(_signatures(request))
    if not all(_periods(signed, staff, slack_s) for signed in signatures):
        return Code.EVIDENCE_REVIEW
    if not all(_genuine_periods(signed, request, staff, slack_s) for signed in signatures):
        return Code.EVIDENCE_SIGNATURE
    approved = [review for review in reviews if review.decision == "approve"]
    if not all(is_allowed(review, settings.evidence.overruling) for review in approved):
        return Code.EVIDENCE_REVIEW
    if any(review.overruled for review in reviews if review.decision != "approve"):
        return Code.EVIDENCE_REVIEW
    return None


def overruled_codes(request: ActivationRequest) -> frozenset[str]:
    """Return the codes that clerks overruled, in a request without `fault`."""
    return frozenset(
        code for review in request.reviews if review.decision == "approve" for code in review.overruled
    )


def is_reviewed(request: ActivationRequest, code: str) -> bool:
    """Return whether a clerk approved `code` over the very challenge that the request names."""
    return any(
        review.decision == "approve" and review.code == code and review.challenge == request.challenge
        for review in request.reviews
    )


def are_for(request: ActivationRequest, person: Person) -> bool:
    """Return whether approvals were signed for the sealed person, and else only for the guardian."""
    guardian = [person.guardian.commitment] if person.guardian is not None else []
    allowed = {person.commitment, *guardian}
    return all(
        person.commitment in review.persons and allowed.issuperset(review.persons)
        for review in request.reviews
        if review.decision == "approve"
    )


def late_signer(
    request: ActivationRequest, staff: Staff, received_unix: float, settings: Settings
) -> str | None:
    """Return the clerk whose decision came more than `[clerks] late_s` after their period ended, or None.

    Anybody who has the key by then could date it back: whether it is genuine is for a person to find out.
    """
    slack_s, late_s = settings.requests.clock_slack_s, settings.clerks.late_s

    def is_late(period: StaffPeriod) -> bool:
        return period.until_unix is not None and received_unix > period.until_unix + late_s

    for signed in _signatures(request):
        if all(map(is_late, _genuine_periods(signed, request, staff, slack_s))):
            return signed.signature.clerk
    return None


def is_allowed(review: Review, table: Mapping[str, Overruling]) -> bool:
    """Return whether `table` allows this approval, for its reason and with its signatures."""
    policy = table.get(review.code)
    reasons = APPROVED_FOR_CODE.get(review.code, APPROVED_FOR)
    if policy is None or review.overruled != [review.code] or review.reason not in reasons:
        return False
    return not policy.second or review.second is not None


def _signatures(request: ActivationRequest) -> Iterator[SignedBy]:
    for review in request.reviews:
        yield SignedBy(review, "first", review.first)
        if review.second is not None:
            yield SignedBy(review, "second", review.second)


def _is_in_order(review: Review, request: ActivationRequest, slack_s: float) -> bool:
    """Return whether it was signed within the visit, the second time by a supervisor, another person."""
    first, second = review.first, review.second
    if second is not None and (second.role != "supervisor" or second.clerk == first.clerk):
        return False
    signed = [first.at_unix, *([second.at_unix] if second else [])]
    times = [request.began_unix, *signed, request.at_unix]
    return all(earlier <= later + slack_s for earlier, later in pairwise(times))


def _periods(signed: SignedBy, staff: Staff, slack_s: float) -> list[StaffPeriod]:
    """Return the periods in which the signer worked at the terminal then, in that role.

    `slack_s`: how far the clocks may differ.
    """
    signature = signed.signature
    return [
        period
        for period in staff.get(signature.clerk, ())
        if period.role == signature.role
        and signature.at_unix >= period.from_unix - slack_s
        and (period.until_unix is None or signature.at_unix <= period.until_unix + slack_s)
    ]


def _genuine_periods(
    signed: SignedBy, request: ActivationRequest, staff: Staff, slack_s: float
) -> list[StaffPeriod]:
    """Return those of the signer's periods whose key made the signature."""
    data = signed_bytes(request, signed.review, signed.signature, signed.place)
    return [
        period
        for period in _periods(signed, staff, slack_s)
        if is_genuine(signed.signature, data, period.public_key)
    ]
