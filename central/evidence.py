"""Is what the terminal brings enough? Pure: facts in, one code out; the first thing that is wrong is told."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from central.codes import Code
from central.light import colours
from central.messages import ActivationRequest, Answer, Check
from central.settings import Settings


@dataclass(frozen=True)
class ChallengeFacts:
    """What central remembers of the challenge that the request names."""

    terminal: str
    used_by: str | None
    issued_unix: float
    expires_unix: float


def fault(
    request: ActivationRequest, challenge: ChallengeFacts | None, now: float, settings: Settings
) -> Code | None:
    """The reason to refuse, or None."""
    if request.simulated and not settings.simulation:
        return Code.EVIDENCE_SIMULATED
    if not versions_known(request.versions, settings.evidence.versions):
        return Code.EVIDENCE_VERSION
    if not challenge_good(request, challenge, now, settings):
        return Code.CHALLENGE_INVALID
    if not complete(request, settings) or not light_good(request):
        return Code.EVIDENCE_INCOMPLETE
    return None


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


def complete(request: ActivationRequest, settings: Settings) -> bool:
    """The last verdict of each check counts. A check that is missing is a check that failed."""
    last = {verdict.check.value: verdict.answer for verdict in request.verdicts}
    required = all(last.get(check) is Answer.PASS for check in settings.evidence.required)
    attended = all(_attended(check, last.get(check), settings) for check in settings.evidence.attended)
    return required and attended


def light_good(request: ActivationRequest) -> bool:
    """A light that passed must have shown the colours of the very challenge that the request names."""
    last = next((v for v in reversed(request.verdicts) if v.check is Check.LIGHT), None)
    if last is None or last.answer is not Answer.PASS:
        return True
    shown = last.measured.get("colours")
    return isinstance(shown, str) and bool(shown) and shown == colours(request.challenge, len(shown))


def _attended(check: str, answer: Answer | None, settings: Settings) -> bool:
    return answer is Answer.PASS or (answer is Answer.REVIEW and check in settings.reviewable)
