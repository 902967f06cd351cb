"""Recordings of a request: prompts go out, chunks come in, and at the end they are one clip.

A recording belongs to one request, and so to one browser session and one person. Of the recordings of a
request one is active: a later one ends those before it, so that of two tabs the later wins. Chunks are
encrypted, and deleted when the recording ends, however it does.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from central.authentication import prompts
from central.authentication.codes import CaptureCode, CaptureRefused
from central.authentication.prompts import Prompt, Prompts
from central.security.personal_data import PersonalData
from central.settings import FaceCheck
from central.storage.authentication_tables import Recording, RecordingChunk

HOUR_S, DAY_S = 3600.0, 86_400.0
MOST_CHUNKS = 200


class RecordingState(StrEnum):
    """State of a recording."""

    ACTIVE = "active"
    ENDED = "ended"  # without a verdict
    SUBMITTED = "submitted"  # waits for a verdict
    PASSED = "passed"
    AGAIN = "again"
    REFUSED = "refused"


@dataclass(frozen=True)
class Arrival:
    """When a chunk arrived, since the recording began."""

    number: int
    at_ms: float


@dataclass(frozen=True)
class Clip:
    """A whole recording."""

    content: bytes
    prompts: tuple[Prompt, ...]
    arrivals: tuple[Arrival, ...]

    def __repr__(self) -> str:
        return f"Clip({len(self.content)} bytes)"


def start(
    session: Session, *, request: str, person: str, party: str, now: float, rules: FaceCheck
) -> Recording:
    """Begin a recording and end those of the request that are active. Raises CaptureRefused.

    The caller has locked the request.
    """
    _limit(session, person, party, now, rules)
    discard(session, request, CaptureCode.SUPERSEDED)
    row = Recording(
        id=secrets.token_hex(16),
        request=request,
        person=person,
        party=party,
        state=RecordingState.ACTIVE.value,
        code="",
        prompts=None,
        started_unix=now,
    )
    session.add(row)
    session.flush()
    return row


def _limit(session: Session, person: str, party: str, now: float, rules: FaceCheck) -> None:
    def since(seconds: float) -> int:
        begun = select(func.count()).where(Recording.person == person, Recording.started_unix > now - seconds)
        return session.scalar(begun) or 0

    if since(HOUR_S) >= rules.a_person_an_hour or since(DAY_S) >= rules.a_person_a_day:
        raise CaptureRefused(CaptureCode.TOO_MANY, 429)
    of_party = select(func.count()).where(Recording.party == party, Recording.started_unix > now - 60)
    if (session.scalar(of_party) or 0) >= rules.a_party_a_minute:
        raise CaptureRefused(CaptureCode.PARTY_BUSY, 429)


def discard(session: Session, request: str, code: CaptureCode) -> None:
    """End the active recordings of a request and erase their chunks."""
    active = select(Recording.id).where(
        Recording.request == request, Recording.state == RecordingState.ACTIVE.value
    )
    for id in session.scalars(active).all():
        end(session, id, RecordingState.ENDED, code.value)


def end(session: Session, id: str, state: RecordingState, code: str) -> None:
    """Set the state of a recording that is over, and erase what was recorded."""
    ended = update(Recording).where(Recording.id == id)
    session.execute(ended.values(state=state.value, code=code, prompts=None))
    erase_chunks(session, id)


def erase_chunks(session: Session, id: str) -> None:
    """Delete the chunks of a recording."""
    session.execute(delete(RecordingChunk).where(RecordingChunk.recording == id))


def active(session: Session, id: str, request: str, now: float, rules: FaceCheck) -> Recording:
    """Return a request's active recording, locked. Raises CaptureRefused."""
    row = session.get(Recording, id, with_for_update=True, populate_existing=True)
    if row is None or row.request != request:
        raise CaptureRefused(CaptureCode.INTERRUPTED, 404)
    if row.state != RecordingState.ACTIVE or now > row.started_unix + rules.recording_s:
        over = row.code if row.state == RecordingState.ENDED and row.code else CaptureCode.INTERRUPTED
        raise CaptureRefused(CaptureCode(over))
    return row


def next_due_s(protection: PersonalData, row: Recording, number: int, now: float, rules: FaceCheck) -> float:
    """Return in how many seconds a prompt is due; 0 for one that was handed out. Raises CaptureRefused."""
    known = _prompts(protection, row)
    if number < len(known.handed_out):
        return 0.0
    if number > len(known.handed_out) or number >= prompts.count(rules):
        raise CaptureRefused(CaptureCode.OUT_OF_TURN)
    return max(0.0, row.started_unix + known.next_ms / 1000 - now)


