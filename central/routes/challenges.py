"""Digits to be read aloud, fetched ahead."""

import time

from fastapi import APIRouter

from central import challenges
from central.messages import Challenges, ChallengesRequest
from central.routes.common import Central, SignedTerminal, problems

router = APIRouter(tags=["challenges"])


@router.post("/v1/challenges", responses=problems(401, 403, 422, 429))
def issue(request: ChallengesRequest, terminal: SignedTerminal, central: Central) -> Challenges:
    """New challenges for this terminal, each a signed token, single use."""
    rules = central.settings.challenges
    with central.database.write() as session:
        tokens = challenges.issue(
            session, central.keys.challenge, terminal, request.count, time.time(), rules
        )
    return Challenges(challenges=tokens)
