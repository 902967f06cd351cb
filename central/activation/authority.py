"""Port to the population register, which alone decides whether name, number and face belong together.

Another register is another class: name it as an entry point of group "central.authority" and choose it with
`[authority] driver`. It is built with the section's options as keyword arguments.
"""

import logging
from enum import StrEnum
from typing import Protocol

from central.codes import Code
from central.exceptions import Problem

log = logging.getLogger(__name__)


class MatchResult(StrEnum):
    """Answer of the register about one person."""

    MATCH = "match"
    MISMATCH = "mismatch"  # the number belongs to another name
    FACE_MISMATCH = "face_mismatch"
    NO_PHOTO = "no_photo"  # none on file to compare with
    NOT_FOUND = "not_found"  # which may mean: not visible yet
    UNAVAILABLE = "unavailable"


class Authority(Protocol):
    """A population register.

    `check` may be called from several threads at once. It may take seconds, but less than `requests.lease_s`.
    """

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        """Compare a person with the register. Keep nothing of the arguments.

        `picture`: a JPEG to compare with the one on file, or None.
        """

    def reference(self, name: str, number: str) -> bytes | None:
        """Return the photo on file as JPEG, None if there is none or name and number do not agree.

        A register that gives no photos away returns None. Raise any exception if it does not answer.
        """


class NoAuthority:
    """Stand-in where no register is connected: nobody can be confirmed, every request waits."""

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        """Return UNAVAILABLE."""
        return MatchResult.UNAVAILABLE

    def reference(self, name: str, number: str) -> bytes | None:
        """Return None."""
        return None


def ask(authority: Authority, name: str, number: str, picture: bytes | None) -> MatchResult:
    """Return the register's answer; UNAVAILABLE if it fails.

    The text of its exception may hold personal data, so only the type is logged.
    """
    try:
        return MatchResult(authority.check(name, number, picture))
    except Exception as error:
        log.error("the register failed: %s", type(error).__name__)
        return MatchResult.UNAVAILABLE


def ask_reference(authority: Authority, name: str, number: str) -> bytes | None:
    """Return the register's photo; None if it has none. Raises Problem 503 if it fails."""
    try:
        return authority.reference(name, number)
    except Exception as error:
        log.error("the register failed: %s", type(error).__name__)
    raise Problem(503, Code.AUTHORITY_UNAVAILABLE, "the register does not answer", retry_after_s=10.0)
