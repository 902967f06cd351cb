"""The card: what it shows, reminders, calendar, renewal, its end."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from permit.cards.cards import CardView, china_day
from permit.codes import Code
from permit.domain.endorsements import TERMS, Entries, Purpose, Region
from permit.domain.renewal import ON_THE_PHONE, RenewalRefusal, Wish, renewal_refusals
from permit.errors import PermitError
from permit.service import Service
from permit.sessions.sessions import Session
from permit.web.calendar import calendar
from permit.web.pages import HEADERS, forget, go, language_of, page, service_of
from permit.web.phrases import PHRASES
from permit.web.requests import Browser, Form, find_session

router = APIRouter()

_ABOUT_THE_PERMIT = (
    RenewalRefusal.PERMIT_EXPIRED,
    RenewalRefusal.PERMIT_EXPIRES_SOON,
    RenewalRefusal.OTHER_PROVINCE,
)


def signed_in(request: Request) -> Session:
    """Return the session of a browser that may see its card. Raises PermitError."""
    browser = find_session(request)
    if browser is None or browser.card is None:
        raise PermitError(Code.CARD_NONE)
    return browser


Owner = Annotated[Session, Depends(signed_in)]


@router.get("/card")
def card(request: Request, browser: Browser) -> Response:
    """Show the card; a browser that has none goes to the first page and keeps nothing."""
    service = service_of(request)
    view = None
    if browser is not None and browser.card is not None:
        view = service.cards.show(browser.card)
    if browser is None or browser.card is None or view is None:
        answer = go("/")
        return answer if browser is not None and browser.binding is not None else forget(answer)
    now = service.clock()
    return page(
        request,
        "card.html",
        view=view,
        days_left=(view.permit.expires - china_day(now)).days,
        now=now,
        renewals=service.renewals.of_card(browser.card),
        days_before="、".join(map(str, sorted(service.settings.reminders.days_before, reverse=True))),
        done=request.query_params.get("done", ""),
    )


@router.post("/card/reminders")
def set_reminders(request: Request, owner: Owner, form: Form) -> Response:
    """Switch reminders on or off, by kind."""
    service, card = service_of(request), str(owner.card)
    service.cards.set_reminders(card, permit="permit" in form, endorsements="endorsements" in form)
    service.reminders.plan(card)
    return go("/card?done=saved#reminders")


@router.get("/card/calendar.ics")
def download_calendar(request: Request, owner: Owner) -> Response:
    """Return the last days as a calendar, without a number in it."""
    service = service_of(request)
    text = calendar(_view(service, owner), PHRASES[language_of(request)], service.clock())
    disposition = {"Content-Disposition": 'attachment; filename="permit.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=HEADERS | disposition)


@router.get("/card/renew")
def show_renewal(request: Request, owner: Owner, region: str = Region.HONG_KONG.value) -> Response:
    """Show what can be asked for, or why nothing can."""
    return _renewal_page(request, owner, region, [], 200)


@router.post("/card/renew")
def renew(request: Request, owner: Owner, form: Form) -> Response:
    """Take a request."""
    wish = _wish_of(form)
    if wish is None:
        return _renewal_page(request, owner, form.get("region", ""), [], 422, chosen=False)
    refusals = service_of(request).renewals.request(str(owner.card), wish)
    if refusals:
        return _renewal_page(request, owner, wish.region.value, list(refusals), 409)
    return go("/card#requests")


@router.get("/card/end")
def ask_end(request: Request, owner: Owner) -> Response:
    """Ask whether the card is to end."""
    return page(request, "end.html")


@router.post("/card/end")
def end(request: Request, owner: Owner, form: Form) -> Response:
    """End the card on all phones."""
    service_of(request).cards.end(str(owner.card))
    return forget(page(request, "done.html", text="ended"))


@router.post("/sign-out")
def sign_out(request: Request, browser: Browser, form: Form) -> Response:
    """End the session and erase what the browser keeps."""
    if browser is not None:
        service_of(request).sessions.end(browser.id)
    return forget(page(request, "done.html", text="signed_out"))


@router.post("/sign-out-others")
def sign_out_others(request: Request, owner: Owner, form: Form) -> Response:
    """End all other sessions of the card."""
    service_of(request).sessions.end_others(str(owner.card), keep=owner.id)
    return go("/card?done=others#devices")


def _view(service: Service, owner: Session) -> CardView:
    view = service.cards.show(str(owner.card))
    if view is None:
        raise PermitError(Code.CARD_ENDED)
    return view


def _renewal_page(
    request: Request,
    owner: Session,
    region: str,
    refusals: list[RenewalRefusal],
    status: int,
    *,
    chosen: bool = True,
) -> Response:
    service = service_of(request)
    today = china_day(service.clock())
    place = Region.MACAO if region == Region.MACAO.value else Region.HONG_KONG
    against = refusals or _against_the_permit(_view(service, owner), place, today)
    return page(
        request, "renew.html", status, region=place, regions=list(Region), choices=_choices(place),
        refusals=against, possible=not any(one in _ABOUT_THE_PERMIT for one in against), chosen=chosen,
    )  # fmt: skip


def _against_the_permit(view: CardView, region: Region, today: date) -> list[RenewalRefusal]:
    wish = Wish(region, Purpose.INDIVIDUAL, 3, 1)
    return [one for one in renewal_refusals(view.permit, wish, today) if one in _ABOUT_THE_PERMIT]


def _choices(region: Region) -> list[tuple[str, Purpose, int, Entries]]:
    """Return what can be asked for on the phone: value of the form, class, months, entries."""
    return [
        (f"{purpose.value}/{terms.months}/{terms.entries}", purpose, terms.months, terms.entries)
        for purpose in Purpose
        if purpose in ON_THE_PHONE
        for terms in TERMS[purpose]
        if region in terms.regions
    ]


def _wish_of(form: dict[str, str]) -> Wish | None:
    """Return the wish of a form; None if it names none of the choices."""
    for region in Region:
        for value, purpose, months, entries in _choices(region):
            if (form.get("region"), form.get("wish")) == (region.value, value):
                return Wish(region, purpose, months, entries)
    return None
