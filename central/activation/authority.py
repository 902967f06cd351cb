"""The port to the population register, which alone decides who is who.

Another register is another class: name it as an entry point of group "central.authority" and choose it with
`[authority] driver`. It is built with the section's options as keyword arguments.
"""

import logging
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Any, Protocol

log = logging.getLogger(__name__)


class MatchResult(StrEnum):
    """What the register says of a person."""

    MATCH = "match"
    MISMATCH = "mismatch"  # the number belongs to another name
    FACE_MISMATCH = "face_mismatch"
    NO_PHOTO = "no_photo"  # none on file to compare with
    NOT_FOUND = "not_found"  # which may mean: not visible yet
    UNAVAILABLE = "unavailable"


class Authority(Protocol):
    """May be called from several threads at once. May take seconds, but less than `requests.lease_s`."""

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        """`picture`: a JPEG to compare with the one on file, or None. Keeps nothing of what it is given."""


class NoAuthority:
    """No register is connected: nobody can be confirmed, everybody waits."""

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        return MatchResult.UNAVAILABLE


def load(driver: str, options: dict[str, Any]) -> Authority:
    """Raises LookupError for an unknown driver."""
    if not driver:
        log.warning("no register is connected: every activation will wait")
        return NoAuthority()
    found = entry_points(group="central.authority", name=driver)
    if not found:
        raise LookupError(f"[authority] driver = {driver!r} is not installed")
    authority: Authority = next(iter(found)).load()(**options)
    return authority


def ask(authority: Authority, name: str, number: str, picture: bytes | None) -> MatchResult:
    """As `check`, but a register that fails is one that is unavailable. Its words never reach a log."""
    try:
        return MatchResult(authority.check(name, number, picture))
    except Exception as error:
        log.error("the register failed: %s", type(error).__name__)
        return MatchResult.UNAVAILABLE
