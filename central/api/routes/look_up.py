"""Shows customers the state of the request whose number is on their slip."""

import logging
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from central.activation.evidence_text import read_evidence
from central.api import slip_number
from central.api.exception_handlers import retry_after
from central.api.lookup_page import (
    BUSY,
    FAULT,
    HEADERS,
    LOST,
    UNKNOWN,
    RequestState,
    choose_language,
    render,
)
from central.api.routes.common import Central, limit_by_address
from central.exceptions import Problem
from central.fleet import alarms
from central.protocol.messages import ErasureNote
from central.storage.tables import Activation, Credential, Status

log = logging.getLogger(__name__)

router = APIRouter(tags=["look-up"])

_STATUSES = {UNKNOWN: 404, BUSY: 429, FAULT: 503}
_FAULT_RETRY_S = "60"  # people, not programs, ask again
_PAGE = {"text/html": {"schema": {"type": "string"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    404: {"description": "The same kind of page, for a number that is not known", "content": _PAGE},
    429: {"description": "The same kind of page: too often", "content": _PAGE},
    503: {"description": "The same kind of page: the database does not answer", "content": _PAGE},
}


@router.get("/look-up", response_class=HTMLResponse, responses=RESPONSES)
def ask(request: Request, central: Central, number: str = "", language: str = "") -> HTMLResponse:
    """Show a page with a field for the number; with a number, its state."""
    return _show(request, central, number, language)


@router.get("/look-up/{slip:path}", response_class=HTMLResponse, responses=RESPONSES)
def look_up(slip: str, request: Request, central: Central, language: str = "") -> HTMLResponse:
    """Show the state of one request; for what is no known number the same page with status 404."""
    return _show(request, central, slip, language)


def _show(request: Request, central: Central, typed: str, language: str) -> HTMLResponse:
    if not typed.strip():
        text = render(None, language=_language(request, language), simulation=central.settings.simulation)
        return HTMLResponse(text, headers=HEADERS)
    number = slip_number.read(typed)
    headers = dict(HEADERS)
    try:
        limit_by_address(request, central)
        state = _read_state(central, number) if number is not None else UNKNOWN
    except Problem as problem:  # too often
        state = BUSY
        headers["Retry-After"] = str(retry_after(problem.retry_after_s or 1))
    if state is FAULT:
        headers["Retry-After"] = _FAULT_RETRY_S
    known = state not in _STATUSES
    text = render(
        state,
        language=_language(request, language),
        simulation=central.settings.simulation,
        number=number if known and number is not None else "",
        typed="" if known else typed[:64],
    )
    return HTMLResponse(text, _STATUSES.get(state, 200), headers)


def _read_state(central: Central, number: str) -> RequestState:
    try:
        with central.database.read() as session:
            return find_state(session, number)
    except SQLAlchemyError as error:
        log.error("a request could not be looked up: %s", type(error).__name__)
        return FAULT


def _language(request: Request, wanted: str) -> str:
    return choose_language(wanted, request.headers.get("Accept-Language", ""))


def find_state(session: Session, number: str) -> RequestState:
    """Return the state of a request. One that a terminal has lost is LOST: nobody must wait for it."""
    query = (
        select(
            Activation.status,
            Activation.code,
            Activation.recheck_unix,
            Activation.evidence,
            Activation.erasure,
            Credential.revoked_unix,
            Credential.replaced_by,
        )
        .outerjoin(Credential, Credential.serial == Activation.credential)
        .where(Activation.id == number)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return LOST if alarms.is_lost(session, number) else UNKNOWN
    evidence = read_evidence(row.evidence)
    note = ErasureNote.model_validate_json(row.erasure) if row.erasure else None
    code, purpose = row.code, evidence.get("purpose")
    done = row.status == Status.ACTIVATED and isinstance(purpose, str) and purpose != "open"
    if done and purpose in ("end", "erase"):
        code = purpose
    elif row.revoked_unix is not None:  # what has become of the credential since then
        code = "revoked" if row.replaced_by is None else "replaced"
    elif done:
        code = purpose
    return RequestState(
        status=row.status,
        code=code,
        recheck_unix=row.recheck_unix,
        way=str(evidence.get("way", "")),  # requests of earlier versions have none
        reviewed=bool(evidence.get("reviews")),
        evidence_until_unix=note.evidence_until_unix if note else None,
        guard_until_unix=note.guard_until_unix if note else None,
    )
