"""Takes the heartbeats of terminals and answers with what they need to know, and what they lack."""

import json
import time
from functools import cache
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from central import __version__
from central.activation import challenges
from central.activation.evidence import are_versions_known
from central.api.dependencies import Service
from central.api.direct_route import DirectRoute, directly, read_signed
from central.api.routes.common import Central, UnspentCall, problems
from central.codes import Code
from central.fleet import alarms, audit_heads, clerks, signatures
from central.fleet.signatures import SignedCall
from central.protocol.messages import (
    DeviceStates,
    Given,
    GivenRoster,
    Heartbeat,
    HeartbeatReply,
    Wants,
)
from central.storage.prepared import Prepared, PreparedTogether
from central.storage.tables import Terminal

router = APIRouter(tags=["terminals"], route_class=DirectRoute)


_STATE = Prepared(
    select(
        alarms.REWOUND.scalar_subquery().label("rewound"),
        alarms.OPEN_OF_TERMINAL.scalar_subquery().label("open_of_terminal"),
        challenges.OUTSTANDING,
        *audit_heads.KNOWN,
    )
)
_STATES = ("out_code", "out_since_unix", "devices", "free_mb")
_SEEN = (
    update(Terminal)
    .where(Terminal.id == bindparam("terminal"))
    .values({name: bindparam(name) for name in ("seen_unix", "waiting", *_STATES)})
)


@cache
def _write(*, has_head: bool) -> PreparedTogether:
    """Return the statements that store what every heartbeat brings."""
    return PreparedTogether(signatures.SPEND, *[audit_heads.STORE] * has_head, _SEEN)


async def _beat_directly(request: Request) -> Response | None:
    central: Service = request.app.state.service
    if (read := await read_signed(request, central, Heartbeat)) is None:
        return None
    return await run_in_threadpool(heartbeat, read[0], request, read[1], central)


@router.post("/v1/heartbeat", response_model=HeartbeatReply, responses=problems(401, 403, 422, 429))
@directly(_beat_directly)
def heartbeat(message: Heartbeat, request: Request, call: UnspentCall, central: Central) -> Response:
    """Note a terminal's state. Its audit head comes in a header; a revoked terminal gets 403.

    A terminal that says what it lacks gets it with the answer: challenges, and the roster if it has changed.
    """
    now, given, terminal = time.time(), {}, call.terminal
    try:
        with central.database.write() as session:
            signatures.admit(session, call)
            state, is_head_new = _note(session, central, call, message, now)
            rewound, held = bool(state.rewound), bool(state.rewound or state.open_of_terminal)
            if message.wants is not None:
                refused = (Code.AUDIT_REWOUND if rewound else Code.TERMINAL_HELD) if held else None
                given["given"] = _give(
                    session, central, terminal, message.wants, refused, now, state.outstanding
                )
            values = {"terminal": terminal, "seen_unix": now, "waiting": message.waiting}
            values |= _columns(message.state) | signatures.spent(call)
            if call.head is not None:
                values |= audit_heads.row(call.head, call.signed_unix, now)
            _write(has_head=is_head_new)(session, **values)
    except IntegrityError as error:
        if signatures.is_replay(error):
            raise signatures.replayed() from None
        raise
    request.state.terminal = terminal  # from here on it is proved
    reply = HeartbeatReply(
        status="ok",
        simulation=central.settings.simulation,
        time_unix=now,
        version=__version__,
        versions_known=are_versions_known(message.versions, central.settings.evidence.versions),
        sealing=central.keys.sealing.current(message.sealing),
        audit_rewound=rewound,
        held=held,
        **given,
    )
    # A terminal that did not ask for it gets no `given`: earlier ones do not know it.
    return Response(reply.model_dump_json(exclude_unset=True), media_type="application/json")


def _columns(state: DeviceStates | None) -> dict[str, Any]:
    """Return the columns that keep what a terminal says of itself."""
    if state is None:
        return dict.fromkeys(_STATES)
    out = state.out_of_service
    return {
        "out_code": out.code if out else "",
        "out_since_unix": out.since_unix if out else None,
        "devices": json.dumps(state.devices),
        "free_mb": state.free_mb,
    }


def _note(
    session: Session, central: Service, call: SignedCall, message: Heartbeat, now: float
) -> tuple[Any, bool]:
    """Raise the alarms that a heartbeat is a reason for.

    Return the terminal's state after that, and whether its audit head is to be stored.
    """
    asked = {
        "terminal": call.terminal,
        "expire_after_unix": now,
        "most": central.settings.challenges.outstanding,
        **audit_heads.parameters(call.head, call.signed_unix),
    }
    state = _STATE(session, **asked).one()
    is_head_new = audit_heads.is_new(call.head, state)
    if audit_heads.note_contradiction(session, call.terminal, call.head, state, now):
        state = _STATE(session, **asked).one()
    alarms.note_lost(session, call.terminal, message.lost, now)
    return state, is_head_new


def _give(
    session: Session,
    central: Service,
    terminal: str,
    wants: Wants,
    refused: Code | None,
    now: float,
    outstanding: int,
) -> Given:
    """Return what the terminal lacks. `refused`: why it gets no challenges."""
    key, tokens = central.keys.challenge, []
    if refused is None:
        rules = central.settings.challenges
        tokens = challenges.issue(session, key, terminal, wants.challenges, now, rules, outstanding)
    short = Code.CHALLENGE_LIMIT if len(tokens) < wants.challenges else Code.OK
    members = clerks.members(session, terminal)
    version, roster = clerks.version(members), None
    if version != wants.roster:
        token = clerks.sign_roster(members, key, terminal, now, central.settings.clerks.roster_valid_s)
        roster = GivenRoster(version=version, token=token)
    return Given(challenges=tokens, challenges_code=refused or short, roster=roster)
