"""The visit as a table: which event is answered where, and which stage may follow which.

`ANSWERS` names the method of `Visit` (`on_…`) that answers an event in a stage; an event that is not in
the table is ignored there. `MOVES` holds every legal move; any other is our bug and ends the visit.
"""

from msgspec import Struct

from kiosk import events as e
from kiosk.model import DigitHeard, FaceSeen, Stage

S = Stage

MOVES: dict[Stage, frozenset[Stage]] = {
    S.IDLE: frozenset({S.CONSENT}),
    S.CONSENT: frozenset({S.CARD, S.OUTCOME}),
    S.CARD: frozenset({S.CARD, S.PHONE, S.OUTCOME}),
    S.PHONE: frozenset({S.PHONE, S.FACE, S.OUTCOME}),
    S.FACE: frozenset({S.FACE, S.DIGITS, S.OUTCOME}),
    S.DIGITS: frozenset({S.DIGITS, S.FACE, S.SUBMIT, S.OUTCOME}),
    S.SUBMIT: frozenset({S.OUTCOME}),
    S.OUTCOME: frozenset({S.OUTCOME, S.IDLE}),
}

_WAY_OUT: dict[type[Struct], str] = {
    e.Cancelled: "cancelled",
    e.HelpWanted: "help_wanted",
}

ANSWERS: dict[Stage, dict[type[Struct], str]] = {
    S.IDLE: {e.Began: "began"},
    S.CONSENT: _WAY_OUT
    | {
        e.Agreed: "agreed",
        e.Declined: "declined",
        e.TimePassed: "timed_out",
    },
    S.CARD: _WAY_OUT
    | {
        e.CardRead: "card_read",
        e.CardFailed: "card_failed",
        e.DeviceFailed: "reader_failed",
        e.TimePassed: "timed_out",
    },
    S.PHONE: _WAY_OUT
    | {
        e.Typed: "typed",
        e.TimePassed: "timed_out",
    },
    S.FACE: _WAY_OUT
    | {
        e.ReferenceReady: "reference_ready",
        e.ReferenceFailed: "reference_failed",
        FaceSeen: "face_seen",
        e.DeviceFailed: "sense_failed",
        e.TimePassed: "face_time_passed",
    },
    S.DIGITS: _WAY_OUT
    | {
        e.ChallengeTaken: "challenge_taken",
        e.ChallengeMissing: "challenge_missing",
        e.PromptEnded: "prompt_ended",
        e.DigitShown: "digit_shown",
        DigitHeard: "digit_heard",
        FaceSeen: "face_seen_reading",
        e.DeviceFailed: "sense_failed",
        e.TimePassed: "digits_time_passed",
    },
    S.SUBMIT: {  # nothing cancels: the request is on disk, or the visit learns at once that it is not
        e.Stored: "stored",
        e.StoreFailed: "store_failed",
        e.ReceiptArrived: "receipt_arrived",
        e.RequestWedged: "request_wedged",
        e.DeviceFailed: "disowned",
        e.TimePassed: "patience_spent",
    },
    S.OUTCOME: {
        e.ReceiptArrived: "late_receipt",
        e.DeviceFailed: "disowned",
        e.RequestWedged: "late_wedge",
        e.Dismissed: "dismissed",
        e.TimePassed: "dismissed",
    },
}
