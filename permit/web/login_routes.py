"""To central and back."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from permit.binding.bindings import Authentication
from permit.codes import Code
from permit.errors import PermitError
from permit.service import CALLBACK, Service
from permit.sessions.logins import Pending
from permit.sessions.sessions import Draft, Session
from permit.storage.tallies import Counted
from permit.web import fields, problems
from permit.web.pages import go, language_of, leave, page, service_of, with_session
from permit.web.requests import Browser, Form

router = APIRouter()

_REFERRED = (Code.LOGIN_DENIED, Code.LOGIN_LEVEL)
"""Their pages lead to an acceptance point."""


@router.get("/login")
def ask(request: Request, browser: Browser) -> Response:
    """Show the page from which the person goes to central: for a binding, or for a card that is there."""
    if browser is not None and browser.card is not None:
        return go("/card")
    if browser is not None and browser.binding is not None:
        return go("/bind")
    return _sign_in_page(request, Draft(), {})


@router.post("/login")
def begin(request: Request, browser: Browser, form: Form) -> Response:
    """Send the person to central."""
    if browser is not None and browser.binding is not None and "person_name" not in form:
        service = service_of(request)
        holder = service.bindings.expected(browser.binding)
        return _send(request, browser, browser.binding, holder.name, holder.id_number)
    draft = fields.draft_of(form)
    if found := fields.person_faults(draft):
        return _sign_in_page(request, draft, found, 422)
    return _send(request, browser, None, draft.name, draft.id_number)


@router.get(CALLBACK)
def come_back(request: Request, browser: Browser) -> Response:
    """Judge central's answer, and open the card."""
    service = service_of(request)
    try:
        card = _open_card(service, browser, request)
    except PermitError as error:
        service.tallies.add(Counted.REFUSAL, error.code)
        if error.code in _REFERRED:
            service.tallies.add(Counted.REFERRAL, error.code)
        return problems.show(request, error.code)
    service.tallies.add(Counted.PASS)
    service.reminders.plan(card)
    return go("/card", session=service.sessions.begin(browser, card=card))


def _open_card(service: Service, browser: Session | None, request: Request) -> str:
    """Return the id of the card that the person may see now. Raises PermitError."""
    pairs = request.query_params.multi_items()
    answer = dict(pairs)
    if browser is None or len(pairs) != len(answer) or "state" not in answer:
        raise PermitError(Code.LOGIN_UNKNOWN)
    pending = service.logins.take(answer["state"], browser.id)
    found = service.relying_party.finish(answer, pending.nonce, pending.verifier)
    return _card_of(service, pending, found)


def _card_of(service: Service, pending: Pending, found: Authentication) -> str:
    if pending.binding is not None:
        return service.bindings.claim(pending.binding, found)
    card = service.cards.of_subject(found.subject)
    if card is None or not service.cards.is_of(card, pending.id_number):
        raise PermitError(Code.CARD_NONE)
    return card


def _send(
    request: Request, browser: Session | None, binding: str | None, name: str, id_number: str
) -> Response:
    service = service_of(request)
    begun = service.relying_party.begin(name, id_number, language_of(request))
    pending = Pending(begun.nonce, begun.verifier, service.clock(), binding, id_number)
    secret = None
    if browser is None:
        secret = service.sessions.begin(None)
        browser = service.sessions.find(secret)
        assert browser is not None
    service.logins.store(begun.state, browser.id, pending)
    answer = leave(begun.address)
    return answer if secret is None else with_session(answer, secret)


def _sign_in_page(request: Request, draft: Draft, faults: dict[str, str], status: int = 200) -> Response:
    issuer = service_of(request).settings.login.issuer
    return page(request, "sign_in.html", status, leaves_to=issuer, draft=draft, faults=faults)
