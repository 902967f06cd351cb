"""Takes the heartbeats of terminals and answers with what they need to know, and what they lack."""

import time

from fastapi import APIRouter, Response
from sqlalchemy import update
from sqlalchemy.orm import Session

from central import __version__
from central.activation import challenges
from central.activation.evidence import are_versions_known
from central.api.dependencies import Service
from central.api.routes.common import Central, SignedTerminal, problems
from central.codes import Code
from central.fleet import alarms, clerks
from central.protocol.messages import Given, GivenRoster, Heartbeat, HeartbeatReply, Wants
from central.storage.tables import Terminal

router = APIRouter(tags=["terminals"])


@router.post("/v1/heartbeat", response_model=HeartbeatReply, responses=problems(401, 403, 422, 429))
def heartbeat(request: Heartbeat, terminal: SignedTerminal, central: Central) -> Response:
    """Note a terminal's state. Its audit head comes in a header; a revoked terminal gets 403.

    A terminal that says what it lacks gets it with the answer: challenges, and the roster if it has changed.
    """
    now, given = time.time(), {}
    with central.database.write() as session:
        session.execute(
            update(Terminal).where(Terminal.id == terminal).values(seen_unix=now, waiting=request.waiting)
        )
        alarms.note_lost(session, terminal, request.lost, now)
        rewound, held = alarms.standing(session, terminal)
        if request.wants is not None:
            refused = (Code.AUDIT_REWOUND if rewound else Code.TERMINAL_HELD) if held else None
            given["given"] = _give(session, central, terminal, request.wants, refused, now)
    reply = HeartbeatReply(
        status="ok",
        simulation=central.settings.simulation,
        time_unix=now,
        version=__version__,
        versions_known=are_versions_known(request.versions, central.settings.evidence.versions),
        sealing=central.keys.sealing.current(request.sealing),
        audit_rewound=rewound,
        held=held,
        **given,
    )
    # A terminal that did not ask for it gets no `given`: earlier ones do not know it.
    return Response(reply.model_dump_json(exclude_unset=True), media_type="application/json")


def _give(
    session: Session, central: Service, terminal: str, wants: Wants, refused: Code | None, now: float
) -> Given:
    """Return what the terminal lacks. `refused`: why it gets no challenges."""
    key, tokens = central.keys.challenge, []
    if refused is None:
        rules = central.settings.challenges
        tokens = challenges.issue(session, key, terminal, wants.challenges, now, rules)
    short = Code.CHALLENGE_LIMIT if len(tokens) < wants.challenges else Code.OK
    members = clerks.members(session, terminal)
    version, roster = clerks.version(members), None
    if version != wants.roster:
        token = clerks.sign_roster(members, key, terminal, now, central.settings.clerks.roster_valid_s)
        roster = GivenRoster(version=version, token=token)
    return Given(challenges=tokens, challenges_code=refused or short, roster=roster)
