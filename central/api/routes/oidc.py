"""OpenID Connect: what relying parties call, and the page where a person is when one has sent them."""

from typing import Annotated
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import OAuth2Error
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from central.api import authentication_page
from central.api.authentication_page import NO_REQUEST, OVER
from central.api.lookup_page import choose_language
from central.api.routes.common import Central, limit_by_address
from central.authentication.provider import Pairs, Provider, Reply, RequestOver
from central.codes import Code
from central.exceptions import Problem

router = APIRouter(tags=["authentication"], include_in_schema=False)

COOKIE = "__Host-authentication"
MAX_PAIRS = 40


def provider(central: Central) -> Provider:
    """Return the provider; without one there are no such routes."""
    assert central.provider is not None
    return central.provider


OpenIdProvider = Annotated[Provider, Depends(provider)]


@router.get("/.well-known/openid-configuration")
def discover(provider: OpenIdProvider) -> JSONResponse:
    """Return the discovery document."""
    return JSONResponse(provider.metadata())


@router.get("/oidc/jwks")
def keys(provider: OpenIdProvider) -> JSONResponse:
    """Return the keys that check ID tokens."""
    return JSONResponse(provider.keys(), headers={"Cache-Control": "public, max-age=3600"})


@router.post("/oidc/par")
async def push(request: Request, provider: OpenIdProvider) -> JSONResponse:
    """Take a pushed authorization request."""
    pairs = await _form(request)
    return _json(await run_in_threadpool(provider.push, pairs, _authorization(request)))


@router.post("/oidc/token")
async def token(request: Request, provider: OpenIdProvider) -> JSONResponse:
    """Redeem a code."""
    pairs = await _form(request)
    return _json(await run_in_threadpool(provider.token, pairs, _authorization(request)))


@router.api_route("/oidc/userinfo", methods=["GET", "POST"])
def userinfo(request: Request, provider: OpenIdProvider) -> JSONResponse:
    """Return the subject of an access token."""
    return _json(provider.userinfo(request.headers.get("authorization", "")))


@router.get("/oidc/authorize", dependencies=[Depends(limit_by_address)])
def authorize(request: Request, provider: OpenIdProvider) -> Response:
    """Begin a session for the request that the browser brings, and go to its page.

    The page has an address of its own, because the request is good once: a reload must not ask for it again.
    """
    try:
        secret = provider.begin(_pairs(request.url.query))
    except RequestOver:
        return _page(request, OVER, 410)
    except OAuth2Error:
        return _page(request, NO_REQUEST, 400)
    answer = RedirectResponse("/oidc/person", 303, {"Cache-Control": "no-store"})
    answer.set_cookie(COOKIE, secret, secure=True, httponly=True, samesite="lax", path="/")
    return answer


@router.get("/oidc/person")
def person(request: Request, provider: OpenIdProvider) -> Response:
    """Show who asks, and for what."""
    try:
        visitor = provider.visitor(request.cookies.get(COOKIE, ""))
    except RequestOver:
        return _page(request, OVER, 410)
    given = visitor.request.parameters
    shown = authentication_page.Asking(
        visitor.party.name, visitor.party.purpose, visitor.request.level, given.get("person_name", "")
    )
    return _page(request, shown, 200, given["redirect_uri"])


@router.get("/oidc/static/{version}/{name}")
def static(version: str, name: str) -> Response:
    """Return a file of the page. Its address changes with its content. Raises Problem 404."""
    found = authentication_page.static_file(name)
    if found is None or version != authentication_page.VERSION:
        raise Problem(404, Code.REQUEST_UNKNOWN)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(found[0], media_type=found[1], headers=headers)


@router.post("/oidc/person/finish")
def finish(request: Request, provider: OpenIdProvider) -> Response:
    """Send the person back to the relying party."""
    require_same_origin(request, provider)
    try:
        address = provider.finish(request.cookies.get(COOKIE, ""))
    except RequestOver:
        return _page(request, OVER, 410)
    answer = RedirectResponse(address, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax", path="/")
    return answer


def require_same_origin(request: Request, provider: Provider) -> None:
    """Refuse what another site sends. Raises Problem 403.

    Every browser that can film sends `Origin` with a POST.
    """
    if request.headers.get("origin") != provider.issuer:
        raise Problem(403, Code.REQUEST_MALFORMED, "sent from elsewhere")


def _page(
    request: Request, shown: authentication_page.Shown, status: int, goes_to: str | None = None
) -> HTMLResponse:
    language = choose_language(
        request.query_params.get("language", ""), request.headers.get("accept-language", "")
    )
    central = request.app.state.service
    text = authentication_page.render(
        shown,
        language=language,
        simulation=central.settings.simulation,
        rules=central.settings.authentication.face,
    )
    return HTMLResponse(text, status, authentication_page.headers(goes_to))


async def _form(request: Request) -> Pairs:
    """Return the pairs of an urlencoded body. Raises Problem 422."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Problem(422, Code.REQUEST_MALFORMED, "not application/x-www-form-urlencoded")
    body = await request.body()
    try:
        return _pairs(body.decode("ascii"))
    except UnicodeDecodeError:
        raise Problem(422, Code.REQUEST_MALFORMED, "not urlencoded") from None


def _pairs(text: str) -> Pairs:
    """Return the pairs of an urlencoded text. Raises Problem 422."""
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PAIRS)
    except ValueError:
        raise Problem(422, Code.REQUEST_MALFORMED, "not urlencoded") from None


def _authorization(request: Request) -> dict[str, str]:
    given = request.headers.get("authorization")
    return {} if given is None else {"Authorization": given}


def _json(reply: Reply) -> JSONResponse:
    return JSONResponse(reply.body, reply.status, reply.headers)
