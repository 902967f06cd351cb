"""Lists which stage may follow which; any other change is a bug of the program and ends the visit."""

from kiosk.model import Stage

S = Stage

_AFTER_FACE_OR_CHALLENGE = frozenset({S.FACE, S.DIGITS, S.HEAD, S.TOUCH, S.CONSENT, S.REVIEW, S.OUTCOME})
"""From the face and from every challenge: the same again, another way, the clerk, the end."""

TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    S.IDLE: frozenset({S.CONSENT}),
    S.CONSENT: frozenset({S.CONSENT, S.CARD, S.REVIEW, S.OUTCOME}),
    S.CARD: frozenset({S.CARD, S.GUARDIAN, S.PHONE, S.CONFIRM, S.REVIEW, S.OUTCOME}),
    S.GUARDIAN: frozenset({S.CARD, S.REVIEW, S.OUTCOME}),
    S.PHONE: frozenset({S.PHONE, S.PHONE_CODE, S.FACE, S.REVIEW, S.OUTCOME}),
    S.PHONE_CODE: frozenset({S.PHONE_CODE, S.PHONE, S.FACE, S.REVIEW, S.OUTCOME}),
    S.CONFIRM: frozenset({S.FACE, S.REVIEW, S.OUTCOME}),
    S.PORTRAIT: frozenset({S.PORTRAIT, S.FACE, S.REVIEW, S.OUTCOME}),
    S.FACE: _AFTER_FACE_OR_CHALLENGE | {S.PORTRAIT},
    S.DIGITS: _AFTER_FACE_OR_CHALLENGE | {S.SUBMIT},
    S.HEAD: _AFTER_FACE_OR_CHALLENGE | {S.SUBMIT},
    S.TOUCH: _AFTER_FACE_OR_CHALLENGE,  # typed digits alone submit nothing: a clerk attests first
    S.REVIEW: frozenset(
        {
            S.CONSENT,
            S.CARD,
            S.GUARDIAN,
            S.PHONE,
            S.PHONE_CODE,
            S.CONFIRM,
            S.FACE,
            S.REVIEW,
            S.SUBMIT,
            S.OUTCOME,
        }
    ),
    S.SUBMIT: frozenset({S.OUTCOME}),
    S.OUTCOME: frozenset({S.OUTCOME, S.IDLE}),
}
