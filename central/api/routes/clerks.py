"""Who may sign in at this terminal."""

import time

from fastapi import APIRouter

from central.api.routes.common import Central, SignedTerminal, problems
from central.fleet import clerks
from central.protocol.messages import Roster

router = APIRouter(tags=["clerks"])


@router.get("/v1/roster", responses=problems(401, 403, 429))
def roster(terminal: SignedTerminal, central: Central) -> Roster:
    """The clerks and supervisors of this terminal, as a signed token with an end."""
    valid_s = central.settings.clerks.roster_valid_s
    with central.database.read() as session:
        token = clerks.roster(session, central.keys.challenge, terminal, time.time(), valid_s)
    return Roster(roster=token)
