"""The customer's page: how does it stand with the number on the slip?"""

import json
import re
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from central.api.lookup_page import HEADERS, page, way_taken
from central.api.routes.common import Central, problems, stranger
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
    dependencies=[Depends(stranger)],
    responses=problems(422, 429) | {404: NOT_KNOWN},
)
def look_up(slip: str, central: Central) -> HTMLResponse:
    """A plain page in Chinese and English. 404 with the same kind of page for a number that is not known."""
    number = slip.strip().upper()
    known = _known(central, number) if re.fullmatch(VISIT_NUMBER, number) else None
    status, code, recheck_unix, how = known or ("UNKNOWN", "ok", None, "")
    text = page(number[:24], status, code, recheck_unix, central.settings.simulation, how)
    return HTMLResponse(text, 200 if known else 404, HEADERS)


def _known(central: Central, slip: str) -> tuple[str, str, float | None, str] | None:
    """A request that a terminal says it has lost is told as such: the customer must not wait for it."""
    found = _state(central, slip)
    if found is not None:
        return found
    with central.database.read() as session:
        return ("LOST", "ok", None, "") if alarms.is_lost(session, slip) else None


def _state(central: Central, slip: str) -> tuple[str, str, float | None, str] | None:
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
        .where(Activation.id == slip)
    )
    with central.database.read() as session:
        found = session.execute(query).one_or_none()
    if found is None:
        return None
    ended, replaced = found.revoked_unix is not None, found.replaced_by is not None
    word = _word(found.status, found.code, found.evidence, ended, replaced)
    return found.status, word, found.recheck_unix, _how(found.evidence)


def _word(status: str, code: str, evidence: str, ended: bool, replaced: bool) -> str:
    """The receipt's code, or what has become of the credential since, or what was done other than opening."""
    if ended:
        return "replaced" if replaced else "revoked"
    purpose = json.loads(evidence).get("purpose", "open")
    return code if status != Status.ACTIVATED or purpose == "open" else str(purpose)


def _how(evidence: str) -> str:
    """The way and whether a clerk decided; requests of before there were ways say nothing."""
    told = json.loads(evidence)
    return way_taken(told["way"], bool(told["reviews"])) if "way" in told else ""
