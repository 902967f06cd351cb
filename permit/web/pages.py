"""Turns templates into responses: language, size of type, headers, cookies.

Pages carry no data of their own in scripts or styles, so the policy allows files of this site only.
"""

from pathlib import Path
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders

from permit.codes import Code
from permit.service import Service
from permit.web import texts
from permit.web.phrases import LANGUAGES, PHRASES, choose_language

SESSION, LANGUAGE, TYPE = "__Host-permit", "__Host-permit-language", "__Host-permit-type"
LARGE = "large"
Answer = TypeVar("Answer", bound=Response)
_YEAR_S = 365 * 86_400
_SESSION_S = 30 * 86_400

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals |= {
    "time": texts.format_time,
    "remaining": texts.format_remaining,
    "stay": texts.format_stay,
    "terms": texts.format_terms,
}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; form-action {form_action}; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
    "Referrer-Policy": "same-origin",  # `no-referrer` would make browsers send forms with `Origin: null`
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Strict-Transport-Security": "max-age=31536000",
}


def service_of(request: Request) -> Service:
    """Return the service behind a request."""
    service: Service = request.app.state.service
    return service


def language_of(request: Request) -> str:
    """Return the language of the page: chosen now, chosen before, or the browser's."""
    chosen = request.query_params.get("language", "") or request.cookies.get(LANGUAGE, "")
    return choose_language(chosen, request.headers.get("accept-language", ""))


def page(
    request: Request, template: str, status: int = 200, *, leaves_to: str | None = None, **values: Any
) -> HTMLResponse:
    """Return a page. `leaves_to`: the site to which its form may send the browser, beside this one."""
    settings = service_of(request).settings
    language = language_of(request)
    text = _TEMPLATES.get_template(template).render(
        language=language,
        languages=[(code, PHRASES[code]["name"]) for code in LANGUAGES],
        large=_size_of(request) == LARGE,
        simulation=settings.simulation,
        path=request.url.path,
        t=PHRASES[language],
        **values,
    )
    answer = HTMLResponse(text, status)
    _add_headers(answer.headers, leaves_to)
    return answer


def problem(request: Request, code: Code, status: int, way_out: tuple[str, str]) -> HTMLResponse:
    """Return the page of a problem. `way_out`: address and phrase of the button below."""
    phrases = PHRASES[language_of(request)]
    href, key = way_out
    section, _, name = key.partition(".")
    label = phrases[section][name] if name else phrases[section]
    return page(request, "problem.html", status, code=code, way_out=(href, label))


def go(path: str, *, session: str | None = None) -> RedirectResponse:
    """Return a redirection inside this site. `session`: the secret of a new session."""
    answer = RedirectResponse(path, 303)
    _add_headers(answer.headers, None)
    return answer if session is None else with_session(answer, session)


def with_session(answer: Answer, secret: str) -> Answer:
    """Return the response with the cookie of a session."""
    answer.set_cookie(
        SESSION, secret, max_age=_SESSION_S, secure=True, httponly=True, samesite="lax", path="/"
    )
    return answer


def leave(address: str) -> RedirectResponse:
    """Return a redirection to the provider of logins."""
    answer = RedirectResponse(address, 303)
    _add_headers(answer.headers, None)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def forget(answer: Answer) -> Answer:
    """Take the session from the browser, and with it what the browser keeps of this site."""
    answer.delete_cookie(SESSION, secure=True, httponly=True, samesite="lax", path="/")
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


def _add_headers(headers: MutableHeaders, leaves_to: str | None) -> None:
    headers.update(HEADERS)
    action = "'self'" if leaves_to is None else f"'self' {leaves_to}"
    headers["Content-Security-Policy"] = _POLICY.format(form_action=action)


def _size_of(request: Request) -> str:
    chosen = request.query_params.get("type", "") or request.cookies.get(TYPE, "")
    return LARGE if chosen == LARGE else "normal"


def keep_choices(request: Request, answer: Answer) -> Answer:
    """Return the response with what the person has chosen for the next pages, too."""
    choices = {
        "language": (LANGUAGE, language_of(request)),
        "type": (TYPE, _size_of(request)),
    }
    for parameter, (cookie, value) in choices.items():
        if parameter in request.query_params:
            answer.set_cookie(
                cookie, value, max_age=_YEAR_S, secure=True, httponly=True, samesite="lax", path="/"
            )
    return answer
