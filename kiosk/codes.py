"""Every refusal, fault and hint of the terminal, in one enum.

Packages pass codes to each other, and codes are kept as evidence; sentences for people live in
`resources/phrases/` and are found by the code's value. `docs/codes.md` is generated from both.
The classes follow the merged failure taxonomy of face, speech, card and network services.
"""

from enum import StrEnum


class Code(StrEnum):
    """A reason for which there is one next step."""

    OK = "ok"

    # settings, models, the terminal itself
    STARTING = "terminal.starting"
    SETTINGS_UNREADABLE = "settings.unreadable"
    SETTINGS_UNKNOWN_KEY = "settings.unknown_key"
    SETTINGS_BAD_VALUE = "settings.bad_value"
    SETTINGS_UNKNOWN_DRIVER = "settings.unknown_driver"
    SETTINGS_SIMULATION_ONLY = "settings.simulation_only"
    MODEL_MISSING = "model.missing"
    MODEL_ALTERED = "model.altered"
    MODEL_UNUSABLE = "model.unusable"
    MODEL_VOCABULARY = "model.vocabulary"
    MODEL_NOT_FETCHED = "model.not_fetched"
    IDENTITY_MISSING = "identity.missing"
    IDENTITY_EXPOSED = "identity.exposed"
    ENROLMENT_REFUSED = "enrolment.refused"
    DISK_LOW = "disk.low"
    CLOCK_OFF = "clock.off"
    OUTBOX_DAMAGED = "outbox.damaged"
    OUTBOX_FULL = "outbox.full"
    QUEUE_TOO_MANY = "queue.too_many"
    QUEUE_TOO_OLD = "queue.too_old"
    SOFTWARE_TOO_OLD = "software.too_old"
    SOFTWARE_REFUSED = "software.refused"
    CENTRAL_SILENT = "central.silent"
    AUDIT_UNWRITABLE = "audit.unwritable"
    AUDIT_DAMAGED = "audit.damaged"
    AUDIT_REWOUND = "audit.rewound"
    INTERNAL = "internal.error"

    # devices
    CAMERA_MISSING = "camera.missing"
    CAMERA_BUSY = "camera.busy"
    CAMERA_LOST = "camera.lost"
    CAMERA_FROZEN = "camera.frozen"
    CAMERA_FORMAT = "camera.format"
    CAMERA_NOT_ALLOWED = "camera.not_allowed"
    MICROPHONE_MISSING = "microphone.missing"
    MICROPHONE_BUSY = "microphone.busy"
    MICROPHONE_LOST = "microphone.lost"
    MICROPHONE_TOO_QUIET = "microphone.too_quiet"
    MICROPHONE_CLIPPED = "microphone.clipped"
    READER_MISSING = "reader.missing"
    READER_BUSY = "reader.busy"
    READER_LOST = "reader.lost"
    READER_FAULT = "reader.fault"
    READER_UNAUTHORISED = "reader.unauthorised"
    SPEAKER_MISSING = "speaker.missing"
    PRINTER_MISSING = "printer.missing"
    PRINTER_PAPER = "printer.paper"

    # how a visit is led
    CONSENT_REFUSED = "consent.refused"
    VISIT_CANCELLED = "visit.cancelled"
    VISIT_TIMEOUT = "visit.timeout"
    VISIT_ABANDONED = "visit.abandoned"
    VISIT_NEEDS_CLERK = "visit.needs_clerk"

    # the other ways, and the clerk's review
    WAY_ATTEST = "way.attest"
    WAY_CLERK = "way.clerk"
    HEAD_WRONG = "head.wrong"
    HEAD_STILL = "head.still"
    HEAD_TOO_EARLY = "head.too_early"
    HEAD_UNSEEN = "head.unseen"
    TOUCH_WRONG = "touch.wrong"
    TOUCH_TOO_LATE = "touch.too_late"
    REVIEW_APPROVED = "review.approved"
    REVIEW_REFUSED = "review.refused"

    # the card
    CARD_UNREADABLE = "card.unreadable"
    CARD_MOVED = "card.moved"
    CARD_REMOVED = "card.removed"
    CARD_WRONG_TYPE = "card.wrong_type"
    CARD_REJECTED = "card.rejected"
    CARD_NOT_GENUINE = "card.not_genuine"
    CARD_MALFORMED = "card.malformed"
    CARD_NUMBER_INVALID = "card.number_invalid"
    CARD_EXPIRED = "card.expired"
    CARD_NOT_YET_VALID = "card.not_yet_valid"
    CARD_UNDER_AGE = "card.under_age"
    CARD_CHILD = "card.child"
    # the guardian of a child
    GUARDIAN_UNDER_AGE = "guardian.under_age"
    GUARDIAN_DECLINED = "guardian.declined"
    CARD_PORTRAIT_UNREADABLE = "card.portrait_unreadable"
    CARD_PORTRAIT_NO_FACE = "card.portrait_no_face"
    CARD_PORTRAIT_PHOTOGRAPHED = "card.portrait_photographed"
    # the card before the camera: hints while it is looked for
    CARD_PICTURE_NONE = "card_picture.none"
    CARD_PICTURE_FAR = "card_picture.far"
    CARD_PICTURE_BLURRED = "card_picture.blurred"
    CARD_PICTURE_GLARE = "card_picture.glare"
    CARD_PICTURE_SIDE = "card_picture.side"

    # people behind the counter
    STAFF_NONE = "staff.none"
    STAFF_REFUSED = "staff.refused"
    STAFF_LOCKED = "staff.locked"
    STAFF_ROSTER_EXPIRED = "staff.roster_expired"
    STAFF_ROSTER_ALTERED = "staff.roster_altered"
    STAFF_ROLE = "staff.role"
    STAFF_SAME_PERSON = "staff.same_person"
    STAFF_UNKEPT = "staff.unkept"
    STAFF_IDLE = "staff.idle"
    STICK_MISSING = "stick.missing"
    STICK_UNWRITABLE = "stick.unwritable"
    STICK_EMPTY = "stick.empty"
    STICK_ALTERED = "stick.altered"

    # what is typed
    PHONE_MALFORMED = "phone.malformed"
    PASSWORD_MALFORMED = "password.malformed"  # noqa: S105 - a code, not a password
    PASSWORD_WEAK = "password.weak"  # noqa: S105
    PASSWORD_MISMATCH = "password.mismatch"  # noqa: S105

    # the face: hints while it is watched
    FACE_NONE = "face.none"
    FACE_SEVERAL = "face.several"
    FACE_TOO_FAR = "face.too_far"
    FACE_TOO_NEAR = "face.too_near"
    FACE_OFF_CENTRE = "face.off_centre"
    FACE_TURNED = "face.turned"
    FACE_TILTED = "face.tilted"
    FACE_BLURRED = "face.blurred"
    FACE_TOO_DARK = "face.too_dark"
    FACE_TOO_BRIGHT = "face.too_bright"
    FACE_BACKLIT = "face.backlit"
    FACE_EYES_CLOSED = "face.eyes_closed"
    FACE_COVERED = "face.covered"
    # the face: verdicts
    FACE_TOO_FEW_FRAMES = "face.too_few_frames"
    FACE_MISMATCH = "face.mismatch"
    FACE_UNCERTAIN = "face.uncertain"
    FACE_NOT_LIVE = "face.not_live"
    FACE_LIVENESS_UNKNOWN = "face.liveness_unknown"
    FACE_LEFT = "face.left"
    FACE_CHANGED = "face.changed"
    FACE_ENGINE_FAILED = "face.engine_failed"

    # the camera's stream
    STREAM_UNKNOWN = "stream.unknown"
    STREAM_REPEATED = "stream.repeated"
    STREAM_LOOP = "stream.loop"
    STREAM_TIMING = "stream.timing"
    STREAM_NO_NOISE = "stream.no_noise"
    STREAM_STILL = "stream.still"

    # the voice
    SPEECH_SILENCE = "speech.silence"
    SPEECH_TOO_QUIET = "speech.too_quiet"
    SPEECH_CLIPPED = "speech.clipped"
    SPEECH_NOISY = "speech.noisy"
    SPEECH_TOO_EARLY = "speech.too_early"
    SPEECH_TOO_LATE = "speech.too_late"
    SPEECH_WRONG_DIGITS = "speech.wrong_digits"
    SPEECH_MISSING_DIGITS = "speech.missing_digits"
    SPEECH_EXTRA = "speech.extra"
    SPEECH_SECOND_VOICE = "speech.second_voice"
    SPEECH_UNKNOWN = "speech.unknown"
    SPEECH_AUDIO_LOST = "speech.audio_lost"
    SPEECH_ENGINE_FAILED = "speech.engine_failed"

    # lips with voice
    LIPS_STILL = "lips.still"
    LIPS_UNSEEN = "lips.unseen"
    LIPS_OUT_OF_STEP = "lips.out_of_step"

    # the light challenge
    LIGHT_ABSENT = "light.absent"
    LIGHT_UNCLEAR = "light.unclear"
    LIGHT_UNSEEN = "light.unseen"
    LIGHT_DECLINED = "light.declined"

    # the challenge
    CHALLENGE_NONE = "challenge.none"
    CHALLENGE_INVALID = "challenge.invalid"

    # the line to central
    CENTRAL_UNREACHABLE = "central.unreachable"
    CENTRAL_UNTRUSTED = "central.untrusted"
    CENTRAL_BUSY = "central.busy"
    CENTRAL_FAULT = "central.fault"
    CENTRAL_UNACCEPTABLE = "central.unacceptable"

    # what central decided (the wire carries these very values)
    PERSON_NOT_FOUND = "person.not_found"
    PERSON_NOT_YET_VISIBLE = "person.not_yet_visible"
    PERSON_NO_PHOTO = "person.no_photo"
    PERSON_MISMATCH = "person.mismatch"
    PERSON_FACE_MISMATCH = "person.face_mismatch"
    PERSON_ALREADY_OPEN = "person.already_open"
    PERSON_NOT_OPEN = "person.not_open"
    AUTHORITY_UNAVAILABLE = "authority.unavailable"
    EVIDENCE_INCOMPLETE = "evidence.incomplete"
    EVIDENCE_SIMULATED = "evidence.simulated"
    EVIDENCE_VERSION = "evidence.version"
    EVIDENCE_UNSEALABLE = "evidence.unsealable"
    EVIDENCE_REFUSED = "evidence.refused"
    EVIDENCE_WAY = "evidence.way"
    EVIDENCE_REVIEW = "evidence.review"
    EVIDENCE_LOWERED = "evidence.lowered"
    EVIDENCE_GUARDIAN = "evidence.guardian"
    TERMINAL_UNKNOWN = "terminal.unknown"
    TERMINAL_REVOKED = "terminal.revoked"
    REQUEST_SIGNATURE = "request.signature"
    REQUEST_REPLAYED = "request.replayed"
    REQUEST_MALFORMED = "request.malformed"
    REQUEST_IN_FLIGHT = "request.in_flight"
    REQUEST_KEY_MISSING = "request.key_missing"
    REQUEST_KEY_REUSED = "request.key_reused"
    REQUEST_UNKNOWN = "request.unknown"
    REQUEST_LOST = "request.lost"
    REQUEST_GIVEN_UP = "request.given_up"
