"""A registry for simulation: permits from a JSON file, read anew when it changes.

    {"permits": [{"holder": {"permit_number": "C…", "id_number": "44…", "name": "…"},
                  "permit": {"number": "C…", "issuer": "Guangdong", "expires": "2030-01-01"},
                  "endorsements": […], "crossings": […], "known_from_unix": 0, "known_after_s": 0}],
     "lag_s": 3600, "unavailable": false, "renewal_s": 60}

`known_from_unix`, `known_after_s`: before that time, and so long after this process was first asked, the
permit is not found. `lag_s`: a crossing is known so long after its day began. `renewal_s`: a new endorsement
is issued so long after it was asked for; requests lie in a second file beside `path`.
"""

import fcntl
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec

from permit.domain.dates import add_months
from permit.domain.endorsements import Crossing, Endorsement
from permit.domain.renewal import Permit, Wish
from permit.registry.port import Absence, Holder, Progress, Record

_CHINA = timezone(timedelta(hours=8))


class SimulatedPermit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A permit that the simulated registry knows."""

    holder: Holder
    permit: Permit
    endorsements: tuple[Endorsement, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    known_from_unix: float = 0.0
    known_after_s: float = 0.0


class StoredRenewal(msgspec.Struct, frozen=True):
    """A request for an endorsement: whose, what, and when it was asked for."""

    permit_number: str
    wish: Wish
    at_unix: float


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of the file."""

    permits: tuple[SimulatedPermit, ...] = ()
    lag_s: float = 0.0
    unavailable: bool = False
    renewal_s: float = 60.0


class SimulatedRegistry:
    """Registry that reads `path` at each question; without the file nobody has a permit."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._first_asked: dict[str, float] = {}

    def look_up(self, holder: Holder) -> Record | Absence:
        """Answer as the file says. Raises OSError, msgspec.ValidationError."""
        content = self._read()
        if content.unavailable:
            return Absence.UNAVAILABLE
        now = self._clock()
        number = holder.permit_number
        found = next((one for one in content.permits if one.permit.number == number), None)
        since_s = now - self._first_asked.setdefault(number, now)
        if found is None or now < found.known_from_unix or since_s < found.known_after_s:
            return Absence.NOT_FOUND
        if found.holder != holder:
            return Absence.MISMATCH
        return Record(
            permit=found.permit,
            endorsements=(*found.endorsements, *self._issued(number, now - content.renewal_s)),
            crossings=tuple(one for one in found.crossings if _known(one, now - content.lag_s)),
            as_of_unix=now - content.lag_s,
        )

    def people(self) -> tuple[SimulatedPermit, ...]:
        """Return everybody whom the registry knows, or will know. Raises OSError, msgspec.ValidationError."""
        return self._read().permits

    def renew(self, key: str, holder: Holder, wish: Wish) -> Progress:
        """Store the request and issue it after its time. Raises OSError, msgspec.ValidationError."""
        content = self._read()
        if content.unavailable:
            return Progress.UNAVAILABLE
        now = self._clock()
        with self._renewals.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            stored = self._stored_renewals()
            if key not in stored:
                stored[key] = StoredRenewal(holder.permit_number, wish, now)
                file.truncate(0)
                file.write(msgspec.json.encode(stored))
        return Progress.ISSUED if now - stored[key].at_unix >= content.renewal_s else Progress.RECEIVED

    @property
    def _renewals(self) -> Path:
        return self._path.with_name("renewals.json")

    def _stored_renewals(self) -> dict[str, StoredRenewal]:
        text = self._renewals.read_bytes() if self._renewals.exists() else b""
        return msgspec.json.decode(text or b"{}", type=dict[str, StoredRenewal])

    def _issued(self, number: str, until_unix: float) -> list[Endorsement]:
        """Return the endorsements of a permit that were asked for before `until_unix`."""
        return [
            _endorsement(key, one)
            for key, one in self._stored_renewals().items()
            if one.permit_number == number and one.at_unix <= until_unix
        ]

    def _read(self) -> Content:
        if not self._path.exists():
            return Content()
        return msgspec.json.decode(self._path.read_bytes(), type=Content)


def _endorsement(key: str, renewal: StoredRenewal) -> Endorsement:
    day, wish = datetime.fromtimestamp(renewal.at_unix, _CHINA).date(), renewal.wish
    return Endorsement(
        id=key,
        region=wish.region,
        purpose=wish.purpose,
        issued=day,
        expires=add_months(day, wish.months),
        entries=wish.entries,
        stay_days=7,
    )


def _known(crossing: Crossing, until_unix: float) -> bool:
    began = datetime(crossing.day.year, crossing.day.month, crossing.day.day, tzinfo=_CHINA)
    return began.timestamp() <= until_unix
