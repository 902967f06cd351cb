"""Every code that central sends. The terminal has the same values in its own list."""

from enum import StrEnum


class Code(StrEnum):
    """One reason, one next step; sentences for the customer are in `look_up.toml`."""

    OK = "ok"

    # receipts: what the register said
    PERSON_NOT_FOUND = "person.not_found"
    PERSON_NOT_YET_VISIBLE = "person.not_yet_visible"
    PERSON_NO_PHOTO = "person.no_photo"
    PERSON_MISMATCH = "person.mismatch"
    PERSON_FACE_MISMATCH = "person.face_mismatch"
    PERSON_ALREADY_OPEN = "person.already_open"
    PERSON_NOT_OPEN = "person.not_open"
    PERSON_ENDED = "person.ended"  # a later request of the person ended the credential
    AUTHORITY_UNAVAILABLE = "authority.unavailable"
    AUDIT_REWOUND = "audit.rewound"  # the terminal is held; also a problem
    REVIEW_HELD = "review.held"  # a decision came long after its clerk had gone: a person looks first
    REQUEST_HELD = "request.held"  # an operator looks into an alarm

    # receipts: what is wrong with the evidence
    EVIDENCE_INCOMPLETE = "evidence.incomplete"
    EVIDENCE_SIMULATED = "evidence.simulated"
    EVIDENCE_VERSION = "evidence.version"
    EVIDENCE_UNSEALABLE = "evidence.unsealable"
    EVIDENCE_REFUSED = "evidence.refused"
    EVIDENCE_WAY = "evidence.way"
    EVIDENCE_REVIEW = "evidence.review"
    EVIDENCE_SIGNATURE = "evidence.signature"
    EVIDENCE_LOWERED = "evidence.lowered"
    EVIDENCE_GUARDIAN = "evidence.guardian"
    CONSENT_UNKNOWN = "consent.unknown"
    PHONE_UNPROVED = "phone.unproved"
    CHALLENGE_INVALID = "challenge.invalid"
    READER_CHANGED = "reader.changed"  # also a problem

    # problems
    ENROLMENT_REFUSED = "enrolment.refused"
    ENROLMENT_USED = "enrolment.used"
    TERMINAL_UNKNOWN = "terminal.unknown"
    TERMINAL_REVOKED = "terminal.revoked"  # also a receipt, of a request that was held until then
    TERMINAL_HELD = "terminal.held"
    CHALLENGE_LIMIT = "challenge.limit"  # too many are outstanding
    AUDIT_MISSING = "audit.missing"
    CLOCK_OFF = "clock.off"  # a terminal's own signature, at another time than central's clock shows
    REQUEST_SIGNATURE = "request.signature"
    REQUEST_REPLAYED = "request.replayed"
    REQUEST_MALFORMED = "request.malformed"
    REQUEST_IN_FLIGHT = "request.in_flight"
    REQUEST_KEY_MISSING = "request.key_missing"
    REQUEST_KEY_REUSED = "request.key_reused"
    REQUEST_UNKNOWN = "request.unknown"
    PASSWORD_MISMATCH = "password.mismatch"  # noqa: S105 - a code, not a password
    CENTRAL_BUSY = "central.busy"
    CENTRAL_FAULT = "central.fault"
