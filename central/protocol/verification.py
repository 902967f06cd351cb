"""Job messages between central and the verification workers: what a recording came with, and the verdict.

A worker sees a clip, the times that belong to it and a reference picture; never a name, a number or who asks.
A job is sealed to the workers' public key (HPKE, RFC 9180) and bound to its id, so that the database that
carries it does not hold a recording in the clear.
"""

from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pydantic import Field, ValidationError

from central.protocol.messages import Message, Scalar, Token

MAX_CLIP = 12 * 1024 * 1024
"""Bytes of a recording; one of 16 s has 1.1 MB with H.264 and 3.4 MB with VP8."""
MAX_REFERENCE = 512 * 1024
MAX_FRAMES = 1400
JOB_S = 420.0
"""Life of a job; also the longest time for which a recording is kept."""
TRIES = 2
"""How often a job is given to a worker: one that two workers did not finish is refused."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

Milliseconds = Annotated[float, Field(ge=-1e9, le=1e9)]
Byte = Annotated[int, Field(ge=0, le=255)]


class VerdictCode(StrEnum):
    """Reason of a verdict; `authentication.toml` has the sentences of all of them."""

    OK = "ok"
    NO_REFERENCE = "no_reference"  # there is no usable picture to compare with
    MISMATCH = "mismatch"  # another face than the reference
    UNCERTAIN = "uncertain"  # neither clearly the same face nor clearly another
    NOT_LIVE = "not_live"
    PERSON_CHANGED = "person_changed"  # more than one face, or the face left the picture
    TWO_FACES = "two_faces"
    NO_FACE = "no_face"
    FACE_UNCLEAR = "face_unclear"  # too few good frames
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    DIGITS_WRONG = "digits_wrong"
    DIGITS_UNCLEAR = "digits_unclear"  # read too early, too late or indistinctly
    NO_SOUND = "no_sound"
    TOO_NOISY = "too_noisy"
    LIPS = "lips"  # the lips did not move with the voice
    LIGHT = "light"  # the face does not reflect the colours of the screen
    REPLAYED = "replayed"  # a loop, or made before the digits were handed out
    INJECTED = "injected"  # not the stream of a camera that is looking now
    CLIP_MALFORMED = "clip_malformed"
    CLIP_CLOCK = "clip_clock"  # its times and those of the page do not agree
    TIMED_OUT = "timed_out"
    FAILED = "failed"  # two workers did not finish
    ENGINE_FAILED = "engine_failed"
    BUSY = "busy"  # not taken: the queue is too long, or no worker is there


class Answer(StrEnum):
    """What follows from a verdict. Only PASS authenticates."""

    PASS = "pass"  # noqa: S105
    RETRY = "retry"
    REFUSE = "refuse"


class ShownDigit(Message):
    """A digit of the challenge. Page clock: the one of `performance.now()`; server clock: since the session.

    `shown_ms`: page clock, when it was painted. `handed_out_ms`, `answered_ms`: server clock, when it was
    handed out, and when the chunk that must hold its reading had arrived.
    """

    digit: Annotated[int, Field(ge=0, le=9)]
    shown_ms: Milliseconds
    handed_out_ms: Milliseconds
    answered_ms: Milliseconds


class ShownColour(Message):
    """A colour that filled the screen from `at_ms` (page clock) on."""

    at_ms: Milliseconds
    rgb: tuple[Byte, Byte, Byte]


class ClipEvidence(Message):
    """What the page and central noted while a clip was recorded.

    `frame_times_ms`: capture times by `requestVideoFrameCallback`, page clock. `started_ms`: page clock of
    the call of `MediaRecorder.start()`. `container`: as the page named it; the first bytes decide.
    """

    container: Literal["webm", "mp4"]
    digits: Annotated[tuple[ShownDigit, ...], Field(min_length=4, max_length=8)]
    colours: Annotated[tuple[ShownColour, ...], Field(max_length=64)]
    frame_times_ms: Annotated[tuple[Milliseconds, ...], Field(max_length=2 * MAX_FRAMES)]
    started_ms: Milliseconds


class Outcome(Message):
    """A verdict. `measured`: numbers behind it, for the authentication's evidence; nothing personal."""

    answer: Answer
    code: VerdictCode
    measured: Annotated[dict[Token, Scalar], Field(max_length=64)] = {}  # noqa: RUF012 - pydantic copies it


class Job(NamedTuple):
    """A job in the clear; lives in memory only."""

    evidence: ClipEvidence
    clip: bytes
    reference: bytes | None

    def __repr__(self) -> str:
        return "Job(…)"


class JobUnsealable(Exception):  # noqa: N818
    """A sealed job does not open, or does not hold what was agreed."""


def seal_job(id: str, job: Job, key: X25519PublicKey) -> bytes:
    """Return a job sealed to the workers' key. Raises ValueError if clip or reference is too large."""
    if len(job.clip) > MAX_CLIP or len(job.reference or b"") > MAX_REFERENCE:
        raise ValueError("clip or reference is too large")
    parts = [job.evidence.model_dump_json().encode(), job.reference or b"", job.clip]
    content = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return _SUITE.encrypt(content, key, _info(id))


def open_job(id: str, sealed: bytes, key: X25519PrivateKey) -> Job:
    """Return the job of this id. Raises JobUnsealable."""
    try:
        evidence, reference, clip = _parts(_SUITE.decrypt(sealed, key, _info(id)))
        return Job(ClipEvidence.model_validate_json(evidence), clip, reference or None)
    except (InvalidTag, ValidationError, ValueError):
        raise JobUnsealable from None


def _parts(content: bytes) -> tuple[bytes, bytes, bytes]:
    parts, at = [], 0
    for _ in range(3):
        length = int.from_bytes(content[at : at + 4], "big")
        parts.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    if at != len(content):
        raise ValueError("of another length")
    return parts[0], parts[1], parts[2]


def _info(id: str) -> bytes:
    return f"central-verification-v1|{id}".encode()
