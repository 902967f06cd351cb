"""Issues challenges: digits to be read aloud, which terminals fetch ahead."""

import time

from fastapi import APIRouter

from central.activation import challenges
from central.api.routes.common import Central, SignedTerminal, problems
from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms
from central.protocol.messages import Challenges, ChallengesRequest

router = APIRouter(tags=["challenges"])


@router.post("/v1/challenges", responses=problems(401, 403, 409, 422, 429))
def issue(request: ChallengesRequest, terminal: SignedTerminal, central: Central) -> Challenges:
    """Issue challenges to this terminal, each a signed token, single use. 409 while the terminal is held."""
    rules = central.settings.challenges
    with central.database.write() as session:
        if alarms.is_held(session, terminal):
            raise Problem(409, Code.AUDIT_REWOUND, "its audit log went back; see central's alarms")
        tokens = challenges.issue(
            session, central.keys.challenge, terminal, request.count, time.time(), rules
        )
    return Challenges(challenges=tokens)
