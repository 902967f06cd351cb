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
    """Issue challenges to this terminal, each a signed token, single use. 409 while the terminal is held.

    Fewer than asked for, or 409, if too many are outstanding.
    """
    rules = central.settings.challenges
    with central.database.write() as session:
        rewound, held = alarms.standing(session, terminal)
        if held:
            code = Code.AUDIT_REWOUND if rewound else Code.TERMINAL_HELD
            raise Problem(409, code, "see central's alarms")
        tokens = challenges.issue(
            session, central.keys.challenge, terminal, request.count, time.time(), rules
        )
    if not tokens:
        raise Problem(409, Code.CHALLENGE_LIMIT, "too many are neither used nor expired")
    return Challenges(challenges=tokens)
