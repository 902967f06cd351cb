"""Face and digits on the phone: where a person is on the way from consent to a verdict.

    consent      the person has not agreed to face and voice recognition yet
    ready        … has, and may record: for the first time, after an interruption, or (`again`) another try
    recording    a recording is active, in this tab or another
    checking     it waits for a verdict
    refused      no further try; the way out is an acceptance point
    waiting      until a credential of the person is opened at a terminal; then it goes on as `ready`
    passed       the request is settled, and the person can go back to the relying party

The step follows from what is in the database, so it is the same for every process and after a reload.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.authentication import recordings, requests
from central.authentication.codes import CaptureCode, CaptureRefused
from central.authentication.levels import Level
from central.authentication.prompts import Prompt
from central.authentication.provider import RequestOver
from central.authentication.recordings import Clip, RecordingState
from central.authentication.references import References
from central.authentication.requests import OpenRequest
from central.authentication.verification_jobs import VerificationJobs
from central.credentials import suspension
from central.exceptions import Problem
from central.protocol.verification import (
    Answer,
    ClipEvidence,
    Outcome,
    ShownColour,
    ShownDigit,
    VerdictCode,
)
from central.security.personal_data import PersonalData
from central.settings import FaceCheck
from central.storage.authentication_tables import FaceConsent, Recording
from central.storage.database import Database
from central.storage.tables import Credential

OUR_FAULTS = (VerdictCode.TIMED_OUT, VerdictCode.FAILED, VerdictCode.ENGINE_FAILED, VerdictCode.BUSY)
"""Verdicts that say nothing about the person and cost no try."""


class Step(StrEnum):
    """Where a person is."""

    CONSENT = "consent"
    READY = "ready"
    AGAIN = "again"
    RECORDING = "recording"
    CHECKING = "checking"
    REFUSED = "refused"
    WAITING = "waiting"
    PASSED = "passed"


@dataclass(frozen=True, kw_only=True)
class Status:
    """What the page shows. `code`: the last reason, or "". `wait_s`: until a verdict, while `checking`."""

    step: Step
    code: str = ""
    tries_left: int = 0
    wait_s: float | None = None
    expires_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the page says about a recording; times by its own clock, in ms.

    `shown_ms`: when each prompt was painted; `chunks`: how many there are.
    """

    container: str
    chunks: int
    started_ms: float
    shown_ms: tuple[float, ...]
    frame_times_ms: tuple[float, ...]


