"""Pages on which owners see and manage their credentials.

The session is in a cookie of this site alone (`__Host-`, SameSite=Strict); a form of another site is refused
by its `Origin`. Every page is made anew and stored nowhere.
"""

import re
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute

from central.api import owner_page, slip_number
from central.api.exception_handlers import retry_after
from central.api.lookup_page import LANGUAGES, choose_language
from central.api.routes.common import Central, limit_by_address
from central.api.routes.credentials import wait_to_refuse
from central.codes import Code
from central.credentials.suspension import Act
from central.exceptions import Problem
from central.owners.acts import Owners
from central.owners.sessions import SESSION_S, NotLoggedIn
from central.protocol.messages import PHONE_PATTERN, PhoneCodeStatus, PhoneProofStatus
from central.storage.database import storage_problem

COOKIE, LANGUAGE_COOKIE = "__Host-owner", "__Host-owner-language"
_UNSENT = {
    PhoneCodeStatus.OFF: "phone_off",
    PhoneCodeStatus.TOO_OFTEN: "phone_too_often",
    PhoneCodeStatus.UNSENT: "phone_unsent",
}


def same_origin(request: Request) -> None:
    """Refuse a form that another site sends. Raises Problem 403."""
    if request.method == "POST" and request.headers.get("origin") != f"https://{request.headers.get('host')}":
        raise Problem(403, Code.REQUEST_MALFORMED, "sent from elsewhere")


