"""Port to the registry of permits, which alone knows permits, endorsements and crossings.

Another registry is another class with this method. Portraits are no part of it: central verifies persons.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from permit.domain.endorsements import Crossing, Endorsement
from permit.domain.renewal import Permit, Wish

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holder:
    """Whose permit is asked for."""

    permit_number: str
    id_number: str
    name: str

    def __repr__(self) -> str:
        return "Holder(…)"


@dataclass(frozen=True)
class Record:
    """What the registry knows of a permit as of `as_of_unix`; crossings become known to it later."""

    permit: Permit
    endorsements: tuple[Endorsement, ...]
    crossings: tuple[Crossing, ...]
    as_of_unix: float

    def __repr__(self) -> str:
        return "Record(…)"


class Absence(StrEnum):
    """Why there is no record."""

    NOT_FOUND = "not_found"  # which may mean: not there yet
    MISMATCH = "mismatch"  # the number belongs to another person
    UNAVAILABLE = "unavailable"


class Progress(StrEnum):
    """What became of a request for a new endorsement."""

    RECEIVED = "received"
    ISSUED = "issued"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"  # not known now; the same question may be asked again


class Registry(Protocol):
    """A registry of permits. Its methods may be called from several threads at once."""

    def look_up(self, holder: Holder) -> Record | Absence:
        """Return the record of a holder's permit, or why there is none. Keep nothing of the argument."""

    def renew(self, key: str, holder: Holder, wish: Wish) -> Progress:
        """Hand in a request for an endorsement and return its state; the same `key` is the same request."""


def ask(registry: Registry, holder: Holder) -> Record | Absence:
    """Return the registry's answer; UNAVAILABLE if it fails.

    The text of its exception may be personal, so only the type is logged.
    """
    try:
        return registry.look_up(holder)
    except Exception as error:
        log.error("the registry failed: %s", type(error).__name__)
        return Absence.UNAVAILABLE


def renew(registry: Registry, key: str, holder: Holder, wish: Wish) -> Progress:
    """Return what the registry says of a request; UNAVAILABLE if it fails, as `ask` does."""
    try:
        return registry.renew(key, holder, wish)
    except Exception as error:
        log.error("the registry failed: %s", type(error).__name__)
        return Progress.UNAVAILABLE
