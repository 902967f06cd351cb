"""Shows customers the state of the request whose number is on their slip."""

import json
import re
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.api.lookup_page import HEADERS, LOST, UNKNOWN, RequestState, render
from central.api.routes.common import Central, limit_by_address, problems
from central.fleet import alarms
from central.protocol.messages import VISIT_NUMBER
from central.storage.tables import Activation, Credential, Status

router = APIRouter(tags=["look-up"])

NOT_KNOWN: dict[str, Any] = {
    "description": "The same kind of page, for a number that is not known",
    "content": {"text/html": {"schema": {"type": "string"}}},
}


@router.get(
    "/look-up/{slip}",
    response_class=HTMLResponse,
    dependencies=[Depends(limit_by_address)],
    responses=problems(422, 429) | {404: NOT_KNOWN},
)
def look_up(slip: str, central: Central) -> HTMLResponse:
    """Show a plain page in Chinese and English; for an unknown number with status 404."""
    number = slip.strip().upper()
    state = UNKNOWN
    if re.fullmatch(VISIT_NUMBER, number):
        with central.database.read() as session:
            state = find_state(session, number)
    text = render(number[:24], state, central.settings.simulation)
    return HTMLResponse(text, 404 if state is UNKNOWN else 200, HEADERS)


def find_state(session: Session, number: str) -> RequestState:
    """Return the state of a request. One that a terminal has lost is LOST: nobody must wait for it."""
    query = (
        select(
            Activation.status,
            Activation.code,
            Activation.recheck_unix,
            Activation.evidence,
            Credential.revoked_unix,
            Credential.replaced_by,
        )
        .outerjoin(Credential, Credential.serial == Activation.credential)
        .where(Activation.id == number)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return LOST if alarms.is_lost(session, number) else UNKNOWN
    evidence = json.loads(row.evidence or "{}")  # "": erased
    code, purpose = row.code, evidence.get("purpose", "open")
    if row.revoked_unix is not None:  # what has become of the credential since then
        code = "revoked" if row.replaced_by is None else "replaced"
    elif row.status == Status.ACTIVATED and purpose != "open":
        code = str(purpose)
    return RequestState(
        status=row.status,
        code=code,
        recheck_unix=row.recheck_unix,
        way=evidence.get("way", ""),  # requests of earlier versions have none
        reviewed=bool(evidence.get("reviews")),
    )
