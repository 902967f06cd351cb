"""Reasons why a recording does not begin or go on; `verification` has those of verdicts."""

from enum import StrEnum


class CaptureCode(StrEnum):
    """One reason, one next step; sentences are in `authentication.toml`."""

    OVER = "over"  # the request was used or has ended
    NO_PERSON = "no_person"  # the relying party did not say whom it expects
    LEVEL = "level_not_offered"  # it asks for a level that a face alone does not give
    CONSENT_MISSING = "consent_missing"
    CONSENT_UNKNOWN = "consent_unknown"  # another text than the one that is shown
    TRIES_USED = "tries_used"
    TOO_MANY = "too_many_today"  # recordings of this person
    PARTY_BUSY = "party_busy"  # recordings for this relying party
    NO_WORKER = "no_worker"  # nothing judges recordings now
    REGISTER = "register_silent"  # it does not say whether it has a picture
    CHECKING = "checking"  # an earlier recording has no verdict yet
    SUPERSEDED = "superseded"  # another tab has begun a later one
    INTERRUPTED = "interrupted"  # it took too long, or the page was left
    OUT_OF_TURN = "out_of_turn"  # a prompt that is not the next one
    CHUNK_CHANGED = "chunk_changed"  # another content under a number that was used
    CHUNK_LIMIT = "chunk_limit"
    CHUNKS_MISSING = "chunks_missing"
    MALFORMED = "malformed"
    SUSPENDED = "credential_suspended"  # the face has passed; told to nobody else
    ENDED = "credential_ended"  # the same
    OPENED = "credential_opened"  # a credential was opened at a terminal: go on


class CaptureRefused(Exception):  # noqa: N818
    """A request of the page cannot be carried out. `status`: of HTTP."""

    def __init__(self, code: CaptureCode, status: int = 409) -> None:
        super().__init__(code.value)
        self.code, self.status = code, status
