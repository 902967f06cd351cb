"""Is what the terminal brings enough? Pure: facts in, one code out; the first thing that is wrong is told."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from central.activation import guardians
from central.activation.light import colours
from central.activation.minimum_thresholds import lowered
from central.activation.reviews import overruled
from central.codes import Code
from central.fleet.clerks import Staff
from central.protocol.messages import ActivationRequest, Answer, Check, Verdict, Way
from central.settings import Settings, WayPolicy

NOBODY: Staff = {}


@dataclass(frozen=True)
class ChallengeFacts:
    """What central remembers of the challenge that the request names."""

    terminal: str
    used_by: str | None
    issued_unix: float
    expires_unix: float


def fault(
    request: ActivationRequest,
    challenge: ChallengeFacts | None,
    now: float,
    settings: Settings,
    staff: Staff = NOBODY,
) -> Code | None:
    """The reason to refuse, or None. `staff`: who may sign at the request's terminal."""
    if request.simulated and not settings.simulation:
        return Code.EVIDENCE_SIMULATED
    if not versions_known(request.versions, settings.evidence.versions):
        return Code.EVIDENCE_VERSION
    if not challenge_good(request, challenge, now, settings):
        return Code.CHALLENGE_INVALID
    policy = settings.evidence.ways.get(request.way.value)
    if policy is None:
        return Code.EVIDENCE_WAY
    waived = overruled(request, staff, settings)
    if waived is None or (policy.reviewed and policy.reviewed not in waived):
        return Code.EVIDENCE_REVIEW
    if not guardians.attested(request, waived):
        return Code.EVIDENCE_GUARDIAN
    if not complete(request, policy, waived, settings) or not light_good(request):
        return Code.EVIDENCE_INCOMPLETE
    if any(lowered(verdict, settings.evidence) for verdict in counting(request, policy, waived)):
        return Code.EVIDENCE_LOWERED
    return None


def counting(request: ActivationRequest, policy: WayPolicy, waived: frozenset[str]) -> list[Verdict]:
    """The verdicts that let this request through: passed, or overruled by a clerk."""
    last = {verdict.check.value: verdict for verdict in request.verdicts}
    wanted = [last[check] for check in (*policy.required, *policy.attended) if check in last]
    return [v for v in wanted if v.answer is Answer.PASS or v.code in waived or v.check is Check.STREAM]


def versions_known(versions: dict[str, str], known: dict[str, tuple[str, ...]]) -> bool:
    """Each component that central has a list for must have come, in a version of the list."""
    return all(
        any(fnmatchcase(versions.get(component, ""), pattern) for pattern in patterns)
        for component, patterns in known.items()
    )


def challenge_good(
    request: ActivationRequest, challenge: ChallengeFacts | None, now: float, settings: Settings
) -> bool:
    """Issued to this terminal, taken by this visit, there when the request was made, and not expired when
    the visit began: a second try may use a challenge that was fetched during the visit.

    The visit's own times count, not the time of arrival: a terminal without a line delivers late.
    """
    if challenge is None or challenge.terminal != request.terminal or challenge.used_by != request.id:
        return False
    # Issue times are whole seconds on central's clock; the visit's are the terminal's.
    earliest = challenge.issued_unix - settings.requests.clock_slack_s
    latest = min(challenge.expires_unix, now + settings.evidence.began_slack_s)
    return request.began_unix <= latest and request.at_unix >= max(earliest, request.began_unix)


def complete(
    request: ActivationRequest, policy: WayPolicy, waived: frozenset[str], settings: Settings
) -> bool:
    """The last verdict of each check counts. A check that is missing is a check that failed."""
    last = {verdict.check.value: verdict for verdict in request.verdicts}
    table = settings.evidence.overruling

    def passed(check: str) -> bool:
        verdict = last.get(check)
        if verdict is None:
            return False
        overruled_here = verdict.code in waived and table[verdict.code].check == check
        return verdict.answer is Answer.PASS or overruled_here

    def attended(check: str) -> bool:
        return passed(check) or _reviewable(last.get(check), settings)

    return all(map(passed, policy.required)) and all(map(attended, policy.attended))


def light_good(request: ActivationRequest) -> bool:
    """A light that passed must have shown the colours of the very challenge that the request names.

    The other ways show none: what passed there belongs to a voice that was tried, and failed, before.
    """
    if request.way is not Way.VOICE:
        return True
    last = next((v for v in reversed(request.verdicts) if v.check is Check.LIGHT), None)
    if last is None or last.answer is not Answer.PASS:
        return True
    shown = last.measured.get("colours")
    return isinstance(shown, str) and bool(shown) and shown == colours(request.challenge, len(shown))


def _reviewable(verdict: Verdict | None, settings: Settings) -> bool:
    """Up for review at central itself, where its settings allow that."""
    return verdict is not None and verdict.answer is Answer.REVIEW and verdict.check in settings.reviewable
