"""Holds where a visit stands with the one-time code that proves its mobile number."""

from kiosk import events as e


class CodeEntry:
    """`required`: without the proof the visit does not go on."""

    def __init__(self, *, required: bool) -> None:
        self.required = required
        self.request = 0  # of central, whose answer is awaited; 0: none is
        self.again_at: float | None = None  # when another code may be asked for; None: not any more
        self.answer: e.PhoneCodeAnswered | e.PhoneProofAnswered | None = None  # came while help was awaited
