"""Which stage may follow which; any other move is our bug and ends the visit."""

from kiosk.model import Stage

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
