"""Stretch the password that a customer chose, on a thread of its own, while the visit goes on.

It takes a core for some tenths of a second, and there are many seconds between the keypad and the request, in
which a face is looked at and digits are read: nobody waits for it. Central gets the result and never the
digits. See docs/decisions/0014-stretched-password.md.
"""

import secrets

from argon2.low_level import Type, hash_secret_raw

from kiosk.activation.encoding import to_base64url
from kiosk.activation.messages import StretchedPassword
from kiosk.events import StretchPassword
from kiosk.worker import Worker

MEMORY_KIB, PASSES, LANES = 65_536, 3, 1
"""Memory and passes of RFC 9106 §4, second recommendation (OWASP asks for 19 MiB and 2 at least); one lane
instead of its four, because the terminal's other cores watch the customer's face meanwhile."""
SALT_BYTES, HASH_BYTES = 16, 32
LONGEST_S = 10.0
"""A terminal that needs longer than this, after all that comes between, does not hand in the request."""


class PasswordStretcher:
    """The password of the present visit: `begin` returns at once, `take` returns the result."""

    def __init__(self) -> None:
        self._job: _Job | None = None

    def begin(self, order: StretchPassword) -> None:
        """Begin with the password of a visit; another one of before, which was typed anew, is dropped."""
        self._job = _Job(order)

    def take(self, visit: str) -> StretchedPassword | None:
        """Return the stretched password of a visit, waiting if it is not done yet; None if there is none.

        None also if it failed: without memory for it, or not within LONGEST_S.
        """
        job = self._job
        return job.result() if job is not None and job.visit == visit else None

    def forget(self) -> None:
        """Drop what there is."""
        self._job = None


class _Job:
    def __init__(self, order: StretchPassword) -> None:
        self.visit = order.visit
        self._password: str | None = order.password
        self._stretched: StretchedPassword | None = None
        self._worker = Worker("password", lambda _: self._run()).start()

    def _run(self) -> None:
        password, self._password = self._password, None
        if password is not None:
            self._stretched = stretch(password)

    def result(self) -> StretchedPassword | None:
        self._worker.stop(LONGEST_S)
        return self._stretched


def stretch(password: str) -> StretchedPassword:
    """Return argon2id of a password with a fresh salt. Raises argon2.exceptions.HashingError."""
    salt = secrets.token_bytes(SALT_BYTES)
    stretched = hash_secret_raw(
        password.encode(),
        salt,
        time_cost=PASSES,
        memory_cost=MEMORY_KIB,
        parallelism=LANES,
        hash_len=HASH_BYTES,
        type=Type.ID,
    )
    return StretchedPassword(
        salt=to_base64url(salt),
        memory_kib=MEMORY_KIB,
        passes=PASSES,
        lanes=LANES,
        hash=to_base64url(stretched),
    )