def hand_out(
    protection: PersonalData, row: Recording, number: int, now: float, rules: FaceCheck
) -> tuple[Prompt, float]:
    """Return a prompt that is due, and how long it lasts in ms if it is the last, else 0.

    A prompt that was handed out is the same again, for an answer may be lost. Raises CaptureRefused.
    """
    if next_due_s(protection, row, number, now, rules) > 0:
        raise CaptureRefused(CaptureCode.OUT_OF_TURN)
    known = _prompts(protection, row)
    if number == len(known.handed_out):
        known = known.with_next((now - row.started_unix) * 1000, rules)
        row.prompts = protection.encrypt(known.to_json(), f"prompts|{row.id}")
    prompt = known.handed_out[number]
    is_last = number == prompts.count(rules) - 1
    return prompt, known.next_ms - prompt.at_ms if is_last else 0.0


def store_chunk(
    session: Session,
    protection: PersonalData,
    row: Recording,
    number: int,
    content: bytes,
    now: float,
    rules: FaceCheck,
) -> None:
    """Store a chunk; the same one again changes nothing. Raises CaptureRefused."""
    digest = sha256(content).hexdigest()
    known = session.get(RecordingChunk, (row.id, number))
    if known is not None:
        if known.sha256 != digest:
            raise CaptureRefused(CaptureCode.CHUNK_CHANGED)
        return
    stored = session.scalar(
        select(func.coalesce(func.sum(RecordingChunk.size), 0)).where(RecordingChunk.recording == row.id)
    )
    too_large = not 0 < len(content) <= rules.chunk_bytes or (stored or 0) + len(content) > rules.clip_bytes
    if too_large or not 0 <= number < MOST_CHUNKS:
        raise CaptureRefused(CaptureCode.CHUNK_LIMIT, 413)
    session.add(
        RecordingChunk(
            recording=row.id,
            number=number,
            sha256=digest,
            size=len(content),
            data=protection.encrypt_bytes(content, f"chunk|{row.id}|{number}"),
            arrived_unix=now,
        )
    )


def collect(
    session: Session, protection: PersonalData, row: Recording, chunks: int, rules: FaceCheck
) -> Clip:
    """Return the whole recording of `chunks` chunks. Raises CaptureRefused."""
    handed_out = _prompts(protection, row).handed_out
    query = select(RecordingChunk).where(RecordingChunk.recording == row.id).order_by(RecordingChunk.number)
    found: Sequence[RecordingChunk] = session.scalars(query).all()
    if [one.number for one in found] != list(range(chunks)) or not found:
        raise CaptureRefused(CaptureCode.CHUNKS_MISSING)
    if len(handed_out) != prompts.count(rules):
        raise CaptureRefused(CaptureCode.OUT_OF_TURN)
    parts = [protection.decrypt_bytes(one.data, f"chunk|{row.id}|{one.number}") for one in found]
    arrivals = (Arrival(one.number, (one.arrived_unix - row.started_unix) * 1000) for one in found)
    return Clip(b"".join(parts), handed_out, tuple(arrivals))


def latest(session: Session, request: str, since: float | None) -> Recording | None:
    """Return the last recording of a request, of those begun after `since`."""
    query = select(Recording).where(Recording.request == request)
    if since is not None:
        query = query.where(Recording.started_unix >= since)
    return session.scalar(query.order_by(Recording.started_unix.desc(), Recording.id).limit(1))


def tries(session: Session, request: str, since: float | None, free: Sequence[str]) -> int:
    """Return how many recordings have a verdict or wait for one; codes of `free` do not count."""
    judged = (RecordingState.SUBMITTED, RecordingState.PASSED, RecordingState.AGAIN, RecordingState.REFUSED)
    query = select(func.count()).where(
        Recording.request == request,
        Recording.state.in_([state.value for state in judged]),
        Recording.code.not_in(free),
    )
    if since is not None:
        query = query.where(Recording.started_unix >= since)
    return session.scalar(query) or 0


def _prompts(protection: PersonalData, row: Recording) -> Prompts:
    if row.prompts is None:
        return Prompts()
    return Prompts.of_json(protection.decrypt(row.prompts, f"prompts|{row.id}"))
