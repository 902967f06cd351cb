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
    phone,
    portrait,
    review,
    review_decision,
    submit,
    touch,
    ways,
)
from kiosk.visit.state import Orders, VisitState

Handler = Callable[[VisitState, Any], Orders]
S = Stage

_EXITS: dict[type[Struct], Handler] = {
    e.Cancelled: exits.cancelled,
    e.HelpWanted: exits.help_wanted,
}

HANDLERS: dict[Stage, dict[type[Struct], Handler]] = {
    S.IDLE: {e.Began: consent.began},
    S.CONSENT: _EXITS
    | {
        e.Agreed: consent.agreed,
        e.Declined: consent.declined,
        e.ClerkPresent: consent.clerk_present,
        e.ClerkAbsent: consent.clerk_absent,
        e.TimePassed: exits.timed_out,
    },
    S.CARD: _EXITS
    | {
        e.CardRead: card.read,
        e.CardFailed: card.failed,
        e.ClerkPresent: guardian.clerk_present,
        e.ClerkAbsent: guardian.clerk_absent,
        e.DeviceFailed: card.reader_failed,
        e.TimePassed: exits.timed_out,
    },
    S.GUARDIAN: _EXITS
    | {
        e.GuardianAgreed: guardian.agreed,
        e.GuardianDeclined: guardian.declined,
        e.TimePassed: exits.timed_out,
    },
    S.PHONE: _EXITS
    | {
        e.Typed: phone.typed,
        e.TimePassed: exits.timed_out,
    },
    S.PORTRAIT: _EXITS
    | {
        e.CardSeen: portrait.seen,
        e.ReferenceReady: portrait.ready,
        e.DeviceFailed: portrait.sense_failed,
        e.TimePassed: portrait.time_passed,
    },
    S.FACE: _EXITS
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
        e.LightShown: digits.light_shown,
        e.LightDeclined: digits.light_declined,
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
        FaceSeen: touch.face_seen,
        e.DeviceFailed: face_watch.sense_failed,
        e.TimePassed: touch.time_passed,
    },
    S.REVIEW: {
        e.Cancelled: exits.cancelled,
        e.ClerkPresent: review.clerk_present,
        e.ClerkAbsent: review.clerk_absent,
        e.ChallengeTaken: review.challenge_taken,
        e.ChallengeMissing: review.challenge_missing,
        e.Signs: review_decision.signs,
        e.Attested: review_decision.attested,
        e.NotAttested: review_decision.not_attested,
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
    S.OUTCOME: {
        e.ReceiptArrived: submit.late_receipt,
        e.DeviceFailed: submit.failed_late,
        e.RequestWedged: submit.late_wedge,
        e.Dismissed: submit.dismissed,
        e.TimePassed: submit.dismissed,
    },
}
