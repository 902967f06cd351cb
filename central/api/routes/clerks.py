"""Hands terminals the roster of their clerks."""

import time

from fastapi import APIRouter

from central.api.routes.common import Central, SignedTerminal, problems
from central.fleet import clerks
from central.protocol.messages import Roster

router = APIRouter(tags=["clerks"])


@router.get("/v1/roster", responses=problems(401, 403, 429))
def roster(terminal: SignedTerminal, central: Central) -> Roster:
    """Return the clerks and supervisors of this terminal, as a signed token that expires."""
    valid_s = central.settings.clerks.roster_valid_s
    with central.database.read() as session:
        token = clerks.roster(session, central.keys.challenge, terminal, time.time(), valid_s)
    return Roster(roster=token)
