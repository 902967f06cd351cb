"""The exception that callers are meant to catch."""

from permit.codes import Code


class PermitError(Exception):
    """What was asked for cannot be done; `code` says why. The text holds nothing personal."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.value)
        self.code = code
