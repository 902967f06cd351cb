"""People for simulation: valid check characters, and a county that does not exist."""

from datetime import date, timedelta

from permit.domain.endorsements import Crossing, Endorsement, Purpose, Region
from permit.domain.renewal import ISSUER, Permit
from permit.registry.port import Holder
from permit.registry.simulated import Content, SimulatedPermit

LATER_S = 60.0
"""So long after the first question the registry comes to know the person who is "not there yet"."""


def made_up_content(today: date) -> Content:
    """Return what the simulated registry knows on `today`."""
    return Content(
        permits=(
            _permit("C99990001", "449999195001010010", "陈测试", _four_shapes(today), today),
            SimulatedPermit(
                holder=Holder("CA9990002", "449999196203040028", "李晚到"),
                permit=Permit("CA9990002", ISSUER, today + timedelta(days=3000)),
                known_after_s=LATER_S,
            ),
            SimulatedPermit(
                holder=Holder("C99990003", "449999197105060038", "王外省"),
                permit=Permit("C99990003", "Hunan", today + timedelta(days=900)),
            ),
            SimulatedPermit(
                holder=Holder("C99990004", "449999198007080048", "赵快到期"),
                permit=Permit("C99990004", ISSUER, today + timedelta(days=25)),
            ),
        ),
        lag_s=2 * 3600.0,
        renewal_s=60.0,
    )


def _permit(
    number: str,
    id_number: str,
    name: str,
    found: tuple[tuple[Endorsement, ...], tuple[Crossing, ...]],
    today: date,
) -> SimulatedPermit:
    endorsements, crossings = found
    return SimulatedPermit(
        holder=Holder(number, id_number, name),
        permit=Permit(number, ISSUER, today + timedelta(days=2000)),
        endorsements=endorsements,
        crossings=crossings,
    )


def _four_shapes(today: date) -> tuple[tuple[Endorsement, ...], tuple[Crossing, ...]]:
    """Return endorsements of which remain: a number, no limit, one this week, nothing."""
    issued, until = today - timedelta(days=40), today + timedelta(days=320)
    endorsements = (
        Endorsement(
            id="e1", region=Region.HONG_KONG, purpose=Purpose.INDIVIDUAL, issued=issued, expires=until,
            entries=2, stay_days=7,
        ),
        Endorsement(
            id="e2", region=Region.HONG_KONG, purpose=Purpose.FAMILY, issued=issued, expires=until,
            entries="unlimited", stay_days=90,
        ),
        Endorsement(
            id="e3", region=Region.MACAO, purpose=Purpose.INDIVIDUAL, issued=issued, expires=until,
            entries="weekly", stay_days=7,
        ),
        Endorsement(
            id="e4", region=Region.MACAO, purpose=Purpose.OTHER, issued=today - timedelta(days=200),
            expires=today - timedelta(days=20), entries=1, stay_days=14,
        ),
    )  # fmt: skip
    crossings = (
        Crossing(Region.HONG_KONG, today - timedelta(days=20), outward=True),
        Crossing(Region.HONG_KONG, today - timedelta(days=18), outward=False),
    )
    return endorsements, crossings
