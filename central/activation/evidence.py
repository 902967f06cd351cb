"""Judges whether the evidence of a request suffices. Pure: facts in, the code of the first fault out."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from central.activation import guardians, reviews
from central.activation.light_colours import colours
from central.activation.minimum_thresholds import is_lowered
from central.codes import Code
from central.fleet.clerks import Staff
from central.fleet.readers import ReaderPeriod
from central.protocol.consents import ConsentText, is_known
from central.protocol.messages import ActivationRequest, Check, Purpose, Verdict, VerdictAnswer, Way
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
    readers: Sequence[ReaderPeriod] = (),
) -> Code | None:
    """Return the reason to refuse, or None.

    `now`: when the request arrived; `staff`: who could sign at the request's terminal, and when; `readers`:
    which card readers were pinned to it, and when.
    """
    if request.simulated and not settings.simulation:
        return Code.EVIDENCE_SIMULATED
    if not is_reader_pinned(request, readers, settings.requests.clock_slack_s):
        return Code.READER_CHANGED
    if not are_versions_known(request.versions, settings.evidence.versions):
        return Code.EVIDENCE_VERSION
    if not is_challenge_valid(request, challenge, now):
        return Code.CHALLENGE_INVALID
    policy = settings.evidence.ways.get(request.way.value)
    if policy is None:
        return Code.EVIDENCE_WAY
    policy = policy_for(policy, request.purpose)
    if not are_consents_known(request, settings):
        return Code.CONSENT_UNKNOWN
    fault = reviews.fault(request, staff, settings)
    if fault is not None:
        return fault
    if policy.reviewed and not reviews.is_reviewed(request, policy.reviewed):
        return Code.EVIDENCE_REVIEW
    waived = reviews.overruled_codes(request)
    if not guardians.is_attested(request, waived):
        return Code.EVIDENCE_GUARDIAN
    if not is_complete(request, policy, waived, settings) or not is_light_valid(request, policy):
        return Code.EVIDENCE_INCOMPLETE
    if any(is_lowered(verdict, settings.evidence) for verdict in counting(request, policy, waived)):
        return Code.EVIDENCE_LOWERED
    return None


def policy_for(policy: WayPolicy, purpose: Purpose) -> WayPolicy:
    """Return what a way requires for this purpose: the same, but no number where none is typed."""
    if purpose.has_phone:
        return policy
    required = tuple(check for check in policy.required if check != Check.PHONE.value)
    return policy.model_copy(update={"required": required})


def is_reader_pinned(request: ActivationRequest, readers: Sequence[ReaderPeriod], slack_s: float) -> bool:
    """Return whether the card was read by the reader that was pinned when the request was made.

    A request without a reader was made before the first was pinned: the terminal was enrolled by an earlier
    version. `slack_s`: how far the clocks may differ.
    """
    at = request.at_unix
    if request.reader is None:
        return all(at < period.from_unix for period in readers)
    return any(
        period.reader == request.reader
        and at >= period.from_unix - slack_s
        and (period.until_unix is None or at <= period.until_unix + slack_s)
        for period in readers
    )


def counting(request: ActivationRequest, policy: WayPolicy, waived: frozenset[str]) -> list[Verdict]:
    """Return the verdicts that let this request through: passed, or overruled by a clerk."""
    last = {verdict.check.value: verdict for verdict in request.verdicts}
    checks = (*policy.required, *policy.attended, Check.GUARDIAN.value)
    needed = [last[check] for check in checks if check in last]
    return [
        v for v in needed if v.answer is VerdictAnswer.PASS or v.code in waived or v.check is Check.STREAM
    ]


def are_versions_known(versions: dict[str, str], known: dict[str, tuple[str, ...]]) -> bool:
    """Return whether each component of `known` came, in a version that one of its patterns matches."""
    return all(
        any(fnmatchcase(versions.get(component, ""), pattern) for pattern in patterns)
        for component, patterns in known.items()
    )


def are_consents_known(request: ActivationRequest, settings: Settings) -> bool:
    """Return whether everybody agreed to a text that central knows, and that fits way and purpose.

    Who needs no new password is not asked for a picture; a picture is kept only with a new credential, of its
    owner, who was filmed.
    """
    more = settings.evidence.more_consents
    by_clerk, matter = request.way is Way.CLERK, not request.purpose.has_password
    if matter:
        kind = ConsentText.MATTER_CLERK if by_clerk else ConsentText.MATTER
    else:
        kind = ConsentText.CLERK if by_clerk else ConsentText.FACE
    own, guardian = request.consent, request.guardian
    if not is_known(kind, own.language, own.text_sha256, more) or (matter and own.picture):
        return False
    kept = request.reference
    if kept is not None and (
        request.purpose not in (Purpose.OPEN, Purpose.RENEW)
        or by_clerk
        or guardian is not None
        or not is_known(ConsentText.KEPT_PICTURE, kept.language, kept.text_sha256, more)
    ):
        return False
    kind = ConsentText.MATTER_GUARDIAN if matter else ConsentText.GUARDIAN
    return guardian is None or is_known(kind, guardian.language, guardian.text_sha256, more)


def is_challenge_valid(request: ActivationRequest, challenge: ChallengeFacts | None, now: float) -> bool:
    """Return whether the challenge is this visit's and had not expired when the visit began.

    It must have been issued to this terminal and be taken by this visit; a second try may use one that came
    meanwhile. The visit's own times count, not the time of arrival: a terminal without a line delivers late.
    Times that cannot be, before the issue or after the arrival, are those of a wrong clock: they hold the
    visit (`visit_times.impossible`) and do not refuse it.
    """
    if challenge is None or challenge.terminal != request.terminal or challenge.used_by != request.id:
        return False
    began = min(request.began_unix, now)
    return began <= challenge.expires_unix and request.at_unix >= request.began_unix


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
            verdict is not None
            and verdict.answer is VerdictAnswer.REVIEW
            and check in settings.reviewable
            and verdict.code not in settings.evidence.unreviewable_codes
        )
        return passed(check) or reviewable

    return all(map(passed, policy.required)) and all(map(attended, policy.attended))


def is_light_valid(request: ActivationRequest, policy: WayPolicy) -> bool:
    """Return whether a light that passed showed the colours of the very challenge that the request names.

    On a way that needs none, a light that passed belongs to another way, which was tried before.
    """
    if Check.LIGHT.value not in (*policy.required, *policy.attended):
        return True
    last = next((v for v in reversed(request.verdicts) if v.check is Check.LIGHT), None)
    if last is None or last.answer is not VerdictAnswer.PASS:
        return True
    shown = last.measured.get("colours")
    return isinstance(shown, str) and bool(shown) and shown == colours(request.challenge, len(shown))
