"""From the first page to the moment in which the person proves who they are."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from permit.binding.bindings import Standing
from permit.cards.cards import Typed
from permit.codes import Code
from permit.errors import PermitError
from permit.registry.port import Holder
from permit.sessions.phone_codes import VALID_S
from permit.sessions.sessions import Draft, Session
from permit.storage.tables import BindingState
from permit.storage.tallies import Counted
from permit.web import fields, problems
from permit.web.pages import go, language_of, page, service_of, with_session
from permit.web.requests import Browser, Form
from permit.web.texts import format_phone

router = APIRouter()


@router.get("/")
def start(request: Request, browser: Browser) -> Response:
    """Show what this is, what is needed, and how to go on."""
    return page(
        request,
        "start.html",
        has_card=browser is not None and browser.card is not None,
        has_begun=browser is not None and (browser.draft is not None or browser.binding is not None),
    )


@router.get("/bind")
def bind(request: Request, browser: Browser) -> Response:
    """Show the form, or where the person is."""
    if browser is not None and browser.card is not None:
        return go("/card")
    if browser is not None and browser.binding is not None:
        return _show_standing(request, browser.binding)
    draft = browser.draft if browser is not None else None
    if draft is not None and fields.is_phone_only(draft):
        draft = None
    found = {} if draft is None else fields.faults(draft)
    return page(request, "bind.html", draft=draft or Draft(), faults=found)


@router.post("/bind")
def store_draft(request: Request, browser: Browser, form: Form) -> Response:
    """Keep what was typed; if it can be right, send a code to the mobile number."""
    service = service_of(request)
    draft = fields.draft_of(form)
    if browser is None or browser.draft is None:
        secret = service.sessions.begin(browser, draft=draft)
        browser = service.sessions.find(secret)
        assert browser is not None
    else:
        secret = None
        service.sessions.store_draft(browser.id, draft)
    found = fields.faults(draft)
    if "agree" not in form:
        found["agree"] = "agree_empty"
    if found:
        answer: Response = page(request, "bind.html", 422, draft=draft, faults=found)
        return answer if secret is None else with_session(answer, secret)
    try:
        service.phone_codes.send(browser.id, draft.phone, language_of(request))
    except PermitError as error:
        service.tallies.add(Counted.REFUSAL, error.code)
        answer = problems.show(request, error.code)
        return answer if secret is None else with_session(answer, secret)
    return go("/bind/code", session=secret)


@router.get("/continue")
def ask_phone(request: Request, browser: Browser) -> Response:
    """Ask for the mobile number of a binding that another browser has begun."""
    if browser is not None and (browser.card is not None or browser.binding is not None):
        return go("/bind")
    return page(request, "continue.html", phone="", faults={})


@router.post("/continue")
def continue_elsewhere(request: Request, browser: Browser, form: Form) -> Response:
    """Send a code to that number."""
    draft = Draft(phone=fields.draft_of(form).phone)
    if found := fields.phone_faults(draft):
        return page(request, "continue.html", 422, phone=draft.phone, faults=found)
    service = service_of(request)
    secret = service.sessions.begin(browser, draft=draft)
    begun = service.sessions.find(secret)
    assert begun is not None
    try:
        service.phone_codes.send(begun.id, draft.phone, language_of(request))
    except PermitError as error:
        return with_session(problems.show(request, error.code), secret)
    return go("/bind/code", session=secret)


@router.get("/bind/code")
def ask_code(request: Request, browser: Browser) -> Response:
    """Ask for the code that was sent."""
    if browser is None or browser.draft is None:
        return go("/bind")
    return _code_page(request, browser.draft, 200)


@router.post("/bind/code/again")
def send_again(request: Request, browser: Browser, form: Form) -> Response:
    """Send another code."""
    if browser is None or browser.draft is None or not _is_complete(browser.draft):
        return go("/bind")
    try:
        service_of(request).phone_codes.send(browser.id, browser.draft.phone, language_of(request))
    except PermitError as error:
        return _code_page(request, browser.draft, 429, error.code)
    return go("/bind/code")


@router.post("/bind/code")
def check_code(request: Request, browser: Browser, form: Form) -> Response:
    """Begin the binding, if the code is right."""
    if browser is None or browser.draft is None or not _is_complete(browser.draft):
        return go("/bind")
    service, draft = service_of(request), browser.draft
    typed_code = fields.digits_of(form.get("code", ""))
    if not typed_code:
        return _code_page(request, draft, 422, None, empty=True)
    try:
        service.phone_codes.check(browser.id, draft.phone, typed_code)
    except PermitError as error:
        service.tallies.add(Counted.REFUSAL, error.code)
        return _code_page(request, draft, 422, error.code)
    if fields.is_phone_only(draft):
        found = service.bindings.newest_of_phone(draft.phone)
        if found is None:
            service.sessions.end(browser.id)
            return problems.show(request, Code.BINDING_UNKNOWN)
        return go("/bind", session=service.sessions.begin(browser, binding=found))
    holder = Holder(draft.permit_number, draft.id_number, draft.name)
    binding = service.bindings.begin(Typed(holder, draft.phone, language_of(request)))
    code = service.bindings.standing(binding).code
    service.tallies.add(Counted.BINDING, code)
    return go("/bind", session=service.sessions.begin(browser, binding=binding))


@router.get("/bind/state")
def state(request: Request, browser: Browser) -> Response:
    """Return how the binding stands, for the page that waits."""
    if browser is None or browser.binding is None:
        return JSONResponse({"state": "none"}, headers={"Cache-Control": "no-store"})
    standing = service_of(request).bindings.standing(browser.binding)
    return JSONResponse(
        {"state": standing.state.value, "code": standing.code.value}, headers={"Cache-Control": "no-store"}
    )


@router.post("/bind/anew")
def begin_anew(request: Request, browser: Browser, form: Form) -> Response:
    """Go back to the form with what was typed, as far as it is still kept."""
    service = service_of(request)
    draft = _draft_again(request, browser)
    return go("/bind", session=service.sessions.begin(browser, draft=draft))


def _is_complete(draft: Draft) -> bool:
    """Return whether a code may be sent for what was typed."""
    return not (fields.phone_faults(draft) if fields.is_phone_only(draft) else fields.faults(draft))


def _draft_again(request: Request, browser: Session | None) -> Draft | None:
    if browser is None:
        return None
    if browser.binding is None:
        return browser.draft
    typed = service_of(request).bindings.typed(browser.binding)
    if typed is None:
        return None
    holder = typed.holder
    return Draft(holder.permit_number, holder.id_number, holder.name, typed.phone)


def _show_standing(request: Request, binding: str) -> Response:
    service = service_of(request)
    standing = service.bindings.standing(binding)
    if standing.state is BindingState.CLAIMED:
        return go("/card")
    if standing.state is BindingState.REFUSED:
        return problems.show(request, standing.code, 200)
    if standing.state is BindingState.READY:
        return page(request, "ready.html", leaves_to=service.settings.login.issuer)
    return _waiting_page(request, binding, standing)


def _waiting_page(request: Request, binding: str, standing: Standing) -> Response:
    typed = service_of(request).bindings.typed(binding)
    return page(
        request,
        "waiting.html",
        known=standing.code is not Code.UNAVAILABLE,
        standing=standing,
        phone=format_phone(typed.phone) if typed is not None else "",
    )


def _code_page(
    request: Request, draft: Draft, status: int, code: Code | None = None, *, empty: bool = False
) -> Response:
    minutes = int(VALID_S // 60)
    phone = format_phone(draft.phone)
    return page(request, "code.html", status, phone=phone, minutes=minutes, code=code, empty=empty,
        back="/continue" if fields.is_phone_only(draft) else "/bind",
    )  # fmt: skip
