"""The real application in the test's process, with browsers, a provider in memory and a clock to move."""

import asyncio
import re
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
import pytest

from permit.__main__ import main
from permit.domain.renewal import Permit
from permit.messages.port import CodeMessage, NewsMessage
from permit.registry.port import Holder
from permit.registry.simulated import Content, SimulatedPermit
from permit.service import build
from permit.settings import load
from permit.web.app import application
from tests.permit.conftest import TODAY, made_up_holder
from tests.permit.provider import ISSUER, FakeProvider

ADDRESS = "https://permit.test"
PHONE = "13800138000"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
QUICK = "[http]\nper_s = 1e6\nburst = 1000000\nposts_per_s = 1e6\nposts_burst = 1000000\n"


class Site:
    """The service and everything around it."""

    def __init__(self, folder, settings=QUICK, *, simulation=True):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        text = f'address = "{ADDRESS}"\n[login]\nissuer = "{ISSUER}"\n'
        (folder / "permit.toml").write_text(text + settings, encoding="utf-8")
        self.now = 1_796_000_000.0
        self.content = Content()
        self.know()
        assert main(["init", "--data", str(folder), "--simulation"]) == 0
        self.service = build(load(folder, simulation=True), clock=lambda: self.now)
        self.provider = FakeProvider(lambda: self.now)
        self.service.relying_party._http = self.provider
        self.app = application(self.service, background=False)
        self.runner = asyncio.Runner()

    def know(self, *permits, **more):
        permits = (*self.content.permits, *permits)
        self.content = msgspec.structs.replace(self.content, permits=permits, **more)
        (self.folder / "permits.json").write_bytes(msgspec.json.encode(self.content))

    def holder(self, **more):
        """Return a person whose permit the registry knows."""
        made = made_up_holder()
        holder = Holder(made.permit_number, made.id_number, "陈测试")
        issuer, expires = more.pop("issuer", "Guangdong"), more.pop("expires", TODAY + timedelta(days=3000))
        self.know(
            SimulatedPermit(holder=holder, permit=Permit(holder.permit_number, issuer, expires), **more)
        )
        return holder

    def browser(self, address="192.0.2.1"):
        return Browser(self, address)

    def messages(self, kind=NewsMessage):
        self.service.notices.send_due()
        return [one.message for one in self.service.messages.carried() if isinstance(one.message, kind)]

    def close(self):
        self.runner.close()
        self.service.close()


class Browser:
    """A browser with its cookies."""

    def __init__(self, site, address):
        self.site = site
        transport = httpx.ASGITransport(site.app, raise_app_exceptions=False, client=(address, 1))
        self.client = httpx.AsyncClient(transport=transport, base_url=ADDRESS)

    def get(self, url):
        return self.site.runner.run(self.client.get(url))

    def post(self, url, form=(), headers=None, origin=ADDRESS):
        headers = FORM | ({"Origin": origin} if origin else {}) | (headers or {})
        content = urlencode(dict(form))
        return self.site.runner.run(self.client.post(url, content=content, headers=headers))

    def type(self, holder, phone=PHONE, **change):
        form = {
            "permit_number": holder.permit_number, "id_number": holder.id_number,
            "person_name": holder.name, "phone": phone, "agree": "yes",
        } | change  # fmt: skip
        return self.post("/bind", {name: value for name, value in form.items() if value is not None})

    def newest_code(self):
        return self.site.messages(CodeMessage)[-1].code

    def prove_phone(self, holder, phone=PHONE):
        typed = self.type(holder, phone)
        assert typed.headers["Location"] == "/bind/code", typed.text
        return self.post("/bind/code", {"code": self.newest_code()})

    def leave(self, form=()):
        """Return the address at central to which the browser is sent."""
        answer = self.post("/login", form)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def come_back(self, address, **change):
        answer = self.site.provider.answer(address, **change)
        return self.get(f"/login/back?{urlencode(answer)}")

    def claim(self, holder, subject="subject"):
        """Go the whole way to the card."""
        self.prove_phone(holder)
        self.site.provider.change = {"sub": subject}
        back = self.come_back(self.leave())
        assert back.headers.get("Location") == "/card", back.text
        return self.get("/card")

    @property
    def secret(self):
        return self.client.cookies.get("__Host-permit")


def code_of(answer):
    """Return the code that a page of a problem shows."""
    found = re.search(r'class="code">([^<]+)<', answer.text)
    return found.group(1) if found else None


def path_of(answer):
    parts = urlsplit(answer.headers["Location"])
    assert not parts.netloc
    return parts.path


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path / "permit")
    yield made
    made.close()


@pytest.fixture
def browser(site):
    return site.browser()
