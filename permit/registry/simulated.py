"""A registry for simulation: permits from a JSON file, read anew when it changes.

    {"permits": [{"holder": {"permit_number": "C…", "id_number": "44…", "name": "…"},
                  "permit": {"number": "C…", "issuer": "Guangdong", "expires": "2030-01-01"},
                  "endorsements": […], "crossings": […], "known_from_unix": 0}],
     "lag_s": 3600, "unavailable": false}

`known_from_unix`: before that the permit is not found. `lag_s`: a crossing is known so long after its day
began.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec

from permit.domain.endorsements import Crossing, Endorsement
from permit.domain.renewal import Permit
from permit.registry.port import Absence, Holder, Record

_CHINA = timezone(timedelta(hours=8))


class SimulatedPermit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A permit that the simulated registry knows."""

    holder: Holder
    permit: Permit
    endorsements: tuple[Endorsement, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    known_from_unix: float = 0.0


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of the file."""

    permits: tuple[SimulatedPermit, ...] = ()
    lag_s: float = 0.0
    unavailable: bool = False


class SimulatedRegistry:
    """Registry that reads `path` at each question; without the file nobody has a permit."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock

    def look_up(self, holder: Holder) -> Record | Absence:
        """Answer as the file says. Raises OSError, msgspec.ValidationError."""
        content = self._read()
        if content.unavailable:
            return Absence.UNAVAILABLE
        now = self._clock()
        number = holder.permit_number
        found = next((one for one in content.permits if one.permit.number == number), None)
        if found is None or now < found.known_from_unix:
            return Absence.NOT_FOUND
        if found.holder != holder:
            return Absence.MISMATCH
        return Record(
            permit=found.permit,
            endorsements=found.endorsements,
            crossings=tuple(one for one in found.crossings if _known(one, now - content.lag_s)),
            as_of_unix=now - content.lag_s,
        )

    def _read(self) -> Content:
        if not self._path.exists():
            return Content()
        return msgspec.json.decode(self._path.read_bytes(), type=Content)


def _known(crossing: Crossing, until_unix: float) -> bool:
    began = datetime(crossing.day.year, crossing.day.month, crossing.day.day, tzinfo=_CHINA)
    return began.timestamp() <= until_unix
