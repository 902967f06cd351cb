"""Tells people where the nearest acceptance points are. No signature: the list is public."""

import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from central.api.routes.common import Central, limit_by_address
from central.fleet import points

router = APIRouter(tags=["points"], include_in_schema=False)

Degrees = Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)]


@router.get("/points", dependencies=[Depends(limit_by_address)])
def find_points(
    central: Central,
    latitude: Degrees = None,
    longitude: Degrees = None,
    district: str = Query("", max_length=40),
) -> dict[str, Any]:
    """Return the districts that have points, and the three points that serve best.

    The place of a person is used for this answer alone: it is neither stored nor logged.
    """
    at = None if latitude is None or longitude is None else (latitude, longitude)
    with central.database.read() as session:
        found = points.nearest(
            session,
            now=time.time(),
            alive_s=central.settings.observability.terminal_seen_s,
            at=at,
            district=district,
        )
        known = points.districts(session)
    return {"districts": known, "points": [asdict(point) for point in found]}
