"""Maps stage and event to the function that handles it. What is not in the table is ignored in that stage."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from kiosk import events as e
from kiosk.model import DigitHeard, FaceSeen, Stage
from kiosk.visit.stages import (
    card,
    consent,
    digits,
    exits,
    face,
    face_watch,
    guardian,
    head,
    light,
    phone,
    phone_code,
    portrait,
    review,
    review_decision,
    submit,
    timing,
    touch,
    waiting,
    ways,
)
from kiosk.visit.state import Orders, VisitState

Handler = Callable[[VisitState, Any], Orders]
S = Stage

_EXITS: dict[type[Struct], Handler] = {
    e.Cancelled: exits.cancelled,
    e.HelpWanted: waiting.wanted,
}

WAITING: dict[type[Struct], Handler] = {
    e.HelpWanted: waiting.again,
    e.ClerkCallChanged: waiting.call_changed,
    e.HelpEnded: waiting.ended,
    e.ReviewWanted: waiting.review_wanted,
    e.ChallengeTaken: waiting.challenge_answered,
    e.ChallengeMissing: waiting.challenge_answered,
    e.PhoneCodeAnswered: phone_code.kept,
    e.PhoneProofAnswered: phone_code.kept,
    e.Cancelled: exits.cancelled,
    e.DeviceFailed: waiting.device_failed,
    e.TimePassed: waiting.timed_out,
}
"""Instead of the stage's, while the visit waits for the clerk."""

_TOUCHED: dict[type[Struct], Handler] = {e.Touched: timing.touched}

HANDLERS: dict[Stage, dict[type[Struct], Handler]] = {
    S.IDLE: {e.Began: consent.began},
    S.CONSENT: _EXITS
    | _TOUCHED
    | {
        e.Agreed: consent.agreed,
        e.PromptEnded: consent.prompt_ended,
        e.Declined: consent.declined,
        e.ClerkPresent: consent.clerk_present,
        e.ClerkAbsent: consent.clerk_absent,
        e.TimePassed: exits.timed_out,
    },
    S.CARD: _EXITS
    | _TOUCHED
    | {
        e.CardRead: card.read,
        e.CardFailed: card.failed,
        e.ClerkPresent: guardian.clerk_present,
        e.ClerkAbsent: guardian.clerk_absent,
        e.DeviceFailed: card.reader_failed,
        e.TimePassed: exits.timed_out,
    },
    S.GUARDIAN: _EXITS
    | _TOUCHED
    | {
        e.GuardianAgreed: guardian.agreed,
        e.PromptEnded: consent.prompt_ended,
        e.GuardianDeclined: guardian.declined,
        e.TimePassed: exits.timed_out,
    },
    S.PHONE: _EXITS
    | _TOUCHED
    | {
        e.Typed: phone.typed,
        e.TimePassed: exits.timed_out,
    },
    S.CONFIRM: _EXITS
    | _TOUCHED
    | {
        e.Confirmed: phone.confirmed,
        e.TimePassed: exits.timed_out,
    },
    S.PHONE_CODE: _EXITS
    | {
        e.PhoneCodeAnswered: phone_code.sent,
        e.PhoneCodeTyped: phone_code.typed,
        e.PhoneProofAnswered: phone_code.proof_answered,
        e.PhoneCodeWanted: phone_code.send_again,
        e.PhoneCodeSkipped: phone_code.skipped,
        e.PhoneChangeWanted: phone_code.change_phone,
        e.Touched: phone_code.touched,
        e.TimePassed: phone_code.time_passed,
    },
    S.PORTRAIT: _EXITS
    | _TOUCHED
    | {
        e.CardSeen: portrait.seen,
        e.ReferenceReady: portrait.ready,
        e.DeviceFailed: portrait.sense_failed,
        e.TimePassed: portrait.time_passed,
    },
    S.FACE: _EXITS
    | _TOUCHED
    | {
        e.WayChosen: ways.chosen,
        e.ReferenceReady: face.reference_ready,
        e.ReferenceFailed: face.reference_failed,
        FaceSeen: face.seen,
        e.DeviceFailed: face_watch.sense_failed,
        e.TimePassed: face.time_passed,
    },
    S.DIGITS: _EXITS
    | {
        e.WayChosen: ways.chosen,
        e.ChallengeTaken: digits.challenge_taken,
        e.ChallengeMissing: digits.challenge_missing,
        e.PromptEnded: digits.prompt_ended,
        e.DigitShown: digits.shown,
        e.LightShown: light.shown,
        e.LightDeclined: light.declined,
        DigitHeard: digits.heard,
        e.SlowDown: digits.slow_down,
        FaceSeen: digits.face_seen,
        e.DeviceFailed: face_watch.sense_failed,
        e.TimePassed: digits.time_passed,
    },
    S.HEAD: _EXITS
    | {
        e.WayChosen: ways.chosen,
        e.ChallengeTaken: head.challenge_taken,
        e.ChallengeMissing: digits.challenge_missing,
        e.PromptEnded: head.prompt_ended,
        e.HeadMoveShown: head.shown,
        e.LightShown: light.shown,
        e.LightDeclined: light.declined,
        FaceSeen: head.face_seen,
        e.DeviceFailed: face_watch.sense_failed,
        e.TimePassed: head.time_passed,
    },
    S.TOUCH: _EXITS
    | {
        e.WayChosen: ways.chosen,
        e.ChallengeTaken: touch.challenge_taken,
        e.ChallengeMissing: digits.challenge_missing,
        e.DigitsTyped: touch.typed,
        e.LightShown: light.shown,
        e.LightDeclined: light.declined,
        FaceSeen: touch.face_seen,
        e.DeviceFailed: face_watch.sense_failed,
        e.TimePassed: touch.time_passed,
    },
    S.REVIEW: _TOUCHED
    | {
        e.Cancelled: exits.cancelled,
        e.HelpWanted: waiting.wanted_in_review,
        e.ClerkCallChanged: review.call_changed,
        e.ClerkPresent: review.clerk_present,
        e.ClerkAbsent: review.clerk_absent,
        e.ChallengeTaken: review.challenge_taken,
        e.ChallengeMissing: review.challenge_missing,
        e.Signs: review_decision.signs,
        e.Attested: review_decision.attested,
        e.NotAttested: review_decision.not_attested,
        e.ReviewSigned: review_decision.signed,
        e.Decided: review_decision.decided,
        e.DeviceFailed: review.engines_failed,
        e.TimePassed: review.timed_out,
    },
    S.SUBMIT: {  # nothing cancels: the request is on disk, or the visit learns at once that it is not
        e.Stored: submit.stored,
        e.StoreFailed: submit.store_failed,
        e.ReceiptArrived: submit.receipt_arrived,
        e.RequestWedged: submit.request_wedged,
        e.DeviceFailed: submit.identity_failed,
        e.TimePassed: submit.patience_spent,
    },
    S.OUTCOME: _TOUCHED
    | {
        e.HelpWanted: submit.help_wanted,
        e.ClerkCallChanged: review.call_changed,
        e.ReceiptArrived: submit.late_receipt,
        e.DeviceFailed: submit.failed_late,
        e.RequestWedged: submit.late_wedge,
        e.Dismissed: submit.dismissed,
        e.TimePassed: submit.dismissed,
    },
}
