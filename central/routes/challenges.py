"""Digits to be read aloud, fetched ahead."""

import time

from fastapi import APIRouter

from central import alarms, challenges
from central.codes import Code
from central.messages import Challenges, ChallengesRequest
from central.problems import Problem
from central.routes.common import Central, SignedTerminal, problems

router = APIRouter(tags=["challenges"])


@router.post("/v1/challenges", responses=problems(401, 403, 409, 422, 429))
def issue(request: ChallengesRequest, terminal: SignedTerminal, central: Central) -> Challenges:
    """New challenges for this terminal, each a signed token, single use. 409 while the terminal is held."""
    rules = central.settings.challenges
    with central.database.write() as session:
        if alarms.held(session, terminal):
            raise Problem(409, Code.AUDIT_REWOUND, "its audit log went back; see central's alarms")
        tokens = challenges.issue(
            session, central.keys.challenge, terminal, request.count, time.time(), rules
        )
    return Challenges(challenges=tokens)
