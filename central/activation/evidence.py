"""Judges whether the evidence of a request suffices. Pure: facts in, the code of the first fault out."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from central.activation import guardians
from central.activation.light_colours import colours
from central.activation.minimum_thresholds import is_lowered
from central.activation.reviews import overruled_codes
from central.codes import Code
from central.fleet.clerks import Staff
from central.protocol.messages import ActivationRequest, Check, Verdict, VerdictAnswer, Way
from central.settings import Settings, WayPolicy

NOBODY: Staff = {}


@dataclass(frozen=True, kw_only=True)
class ChallengeFacts:
    """What central stores of the challenge that a request names."""

    terminal: str
    used_by: str | None
    issued_unix: float
    expires_unix: float


def refusal(
    request: ActivationRequest,
    challenge: ChallengeFacts | None,
    now: float,
    settings: Settings,
    staff: Staff = NOBODY,
) -> Code | None:
    """Return the reason to refuse, or None.

    `now`: when the request arrived; `staff`: who could sign at the request's terminal, and when.
    """
    if request.simulated and not settings.simulation:
        return Code.EVIDENCE_SIMULATED
    if not are_versions_known(request.versions, settings.evidence.versions):
        return Code.EVIDENCE_VERSION
    if not is_challenge_valid(request, challenge, now, settings):
        return Code.CHALLENGE_INVALID
    policy = settings.evidence.ways.get(request.way.value)
    if policy is None:
        return Code.EVIDENCE_WAY
    waived = overruled_codes(request, staff, settings)
    if waived is None or (policy.reviewed and policy.reviewed not in waived):
        return Code.EVIDENCE_REVIEW
    if not guardians.is_attested(request, waived):
        return Code.EVIDENCE_GUARDIAN
    if not is_complete(request, policy, waived, settings) or not is_light_valid(request):
        return Code.EVIDENCE_INCOMPLETE
    if any(is_lowered(verdict, settings.evidence) for verdict in counting(request, policy, waived)):
        return Code.EVIDENCE_LOWERED
    return None


def counting(request: ActivationRequest, policy: WayPolicy, waived: frozenset[str]) -> list[Verdict]:
    """Return the verdicts that let this request through: passed, or overruled by a clerk."""
    last = {verdict.check.value: verdict for verdict in request.verdicts}
    needed = [last[check] for check in (*policy.required, *policy.attended) if check in last]
    return [
        v for v in needed if v.answer is VerdictAnswer.PASS or v.code in waived or v.check is Check.STREAM
    ]


def are_versions_known(versions: dict[str, str], known: dict[str, tuple[str, ...]]) -> bool:
    """Return whether each component of `known` came, in a version that one of its patterns matches."""
    return all(
        any(fnmatchcase(versions.get(component, ""), pattern) for pattern in patterns)
        for component, patterns in known.items()
    )


def is_challenge_valid(
    request: ActivationRequest, challenge: ChallengeFacts | None, now: float, settings: Settings
) -> bool:
    """Return whether the challenge is this visit's and was in force during the visit.

    It must have been issued to this terminal, be taken by this visit, exist when the request was made, and
    not have expired when the visit began: a second try may use a challenge that was fetched during the visit.
    The visit's own times count, not the time of arrival: a terminal without a line delivers late.
    """
    if challenge is None or challenge.terminal != request.terminal or challenge.used_by != request.id:
        return False
    # Issue times are whole seconds on central's clock; the visit's are the terminal's.
    earliest = challenge.issued_unix - settings.requests.clock_slack_s
    latest = min(challenge.expires_unix, now + settings.evidence.began_slack_s)
    return request.began_unix <= latest and request.at_unix >= max(earliest, request.began_unix)


def is_complete(
    request: ActivationRequest, policy: WayPolicy, waived: frozenset[str], settings: Settings
) -> bool:
    """Return whether all checks of the way passed or may stand as they are.

    The last verdict of each check counts. A check that is missing is a check that failed.
    """
    last = {verdict.check.value: verdict for verdict in request.verdicts}
    table = settings.evidence.overruling

    def passed(check: str) -> bool:
        verdict = last.get(check)
        if verdict is None:
            return False
        overruled_here = verdict.code in waived and table[verdict.code].check == check
        return verdict.answer is VerdictAnswer.PASS or overruled_here

    def attended(check: str) -> bool:
        verdict = last.get(check)
        reviewable = (
            verdict is not None and verdict.answer is VerdictAnswer.REVIEW and check in settings.reviewable
        )
        return passed(check) or reviewable

    return all(map(passed, policy.required)) and all(map(attended, policy.attended))


def is_light_valid(request: ActivationRequest) -> bool:
    """Return whether a light that passed showed the colours of the very challenge that the request names.

    Only the way "voice" shows a light. On another way, a light that passed belongs to a voice that was tried
    before and failed.
    """
    if request.way is not Way.VOICE:
        return True
    last = next((v for v in reversed(request.verdicts) if v.check is Check.LIGHT), None)
    if last is None or last.answer is not VerdictAnswer.PASS:
        return True
    shown = last.measured.get("colours")
    return isinstance(shown, str) and bool(shown) and shown == colours(request.challenge, len(shown))