class _PageRoute(APIRoute):
    """A route whose answer is a page also while the database does not answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        serve = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await serve(request)
            except Exception as error:
                if (problem := storage_problem(error)) is None:
                    raise
            request.state.code = problem.code.value
            page = _Page(request, request.app.state.service)
            answered = page.show(
                owner_page.render_unavailable(page.language, page.simulation), problem.status
            )
            answered.headers["Retry-After"] = str(retry_after(problem.retry_after_s or 1.0))
            return answered

        return answer


router = APIRouter(
    prefix="/owner",
    tags=["owner"],
    include_in_schema=False,
    dependencies=[Depends(same_origin)],
    route_class=_PageRoute,
)
Asked = Literal[Act.SUSPEND, Act.RESUME, Act.FORGET, Act.END, Act.ERASE]
"""Acts that the page asks about once more."""
Typed = Annotated[str, Form(max_length=200)]


class _Page:
    """A request for a page: who asks, in which language."""

    def __init__(self, request: Request, central: Central, language: str = "") -> None:
        wanted = language or request.cookies.get(LANGUAGE_COOKIE, "")
        self.language = choose_language(wanted, request.headers.get("accept-language", ""))
        self._chosen = language in LANGUAGES
        self.simulation = central.settings.simulation
        self.owners: Owners = central.owners
        self.secret = request.cookies.get(COOKIE, "")

    def show(self, text: str, status: int = 200) -> HTMLResponse:
        """Return a page, and keep the language that was chosen on it."""
        answer = HTMLResponse(text, status, owner_page.HEADERS)
        if self._chosen:
            answer.set_cookie(LANGUAGE_COOKIE, self.language, secure=True, httponly=True, samesite="strict")
        return answer

    def login(self, fault: str = "", status: int = 200, number: str = "") -> HTMLResponse:
        """Return the page where an owner logs in. `fault`: key of a sentence."""
        told = owner_page.phrase(self.language, fault) if fault else ""
        text = owner_page.render_login(self.language, self.simulation, number=number, fault=told)
        return self.show(text, status)

    def owned(self, make: Callable[[], Response]) -> Response:
        """Return what `make` returns; the login page if the session has ended."""
        try:
            return make()
        except NotLoggedIn:
            return self.login("over" if self.secret else "", 403 if self.secret else 200)

    def asked(self, make: Callable[[], Response]) -> Response:
        """Return a page that shows nothing of the credential, for who is logged in."""

        def made() -> Response:
            self.owners.state(self.secret)
            return make()

        return self.owned(made)

    def credential(self, told: str = "", fault: str = "", status: int = 200) -> HTMLResponse:
        """Return the page of the credential. Raises NotLoggedIn."""
        state = self.owners.state(self.secret)
        return self.show(
            owner_page.render_credential(state, self.language, self.simulation, told=told, fault=fault),
            status,
        )

    def phone(self, phone: str = "", fault: str = "", status: int = 200) -> HTMLResponse:
        """Return the page for another number. `fault`: key of a sentence."""
        told = owner_page.phrase(self.language, fault) if fault else ""
        text = owner_page.render_phone(self.language, self.simulation, phone=phone, fault=told)
        return self.show(text, status)


Page = Annotated[_Page, Depends()]


@router.get("")
def enter(page: Page, number: str = "") -> HTMLResponse:
    """Show the login; `number`: from the look-up page."""
    return page.login(number=slip_number.read(number) or "")


@router.post("/log-in", dependencies=[Depends(limit_by_address)])
async def log_in(central: Central, page: Page, number: Typed = "", password: Typed = "") -> Response:
    """Begin a session. What is wrong is answered alike, at fixed times (`wait_to_refuse`)."""
    began = time.monotonic()
    read = slip_number.read(number)
    try:
        if read is None or not re.fullmatch(r"\d{8}", password, re.ASCII):
            raise Problem(403, Code.PASSWORD_MISMATCH)
        secret = await to_thread.run_sync(
            page.owners.log_in, read, password, limiter=central.password_limiter
        )
    except Problem as problem:
        await wait_to_refuse(began)
        fault = "mismatch" if problem.status == 403 else "too_often"
        return page.login(fault, problem.status, number)
    answer = RedirectResponse("/owner/credential", 303, {"Cache-Control": "no-store"})
    answer.set_cookie(COOKIE, secret, max_age=int(SESSION_S), secure=True, httponly=True, samesite="strict")
    return answer


@router.get("/credential")
def credential(page: Page) -> Response:
    """Show what is held and what can be done."""
    return page.owned(page.credential)


@router.post("/log-out")
def log_out(page: Page) -> Response:
    """End the session."""
    page.owners.log_out(page.secret)
    answer = RedirectResponse("/owner", 303, {"Cache-Control": "no-store"})
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict")
    return answer


@router.post("/download")
def download(page: Page) -> Response:
    """Send what is held as a file."""
    headers = {"Content-Disposition": 'attachment; filename="online-id.json"', "Cache-Control": "no-store"}
    return page.owned(
        lambda: Response(page.owners.download(page.secret), media_type="application/json", headers=headers)
    )


@router.get("/phone")
def ask_phone(page: Page) -> Response:
    """Ask for another mobile number."""
    return page.asked(page.phone)


@router.post("/phone", dependencies=[Depends(limit_by_address)])
def send_code(page: Page, phone: Typed = "") -> Response:
    """Send a code to the new number."""
    if not re.fullmatch(PHONE_PATTERN, phone.strip(), re.ASCII):
        return page.phone(fault="phone_malformed", status=422)

    def sent() -> Response:
        status = page.owners.send_code(page.secret, phone.strip(), page.language).status
        if status in _UNSENT:
            return page.phone(
                fault=_UNSENT[status], status=429 if status is PhoneCodeStatus.TOO_OFTEN else 503
            )
        return page.phone(phone.strip())

    return page.owned(sent)


@router.post("/phone/code", dependencies=[Depends(limit_by_address)])
def change_phone(page: Page, phone: Typed = "", code: Typed = "") -> Response:
    """Store the new number if the code proves it."""

    def changed() -> Response:
        proof = page.owners.change_phone(page.secret, phone.strip(), code.strip(), page.language)
        if proof.status is PhoneProofStatus.PROVED:
            return page.credential(owner_page.done(page.language, Act.PHONE))
        again = proof.status is PhoneProofStatus.WRONG and proof.tries_left > 0
        return page.phone(phone if again else "", "code_wrong" if again else "code_expired", 422)

    return page.owned(changed)


@router.get("/{act}")
def question(page: Page, act: Asked) -> Response:
    """Ask once more before an act."""
    return page.asked(lambda: page.show(owner_page.render_question(act, page.language, page.simulation)))


@router.post("/{act}")
def carry_out(page: Page, act: Asked) -> Response:
    """Do it, and show the state after it."""

    def done() -> Response:
        if act is Act.ERASE:
            note = page.owners.erase(page.secret, page.language)
            text = owner_page.render_erased(note.guard_until_unix, page.language, page.simulation)
            return page.show(text)
        acts = {
            Act.SUSPEND: page.owners.suspend,
            Act.RESUME: page.owners.resume,
            Act.FORGET: page.owners.forget_picture,
            Act.END: page.owners.end,
        }
        if acts[act](page.secret, page.language):
            return page.credential(owner_page.done(page.language, act))
        return page.credential(fault=owner_page.phrase(page.language, "not_done"), status=409)

    return page.owned(done)
