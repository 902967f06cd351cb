"""Takes the heartbeats of terminals and answers with what they need to know."""

import time

from fastapi import APIRouter

from central import __version__
from central.activation.evidence import are_versions_known
from central.api.routes.common import Central, SignedTerminal, problems
from central.fleet import alarms
from central.protocol.messages import Heartbeat, HeartbeatReply
from central.security.sealing import current_sealing_key
from central.storage.tables import Terminal

router = APIRouter(tags=["terminals"])


@router.post("/v1/heartbeat", responses=problems(401, 403, 422, 429))
def heartbeat(request: Heartbeat, terminal: SignedTerminal, central: Central) -> HeartbeatReply:
    """Note a terminal's state. Its audit head comes in a header; a revoked terminal gets 403."""
    now = time.time()
    with central.database.write() as session:
        row = session.get_one(Terminal, terminal)
        row.seen_unix, row.waiting = now, request.waiting
        alarms.note_lost(session, terminal, request.lost, now)
        held = alarms.is_held(session, terminal)
    return HeartbeatReply(
        status="ok",
        simulation=central.settings.simulation,
        time_unix=now,
        version=__version__,
        versions_known=are_versions_known(request.versions, central.settings.evidence.versions),
        sealing=current_sealing_key(central.keys.sealing, request.sealing),
        audit_rewound=held,
    )
