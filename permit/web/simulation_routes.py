"""Routes that exist only in simulation: made-up people to try, and the messages that were sent."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from permit.codes import Code
from permit.errors import PermitError
from permit.messages.simulated import SimulatedMessages
from permit.registry.simulated import SimulatedRegistry
from permit.sessions.sessions import Draft
from permit.web.pages import go, page, service_of
from permit.web.requests import Browser, Form
from permit.web.texts import format_message

router = APIRouter()

SHOWN = 20
PHONE = "13800138000"
"""The number that is filled in; nothing is ever sent to it."""


@router.get("/simulation")
def simulation(request: Request) -> Response:
    """List people to try and messages."""
    service = service_of(request)
    people = service.registry.people() if isinstance(service.registry, SimulatedRegistry) else ()
    carried = service.messages.carried() if isinstance(service.messages, SimulatedMessages) else []
    texts = [format_message(one.message, service.settings.address) for one in reversed(carried[-SHOWN:])]
    return page(request, "simulation.html", people=people, messages=texts)


@router.post("/simulation/fill")
def fill(request: Request, browser: Browser, form: Form) -> Response:
    """Fill in the form with a made-up person."""
    service = service_of(request)
    people = service.registry.people() if isinstance(service.registry, SimulatedRegistry) else ()
    for one in people:
        holder = one.holder
        if holder.permit_number == form.get("permit_number"):
            draft = Draft(holder.permit_number, holder.id_number, holder.name, PHONE)
            return go("/bind", session=service.sessions.begin(browser, draft=draft))
    raise PermitError(Code.MALFORMED)