class Capture:
    """Takes a person from consent to a verdict. Every method raises RequestOver if the session has ended."""

    def __init__(
        self,
        *,
        database: Database,
        protection: PersonalData,
        jobs: VerificationJobs,
        references: References,
        rules: FaceCheck,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock`: seconds since 1970-01-01 UTC."""
        self._database = database
        self._protection = protection
        self._jobs = jobs
        self._references = references
        self._rules = rules
        self._clock = clock

    @property
    def rules(self) -> FaceCheck:
        """Return the settings."""
        return self._rules

    def status(self, secret: str) -> Status:
        """Return where the person is; read a verdict if there is one, and notice an opened credential."""
        with self._database.read() as session:
            request = self._request(session, secret)
            recording = recordings.latest(session, request.id, request.resumed_unix)
            if not self._has_news(session, request, recording):
                return self._status(session, request, recording)
        with self._database.write() as session:
            requests.lock(session, request.id)
            self._take_news(session, self._request(session, secret))
        return self.status(secret)

    def consent(self, secret: str, language: str, digest: str, known: str) -> None:
        """Note that the person agrees. `digest`: SHA-256 of the text on the page; `known`: of ours.

        Raises CaptureRefused.
        """
        if digest != known:
            raise CaptureRefused(CaptureCode.CONSENT_UNKNOWN, 422)
        with self._database.write() as session:
            request = self._request(session, secret)
            requests.lock(session, request.id)
            if session.get(FaceConsent, request.id) is None:
                session.add(
                    FaceConsent(
                        request=request.id,
                        person=self._person(request),
                        party=request.party,
                        language=language,
                        sha256=digest,
                        at_unix=self._clock(),
                    )
                )

    def start(self, secret: str) -> str:
        """Begin a recording and return its id; what was active before in this session ends.

        Nobody is filmed in vain: without a picture to compare with, the recording is refused at once.
        Raises CaptureRefused.
        """
        now = self._clock()
        with self._database.read() as session:
            request = self._request(session, secret)
            self._require_ready(session, request, now)
        picture = self._reference(request)
        with self._database.write() as session:
            requests.lock(session, request.id)
            request = self._request(session, secret)
            self._require_ready(session, request, now)
            row = recordings.start(
                session,
                request=request.id,
                person=self._person(request),
                party=request.party,
                now=now,
                rules=self._rules,
            )
            if picture is None:
                recordings.end(session, row.id, RecordingState.REFUSED, VerdictCode.NO_REFERENCE.value)
            return row.id

    def due_s(self, secret: str, recording: str, number: int) -> float:
        """Return in how many seconds a prompt is due. Raises CaptureRefused."""
        now = self._clock()
        with self._database.read() as session:
            row = self._active(session, secret, recording, now)
            return recordings.next_due_s(self._protection, row, number, now, self._rules)

    def hand_out(self, secret: str, recording: str, number: int) -> tuple[Prompt, float]:
        """Return a prompt that is due; if it is the last, how long it lasts in ms. Raises CaptureRefused."""
        now = self._clock()
        with self._database.write() as session:
            row = self._active(session, secret, recording, now)
            return recordings.hand_out(self._protection, row, number, now, self._rules)

    def store_chunk(self, secret: str, recording: str, number: int, content: bytes) -> None:
        """Store a piece of the recording. Raises CaptureRefused."""
        now = self._clock()
        with self._database.write() as session:
            row = self._active(session, secret, recording, now)
            recordings.store_chunk(session, self._protection, row, number, content, now, self._rules)

    def submit(self, secret: str, recording: str, told: Told) -> None:
        """Hand the recording over for a verdict; doing so again changes nothing. Raises CaptureRefused."""
        with self._database.read() as session:
            request = self._request(session, secret)
        picture = self._reference(request)
        now = self._clock()
        with self._database.write() as session:
            request = self._request(session, secret)
            known = session.get(Recording, recording)
            if known is not None and known.request == request.id and known.job is not None:
                return
            row = self._active(session, secret, recording, now)
            clip = recordings.collect(session, self._protection, row, told.chunks, self._rules)
            try:
                evidence = _evidence(clip, told, (now - row.started_unix) * 1000)
            except ValueError:
                raise CaptureRefused(CaptureCode.MALFORMED, 422) from None
            self._hand_over(session, row, evidence, clip.content, picture, now)

    def _hand_over(
        self,
        session: Session,
        row: Recording,
        evidence: ClipEvidence,
        clip: bytes,
        picture: bytes | None,
        now: float,
    ) -> None:
        """Make a job of a recording. One that is not taken ends, and costs no try."""
        try:
            row.job = self._jobs.submit(
                session, request=row.request, evidence=evidence, clip=clip, reference=picture, now=now
            )
        except Problem as problem:
            is_busy = problem.status == HTTPStatus.SERVICE_UNAVAILABLE
            code = VerdictCode.BUSY if is_busy else VerdictCode.CLIP_MALFORMED
            recordings.end(session, row.id, RecordingState.ENDED, code.value)
            return
        row.state, row.finished_unix, row.prompts = RecordingState.SUBMITTED.value, now, None
        recordings.erase_chunks(session, row.id)

    def abandon(self, secret: str, recording: str) -> None:
        """End a recording that the page could not finish."""
        with self._database.write() as session:
            request = self._request(session, secret)
            row = session.get(Recording, recording, with_for_update=True)
            if row is not None and row.request == request.id and row.state == RecordingState.ACTIVE:
                recordings.end(session, row.id, RecordingState.ENDED, CaptureCode.INTERRUPTED.value)

    def wait(self, secret: str) -> None:
        """Wait until the person has opened a credential at a terminal."""
        with self._database.write() as session:
            request = self._request(session, secret)
            self._person(request)
            if request.person is None:
                recordings.discard(session, request.id, CaptureCode.INTERRUPTED)
                requests.wait(session, request.id, self._clock(), self._rules.waiting_s)

    def _request(self, session: Session, secret: str) -> OpenRequest:
        request = requests.find_open(session, self._protection, secret, self._clock())
        if request is None:
            raise RequestOver
        return request

    def _person(self, request: OpenRequest) -> str:
        """Return the keyed hash of whom the party expects. Raises CaptureRefused."""
        number = request.parameters.get("person_number")
        if not number:
            raise CaptureRefused(CaptureCode.NO_PERSON)
        return self._protection.person(number)

    def _reference(self, request: OpenRequest) -> bytes | None:
        """Return the picture to compare with. Call it outside of transactions. Raises CaptureRefused."""
        self._person(request)
        given = request.parameters
        try:
            return self._references.find(given["person_name"], given["person_number"])
        except Problem:
            raise CaptureRefused(CaptureCode.REGISTER, 503) from None

    def _active(self, session: Session, secret: str, recording: str, now: float) -> Recording:
        request = self._request(session, secret)
        return recordings.active(session, recording, request.id, now, self._rules)

    def _require_ready(self, session: Session, request: OpenRequest, now: float) -> None:
        self._person(request)
        wanted = request.parameters.get("acr_values", "").split()
        if wanted and Level.FACE not in wanted:
            raise CaptureRefused(CaptureCode.LEVEL)
        recording = recordings.latest(session, request.id, request.resumed_unix)
        step = self._status(session, request, recording).step
        if step is Step.CONSENT:
            raise CaptureRefused(CaptureCode.CONSENT_MISSING)
        if step is Step.CHECKING:
            raise CaptureRefused(CaptureCode.CHECKING)
        if step in (Step.REFUSED, Step.WAITING, Step.PASSED):
            raise CaptureRefused(CaptureCode.TRIES_USED)
        if self._jobs.queue_wait_s(session, now) == float("inf"):
            raise CaptureRefused(CaptureCode.NO_WORKER, 503)

    def _has_news(self, session: Session, request: OpenRequest, recording: Recording | None) -> bool:
        if request.person is None and request.waiting_unix is not None:
            return self._is_opened(session, request)
        return self._outcome(session, recording) is not None

    def _take_news(self, session: Session, request: OpenRequest) -> None:
        """Go on after a credential was opened, or act on a verdict, once. The request is locked."""
        now = self._clock()
        if request.waiting_unix is not None:
            if self._is_opened(session, request):
                requests.resume(session, request.id, now)
            return
        recording = recordings.latest(session, request.id, request.resumed_unix)
        outcome = self._outcome(session, recording)
        if recording is None or outcome is None:
            return  # another process was faster
        state, code = self._state_after(session, request, outcome), outcome.code.value
        if state is RecordingState.PASSED and (barred := self._barred(session, request)) is not None:
            state, code = RecordingState.REFUSED, barred.value
        recordings.end(session, recording.id, state, code)
        if state is RecordingState.PASSED:
            requests.settle(session, request.id, self._person(request), Level.FACE, now)

    def _state_after(self, session: Session, request: OpenRequest, outcome: Outcome) -> RecordingState:
        if outcome.answer is Answer.PASS:
            return RecordingState.PASSED
        if outcome.answer is Answer.REFUSE and outcome.code not in OUR_FAULTS:
            return RecordingState.REFUSED
        left = self._tries_left(session, request)
        if outcome.code in OUR_FAULTS:
            left += 1
        return RecordingState.AGAIN if left > 0 else RecordingState.REFUSED

    def _barred(self, session: Session, request: OpenRequest) -> CaptureCode | None:
        """Return why a person is not authenticated although the face has passed; ask it only then."""
        person = self._person(request)
        if suspension.is_suspended(session, person):
            return CaptureCode.SUSPENDED
        return CaptureCode.ENDED if suspension.has_ended(session, person) else None

    def _outcome(self, session: Session, recording: Recording | None) -> Outcome | None:
        if recording is None or recording.state != RecordingState.SUBMITTED or recording.job is None:
            return None
        return self._jobs.outcome(session, recording.job, self._clock())

    def _is_opened(self, session: Session, request: OpenRequest) -> bool:
        """Return whether a credential of the person was opened, or renewed, since the request waits."""
        opened = select(Credential.serial).where(
            Credential.person == self._person(request),
            Credential.revoked_unix.is_(None),
            Credential.opened_unix >= request.waiting_unix,
        )
        return session.scalar(opened.limit(1)) is not None

    def _tries_left(self, session: Session, request: OpenRequest) -> int:
        free = [code.value for code in OUR_FAULTS]
        return self._rules.tries - recordings.tries(session, request.id, request.resumed_unix, free)

    def _resumed(self, request: OpenRequest) -> str:
        return CaptureCode.OPENED.value if request.resumed_unix is not None else ""

    def _status(self, session: Session, request: OpenRequest, recording: Recording | None) -> Status:
        step, code, wait_s = self._step(session, request, recording)
        return Status(
            step=step,
            code=code,
            tries_left=max(0, self._tries_left(session, request)),
            wait_s=wait_s,
            expires_s=max(0.0, request.expires_unix - self._clock()),
        )

    def _step(
        self, session: Session, request: OpenRequest, recording: Recording | None
    ) -> tuple[Step, str, float | None]:
        if request.person is not None:
            return Step.PASSED, "", None
        code = recording.code if recording is not None else ""
        if request.waiting_unix is not None:
            return Step.WAITING, code, None
        if session.get(FaceConsent, request.id) is None:
            return Step.CONSENT, code, None
        if recording is None:
            return Step.READY, self._resumed(request), None
        if recording.state == RecordingState.SUBMITTED and recording.job is not None:
            return Step.CHECKING, "", self._jobs.wait_s(session, recording.job, self._clock())
        is_late = self._clock() > recording.started_unix + self._rules.recording_s
        steps = {RecordingState.ACTIVE: Step.RECORDING, RecordingState.ENDED: Step.READY}
        steps |= {RecordingState.AGAIN: Step.AGAIN, RecordingState.REFUSED: Step.REFUSED}
        step = steps.get(RecordingState(recording.state), Step.READY)
        if step is Step.RECORDING and is_late:
            return Step.READY, CaptureCode.INTERRUPTED.value, None
        return step, code, None


def _evidence(clip: Clip, told: Told, end_ms: float) -> ClipEvidence:
    """Return what the worker gets beside the clip. Raises ValueError if the page told what cannot be."""
    if len(told.shown_ms) != len(clip.prompts) or list(told.shown_ms) != sorted(told.shown_ms):
        raise ValueError("each prompt was shown once, in their order")
    shown = list(zip(clip.prompts, told.shown_ms, strict=True))
    digits = [
        ShownDigit(
            digit=prompt.digit,
            shown_ms=at,
            handed_out_ms=prompt.at_ms,
            answered_ms=_answered_ms(clip, prompt.number, end_ms),
        )
        for prompt, at in shown
        if prompt.digit is not None
    ]
    return ClipEvidence.model_validate(
        {
            "container": told.container,
            "digits": tuple(digits),
            "colours": tuple(ShownColour(at_ms=at, rgb=prompt.rgb) for prompt, at in shown),
            "frame_times_ms": told.frame_times_ms,
            "started_ms": told.started_ms,
        }
    )


def _answered_ms(clip: Clip, number: int, end_ms: float) -> float:
    """Return when the chunk had arrived that holds the reading of digit `number`, by central's clock.

    The digit is read until the next one is shown, two prompts later; the chunk that comes first after that
    holds the reading. For the last digit that is the end.
    """
    later = [one.at_ms for one in clip.prompts if one.number == number + 2]
    after = later[0] if later else end_ms
    return min((one.at_ms for one in clip.arrivals if one.at_ms >= after), default=end_ms)
