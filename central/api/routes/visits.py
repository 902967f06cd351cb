"""Tells a clerk at any terminal how the visit stands whose number a customer brings."""

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.activation.evidence_text import read_evidence
from central.api.routes.common import Central, SignedTerminal, problems
from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms
from central.protocol.messages import VISIT_NUMBER, Purpose, VisitState, VisitStatus
from central.storage.tables import Activation, Credential

router = APIRouter(tags=["look-up"])


@router.get("/v1/visits/{id}", responses=problems(401, 403, 404, 422, 429))
def look_up(
    id: Annotated[str, Path(pattern=VISIT_NUMBER)], terminal: SignedTerminal, central: Central
) -> VisitState:
    """Return how a visit of any terminal stands, for who has its number: nothing says whose it is."""
    central.address_limiter.spend(f"visits {terminal}", time.monotonic())
    with central.database.read() as session:
        state = find_visit(session, id)
    if state is None:
        raise Problem(404, Code.REQUEST_UNKNOWN)
    return state


def find_visit(session: Session, number: str) -> VisitState | None:
    """Return the state of a visit; None if central has never had it, and no terminal has lost it."""
    query = (
        select(Activation, Credential.revoked_unix, Credential.replaced_by)
        .outerjoin(Credential, Credential.serial == Activation.credential)
        .where(Activation.id == number)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        lost = alarms.is_lost(session, number)
        return VisitState(id=number, status=VisitStatus.LOST, code=Code.OK) if lost else None
    row, revoked_unix, replaced_by = found
    wanted = read_evidence(row.evidence).get("purpose")
    purpose = Purpose(wanted) if wanted in set(Purpose) else None
    ended: Literal["revoked", "replaced"] | None = None
    if revoked_unix is not None and purpose not in (Purpose.END, Purpose.ERASE):
        ended = "revoked" if replaced_by is None else "replaced"
    return VisitState(
        id=number,
        status=VisitStatus(row.status),
        code=Code(row.code),
        purpose=purpose,
        ended=ended,
        recheck_unix=row.recheck_unix,
    )
