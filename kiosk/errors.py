"""Defines the exceptions of the program.

    KioskError(code, detail)
    ├─ SettingsError      at start; exit 2, naming file and key
    ├─ ModelError         missing, altered or unusable weights → OUT_OF_SERVICE
    ├─ IdentityError      the terminal's key or enrolment is missing or exposed → OUT_OF_SERVICE
    ├─ DeviceError        DeviceMissing · DeviceBusy · DeviceLost → capture.supervisor reopens
    ├─ CardError          this card could not be read; the next one may
    ├─ EngineError        an engine failed on good input → the try is spent
    ├─ CentralError       Unreachable (wait) · Untrusted (stop, call staff) · Unacceptable (wedge, go on)
    ├─ OutboxError        disk full, damaged → OUT_OF_SERVICE
    ├─ StaffError         this sign-in or action is not allowed now; customers are served all the same
    └─ AuditError         the audit log cannot be written or was changed → OUT_OF_SERVICE

A refusal is a `Verdict`, never an exception. `detail` is for engineers: it never holds personal data.
The adapter that meets a foreign exception translates it; none leaks upwards.
"""

import msgspec

from kiosk.codes import Code

UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
"""What reading foreign JSON or TOML raises: malformed, not UTF-8, an endless number, or nested too deep."""


class KioskError(Exception):
    """The root: a code for machines and a detail for engineers."""

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code.value}: {self.detail}" if self.detail else self.code.value


class SettingsError(KioskError):
    """The settings cannot be used; the process ends with status 2."""


class ModelError(KioskError):
    """A weight file is missing, altered or does not work."""


class IdentityError(KioskError):
    """The terminal cannot prove who it is."""


class DeviceError(KioskError):
    """A device does not work now."""


class DeviceMissing(DeviceError):  # noqa: N818 - reads as the fact it states
    """The device is not there."""


class DeviceBusy(DeviceError):  # noqa: N818
    """Another program uses the device."""


class DeviceLost(DeviceError):  # noqa: N818
    """The device was open and stopped working."""


class CardError(KioskError):
    """This card could not be read."""


class EngineError(KioskError):
    """A face or speech engine failed on input that it should have handled."""


class CentralError(KioskError):
    """Talking to central failed."""


class Unreachable(CentralError):  # noqa: N818
    """No answer, or one that says "later": wait and try again. The outcome of the request is unknown.

    `retry_after_s`: how long the other end asks to wait; None if it does not say.
    """

    def __init__(self, code: Code, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class Untrusted(CentralError):  # noqa: N818
    """The other end is not our central, or does not take us for its terminal: stop and call staff."""


class Unacceptable(CentralError):  # noqa: N818
    """Central will never take this request: wedge it and go on with the next."""


class OutboxError(KioskError):
    """The durable queue cannot promise anything."""


class StaffError(KioskError):
    """A sign-in, a signature or an action of staff is refused."""


class AuditError(KioskError):
    """The audit log cannot be written, or has been changed."""
